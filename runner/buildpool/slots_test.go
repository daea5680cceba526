package buildpool

import (
	"runtime"
	"testing"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/builders"
)

func TestSlots(t *testing.T) {
	remote := []builders.Remote{{Systems: []string{"x86_64-linux", "aarch64-linux"}, Jobs: 4}}
	machine := func(jobs int, remotes []builders.Remote) nix.Machine {
		return nix.Machine{System: "x86_64-linux", Local: []string{"x86_64-linux", "i686-linux"}, MaxJobs: jobs, Remotes: remotes}
	}
	for name, c := range map[string]struct {
		jobs      int
		machine   nix.Machine
		system    string
		free, max int // slots, and --max-jobs of a process that has all
	}{
		"as asked":                  {3, machine(8, nil), "x86_64-linux", 3, 3},
		"as Nix is set":             {0, machine(8, nil), "i686-linux", 8, 8},
		"as Nix is not set":         {0, machine(1, nil), "x86_64-linux", runtime.NumCPU(), runtime.NumCPU()},
		"nothing is known":          {2, nix.Machine{}, "", 2, 2},
		"a remote builder helps":    {2, machine(1, remote), "x86_64-linux", 6, 2},
		"it does not help":          {2, machine(1, remote), "i686-linux", 2, 2},
		"only a remote builder can": {2, machine(1, remote), "aarch64-linux", 4, 0},
		"only a remote builder may": {2, machine(0, remote), "x86_64-linux", 4, 0},
		"nothing can or may":        {2, machine(0, nil), "x86_64-linux", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSlots(c.jobs, c.machine)
			class := s.class(c.machine, c.system)
			free, all := s.room(class)
			g := s.take(class, free)
			if free != c.free || all != c.free || g.maxJobs(class) != c.max {
				t.Errorf("%d of %d are free, --max-jobs is %d", free, all, g.maxJobs(class))
			}
			if left, _ := s.room(class); left != 0 {
				t.Errorf("%d are left", left)
			}
			s.shrink(&g, 1)
			if left, _ := s.room(class); left != free-1 {
				t.Errorf("%d are back of %d", left, free-1)
			}
			if s.shrink(&g, 0); s != newSlots(c.jobs, c.machine) {
				t.Errorf("at the end there are %+v", s)
			}
		})
	}
}

// The estimate of the remaining time counts with the builders that the pool starts.
func TestJobs(t *testing.T) {
	remote := []builders.Remote{{Systems: []string{"x86_64-linux"}, Jobs: 4}}
	for name, c := range map[string]struct {
		jobs    int
		machine nix.Machine
		want    int
	}{
		"as asked":              {3, nix.Machine{System: "x86_64-linux", MaxJobs: 8}, 3},
		"as Nix is set":         {0, nix.Machine{System: "x86_64-linux", MaxJobs: 8}, 8},
		"as Nix is not set":     {0, nix.Machine{System: "x86_64-linux", MaxJobs: 1}, runtime.NumCPU()},
		"with a remote builder": {3, nix.Machine{System: "x86_64-linux", MaxJobs: 1, Remotes: remote}, 7},
		"only a remote builder": {3, nix.Machine{System: "x86_64-linux", Remotes: remote}, 4},
	} {
		if got := Jobs(c.jobs, c.machine); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
