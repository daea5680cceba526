package buildpool

import (
	"runtime"
	"slices"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/builders"
)

// Where a derivation can be built, for [graph.Room].
const (
	localOnly = iota
	remoteOnly
	localOrRemote
)

// slots are how many more builders may start: on this machine as --jobs says, on remote
// builders as many as Nix's settings give them.
type slots struct {
	local, remote       int
	allLocal, allRemote int
}

// newSlots returns the slots of a run. If Nix may not build on this machine at all, only its
// remote builders count.
func newSlots(jobs int, m nix.Machine) slots {
	var s slots
	for _, r := range m.Remotes {
		s.allRemote += r.Jobs
	}
	switch {
	case m.MaxJobs == 0 && m.System != "":
		s.allRemote = max(s.allRemote, 1)
	case jobs > 0:
		s.allLocal = jobs
	case m.MaxJobs > 1:
		s.allLocal = m.MaxJobs
	default:
		s.allLocal = runtime.NumCPU()
	}
	s.local, s.remote = s.allLocal, s.allRemote
	return s
}

// Jobs returns how many builders of a run may work at once, on this machine and on remote ones.
func Jobs(jobs int, m nix.Machine) int {
	s := newSlots(jobs, m)
	return s.allLocal + s.allRemote
}

// class returns where derivations for a system can be built.
func (s *slots) class(m nix.Machine, system string) int {
	remote := slices.ContainsFunc(m.Remotes, func(r builders.Remote) bool { return slices.Contains(r.Systems, system) })
	switch {
	case s.allLocal == 0:
		return remoteOnly
	case !remote:
		return localOnly
	case slices.Contains(m.Local, system):
		return localOrRemote
	}
	return remoteOnly
}

// room fits [graph.Room].
func (s *slots) room(class int) (free, all int) {
	switch class {
	case localOnly:
		return s.local, s.allLocal
	case remoteOnly:
		return s.remote, s.allRemote
	}
	return s.local + s.remote, s.allLocal + s.allRemote
}

// grant is the slots that a process has.
type grant struct{ local, remote int }

// take takes n slots, which must be free: remote ones first, as Nix itself does.
func (s *slots) take(class, n int) grant {
	var g grant
	if class != localOnly {
		g.remote = min(n, s.remote)
	}
	g.local = n - g.remote
	s.local -= g.local
	s.remote -= g.remote
	return g
}

// shrink gives slots back until at most n are left.
func (s *slots) shrink(g *grant, n int) {
	for g.local+g.remote > n {
		if g.local > 0 {
			g.local--
			s.local++
		} else {
			g.remote--
			s.remote++
		}
	}
}

// maxJobs returns how many builders Nix may start on this machine; 0 leaves it to Nix's settings
// if none should run here. If the remote builders accept nothing, each process builds one at a
// time here.
func (g grant) maxJobs(class int) int {
	if class == remoteOnly {
		return 0
	}
	return max(g.local, 1)
}
