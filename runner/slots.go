package runner

import (
	"runtime"
	"slices"

	"github.com/flakeci/flakeci/internal/nix"
)

// Where a derivation can be built.
const (
	onlyHere = iota
	onlyRemote
	hereOrRemote
)

// slots are how many builders may still be started: on this machine by --jobs, on
// the remote ones by what they are said to take.
type slots struct {
	here, remote       int
	allHere, allRemote int
}

// newSlots gives a run its slots. Where Nix may not build on this machine at all,
// its remote builders alone count.
func newSlots(jobs int, m nix.Machine) slots {
	var s slots
	for _, r := range m.Remotes {
		s.allRemote += r.Jobs
	}
	switch {
	case m.MaxJobs == 0 && m.System != "":
		s.allRemote = max(s.allRemote, 1)
	case jobs > 0:
		s.allHere = jobs
	case m.MaxJobs > 1:
		s.allHere = m.MaxJobs
	default:
		s.allHere = runtime.NumCPU()
	}
	s.here, s.remote = s.allHere, s.allRemote
	return s
}

// class says where derivations for a system are built.
func (s *slots) class(m nix.Machine, system string) int {
	remote := slices.ContainsFunc(m.Remotes, func(r nix.Remote) bool { return slices.Contains(r.Systems, system) })
	switch {
	case s.allHere == 0:
		return onlyRemote
	case !remote:
		return onlyHere
	case slices.Contains(m.Local, system):
		return hereOrRemote
	}
	return onlyRemote
}

// room fits [graph.Room].
func (s *slots) room(class int) (free, all int) {
	switch class {
	case onlyHere:
		return s.here, s.allHere
	case onlyRemote:
		return s.remote, s.allRemote
	}
	return s.here + s.remote, s.allHere + s.allRemote
}

// grant is the slots that a process has.
type grant struct{ here, remote int }

// take takes slots, of those that there is room for. Remote builders come first,
// as with Nix itself.
func (s *slots) take(class, n int) grant {
	var g grant
	if class != onlyHere {
		g.remote = min(n, s.remote)
	}
	g.here = n - g.remote
	s.here -= g.here
	s.remote -= g.remote
	return g
}

// shrink gives slots back until no more than n are left.
func (s *slots) shrink(g *grant, n int) {
	for g.here+g.remote > n {
		if g.here > 0 {
			g.here--
			s.here++
		} else {
			g.remote--
			s.remote++
		}
	}
}

// maxJobs is what to tell Nix: how many builders it may start on this machine,
// and 0 for whatever its settings say where none is meant to be. Where remote
// builders turn out to take nothing, Nix has one for each process.
func (g grant) maxJobs(class int) int {
	if class == onlyRemote {
		return 0
	}
	return max(g.here, 1)
}
