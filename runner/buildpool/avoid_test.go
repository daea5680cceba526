package buildpool

import (
	"slices"
	"testing"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/builders"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/graph"
)

// A build goes elsewhere if there is another place for it, and nowhere twice.
func TestAvoid(t *testing.T) {
	machine := nix.Machine{
		Local: []string{"x86_64-linux"}, MaxJobs: 1,
		Remotes: []builders.Remote{
			{Name: "ssh://a", Systems: []string{"aarch64-linux", "x86_64-linux"}},
			{Name: "ssh://b", Systems: []string{"aarch64-linux"}},
		},
	}
	const drv = "/nix/store/00000000000000000000000000000000-x.drv"
	failed := func(server string, fault nixlog.BuilderFault) nix.BuildResult {
		return nix.BuildResult{Built: []string{drv}, Failures: []nixlog.BuildFailure{{DrvPath: drv, Kind: result.CauseBuilder, Server: server, Fault: fault}}}
	}
	start := func(system string) (*Pool, *process) {
		p := &Pool{o: Options{Machine: machine}, goals: []*build{{Request: Request{Cell: result.Cell{System: system}}}}}
		return p, &process{Part: &graph.Part{Goals: []graph.Goal{0}}}
	}
	p, w := start("aarch64-linux")
	if !p.avoid(w, failed("ssh://a", nixlog.BuilderFull)) || p.avoid(w, failed("ssh://a", nixlog.BuilderFull)) || p.avoid(w, failed("ssh://b", nixlog.BuilderFull)) {
		t.Error("a build for two builders does not go to the second, or goes on after that")
	}
	p, w = start("x86_64-linux")
	if !p.avoid(w, failed("ssh://a", nixlog.BuilderLost)) {
		t.Error("a build that this machine takes is not built here")
	}
	unreachable := failed("ssh://b", nixlog.BuilderUnreachable)
	unreachable.Built = nil
	own := failed("", "")
	own.Failures[0].Kind = result.CauseBuild
	if p.avoid(w, unreachable) || p.avoid(w, own) {
		t.Error("what Nix did not begin, or what failed by itself, is built once more")
	}
	// One that was lost may come back.
	p.giveUp(failed("ssh://a", nixlog.BuilderLost).Failures)
	p.giveUp(failed("ssh://b", nixlog.BuilderFull).Failures)
	p.giveUp(failed("ssh://b", nixlog.BuilderFull).Failures)
	var warnings []string
	for _, warning := range p.Warnings() {
		warnings = append(warnings, warning.Text)
	}
	want := []string{
		event.BuilderDropped{Builder: "ssh://a", Reason: "it was lost during a build"}.String(),
		event.BuilderDropped{Builder: "ssh://b", Reason: "it has no disk space left"}.String(),
	}
	if !slices.Equal(warnings, want) || slices.Contains(p.avoided, "ssh://a") || !slices.Contains(p.avoided, "ssh://b") {
		t.Errorf("warnings are %q, avoided %q", warnings, p.avoided)
	}
}

// A builder that failed at what others can build still gets what only it can build.
func TestOnlyBuilderIsNotAvoided(t *testing.T) {
	const both = "ssh://a x86_64-linux,aarch64-linux"
	machine := nix.Machine{Local: []string{"x86_64-linux"}, MaxJobs: 1, Remotes: builders.Parse(both)}
	p := &Pool{o: Options{Machine: machine, Client: &nix.Client{}}, avoided: []string{"ssh://a"}, goals: []*build{
		{Request: Request{Cell: result.Cell{System: "x86_64-linux"}}}, {Request: Request{Cell: result.Cell{System: "aarch64-linux"}}},
	}}
	for goal, avoided := range []bool{true, false} {
		c := p.client(&process{Part: &graph.Part{Goals: []graph.Goal{graph.Goal(goal)}}})
		if (c != p.o.Client) != avoided {
			t.Errorf("goal %d: it is avoided: %t", goal, !avoided)
		}
	}
}

// Where the store's machine builds for no such system, a cell was only evaluated. One that needs
// something for another system has failed.
func TestNotForStore(t *testing.T) {
	for failed, want := range map[string]bool{"aarch64-linux": true, "riscv64-linux": false, "": false} {
		p := &Pool{o: Options{Machine: nix.Machine{Elsewhere: "ssh-ng://b"}}, causes: map[string]*result.Cause{}, systems: map[string]string{}}
		b := &build{Request: Request{Drv: "top", Cell: result.Cell{System: "aarch64-linux"}}}
		b.goal = p.graph.Add(b.Drv, localOnly, map[string][]string{"top": {"dep"}, "dep": nil})
		part := p.graph.Take(func(int) (free, all int) { return 1, 1 })
		w := &process{Part: part}
		if failed != "" {
			p.graph.End(part, false, p.blame(w, []failure{{"dep", &result.Cause{Kind: result.CauseSystem}, failed}}, false))
		}
		if got := p.notForStore(b); got != want {
			t.Errorf("%q: %t", failed, got)
		}
	}
}

// What had failed by itself before a process was stopped, because the disk was nearly full, has not
// failed because of the disk.
func TestStoppedByDisk(t *testing.T) {
	p := &Pool{}
	p.graph.Add("top", localOnly, map[string][]string{"top": {"a", "b"}, "a": nil, "b": nil})
	w := &process{Part: p.graph.Take(func(int) (free, all int) { return 2, 2 })}
	var got []string
	for _, f := range p.stoppedByDisk(w, []nixlog.BuildFailure{
		{DrvPath: "a", Kind: result.CauseBuild, ExitCode: 3}, {DrvPath: "b", Kind: result.CauseBuild, Signal: 9},
	}) {
		got = append(got, f.DrvPath+" "+string(f.Kind))
	}
	slices.Sort(got)
	if want := []string{"a build", "b disk-full", "top disk-full"}; !slices.Equal(got, want) {
		t.Errorf("failures are %q, want %q", got, want)
	}
}

// The cell's own derivation decides which machine comes first.
func TestBuiltOn(t *testing.T) {
	b := &build{Request: Request{Drv: "own"}}
	for _, step := range [][2]string{{"dep", "local"}, {"dep2", "ssh://a"}, {"dep3", "local"}, {"own", "ssh://a"}} {
		b.add(step[0], step[1])
	}
	if !slices.Equal(b.builtOn, []string{"ssh://a", "local"}) {
		t.Errorf("it is built on %q", b.builtOn)
	}
}
