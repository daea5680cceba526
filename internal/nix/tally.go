package nix

// tally tells how a builder ended. Nix says that a builder has stopped in the same
// words whether it failed or not, but right before that it counts one more that is
// done, or one more that failed. Versions before 2.34 hold back that a builder has
// stopped if its derivation was asked for, until all have: those end unknown.
type tally struct {
	id           uint64
	done, failed int
	// fresh says that one more was done, and no other ended since.
	fresh bool
}

// count takes in a progress record: how many are done, expected, running, failed.
func (t *tally) count(r record) {
	done, failed := r.count(0), r.count(3)
	if done != t.done || failed != t.failed {
		t.fresh = done > t.done && failed == t.failed
	}
	t.done, t.failed = done, failed
}

// take says of a builder that has stopped whether it was the one counted as done.
func (t *tally) take() bool {
	fresh := t.fresh
	t.fresh = false
	return fresh
}
