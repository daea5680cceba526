package nixlog

// buildCount tells whether a builder succeeded. Nix logs that a builder stopped in the
// same words whether it succeeded or failed, but just before that it counts one more build
// as done or as failed. For a derivation that was asked for, versions before 2.34 hold the
// stop back until all of those have ended: whether it succeeded remains unknown.
type buildCount struct {
	id           uint64 // of the activity that counts
	done, failed int
	// fresh is set if the build that ended last succeeded and no builder has stopped since.
	fresh bool
}

// update reads a progress record, whose fields are how many builds are done, expected,
// running and failed.
func (c *buildCount) update(r record) {
	done, failed := r.intField(0), r.intField(3)
	if done != c.done || failed != c.failed {
		c.fresh = done > c.done && failed == c.failed
	}
	c.done, c.failed = done, failed
}

// stop reports whether the builder that just stopped is known to have succeeded.
func (c *buildCount) stop() bool {
	fresh := c.fresh
	c.fresh = false
	return fresh
}
