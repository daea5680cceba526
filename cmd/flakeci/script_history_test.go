package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// fleetState is a made-up fleet at one commit: what each cell throws, which libraries it needs,
// and which of them do not build.
type fleetState struct {
	cells  map[string]cellState
	broken map[string]bool
}

type cellState struct {
	fault string // what it throws; empty if it evaluates
	needs []string
	salt  int
}

var (
	fleetCells  = []string{"nixos/a", "nixos/b", "nixos/c", "home/u@a"}
	fleetFaults = []string{"no disk", "no kernel"}
	fleetLibs   = []string{"libone-1", "libtwo-2"}
)

// causes returns why a cell fails, in words that appear in the titles of causes. A run that only
// evaluates does not see what fails to build.
func (s fleetState) causes(cell string, evalOnly bool) []string {
	c := s.cells[cell]
	if c.fault != "" {
		return []string{c.fault}
	}
	if evalOnly {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.needs), func(lib string) bool { return !s.broken[lib] })
}

// change returns the next commit's fleet, in which a few things differ.
func (s fleetState) change(rng *rand.Rand) fleetState {
	next := fleetState{maps.Clone(s.cells), maps.Clone(s.broken)}
	for range 1 + rng.IntN(3) {
		if lib := fleetLibs[rng.IntN(len(fleetLibs))]; rng.IntN(3) == 0 {
			next.broken[lib] = !next.broken[lib]
			continue
		}
		id := fleetCells[rng.IntN(len(fleetCells))]
		c := cellState{salt: rng.IntN(1000)}
		if rng.IntN(2) == 0 {
			c.fault = fleetFaults[rng.IntN(len(fleetFaults))]
		}
		for _, lib := range fleetLibs {
			if rng.IntN(2) == 0 {
				c.needs = append(c.needs, lib)
			}
		}
		next.cells[id] = c
	}
	return next
}

// flake writes the fleet as a flake. Each commit has other lines above the faults, as edits do.
func (s fleetState) flake(rng *rand.Rand) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s{ outputs = _: let\n", strings.Repeat("# line\n", rng.IntN(5)))
	b.WriteString(`  mk = name: script: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" script ]; };` + "\n")
	for i, f := range fleetFaults {
		fmt.Fprintf(&b, "  fault%d = throw %q;\n", i, f)
	}
	for i, lib := range fleetLibs {
		script := "echo fine > $out"
		if s.broken[lib] {
			script = "echo " + lib + " is broken; exit 3"
		}
		fmt.Fprintf(&b, "  lib%d = mk %q %q;\n", i, lib, script)
	}
	value := func(id string) string {
		c := s.cells[id]
		if c.fault != "" {
			return fmt.Sprintf("fault%d", slices.Index(fleetFaults, c.fault))
		}
		text := strconv.Itoa(c.salt)
		for _, lib := range c.needs {
			text += fmt.Sprintf(" ${lib%d}", slices.Index(fleetLibs, lib))
		}
		return fmt.Sprintf(`mk "cell" "echo %s %s > $out"`, filepath.Base(id), text)
	}
	b.WriteString(" in {\n")
	for _, host := range []string{"a", "b", "c"} {
		fmt.Fprintf(&b, "  nixosConfigurations.%s.config.system.build.toplevel = %s;\n", host, value("nixos/"+host))
	}
	fmt.Fprintf(&b, "  homeConfigurations.\"u@a\" = { config.home.username = \"u\"; activationPackage = %s; };\n", value("home/u@a"))
	return b.String() + "}; }\n"
}

// pastState is a run that took place: what it saw of the fleet.
type pastState struct {
	fleetState
	evalOnly bool
	rev      string
}

// since returns the first of the runs in which a cell failed for a cause without one that saw it
// gone.
func since(past []pastState, cell, why string) (first result.Since) {
	isFault := slices.Contains(fleetFaults, why)
	for _, p := range slices.Backward(past) {
		seen := p.causes(cell, p.evalOnly)
		evaluated := p.cells[cell].fault == ""
		switch {
		case slices.Contains(seen, why):
			first = result.Since{Runs: first.Runs + 1, Rev: p.rev}
		case isFault, evaluated && !p.evalOnly:
			return first
		}
	}
	return first
}

// histories SEED COMMITS makes a fleet with a random history, and runs flakeci on its commits,
// each against the one before. What it says about every cell and cause must be what follows
// from the fleet.
func histories(ts *testscript.TestScript, _ bool, args []string) {
	seed, err := strconv.ParseUint(args[0], 10, 64)
	ts.Check(err)
	commits, err := strconv.Atoi(args[1])
	ts.Check(err)
	rng := rand.New(rand.NewPCG(seed, 1))
	ts.Check(ts.Exec("git", "init", "-q", "flake"))
	now := fleetState{map[string]cellState{}, map[string]bool{}}
	for _, id := range fleetCells {
		now.cells[id] = cellState{}
	}
	var past []pastState
	for n := range commits {
		before := now
		if n > 0 {
			now = now.change(rng)
		}
		ts.Check(os.WriteFile(ts.MkAbs("flake/flake.nix"), []byte(now.flake(rng)), 0o600))
		commit(ts, "flake")
		if n == 0 || rng.IntN(4) == 0 {
			continue // nobody ran flakeci on this commit
		}
		run := pastState{now, rng.IntN(4) == 0, ""}
		flags := []string{"run", "flake", "--base", "HEAD~1", "--json", "r.json"}
		if run.evalOnly {
			flags = append(flags, "--eval-only")
		}
		_ = ts.Exec("flakeci", flags...) // the report says how it ended
		r := readReport(ts, "r.json")
		checkAgainst(ts, r, run, before, past)
		run.rev = r.Flake.Rev
		past = append(past, run)
	}
}

// checkAgainst checks a report against the fleet that was tested, the one before, and the runs
// so far.
func checkAgainst(ts *testscript.TestScript, r result.Report, now pastState, before fleetState, past []pastState) {
	causeOf := map[string]result.Cause{}
	for _, c := range r.Causes {
		for _, why := range slices.Concat(fleetFaults, fleetLibs) {
			if strings.Contains(c.Title, why) {
				causeOf[why] = c
			}
		}
	}
	atBase, oldest := map[string]bool{}, map[string]result.Since{}
	for _, c := range r.Cells {
		then, seen := before.causes(c.ID, now.evalOnly), now.causes(c.ID, now.evalOnly)
		for _, why := range then {
			atBase[why] = true
		}
		isNew := slices.ContainsFunc(seen, func(why string) bool { return !slices.Contains(then, why) })
		want := result.Same
		switch {
		case len(seen) == 0 && len(then) > 0:
			want = result.Fixed
		case isNew:
			want = result.NewFailure
		case len(seen) > 0:
			want = result.AlreadyBroken
		}
		if c.Base == nil || c.Base.Outcome != want {
			ts.Fatalf("%s fails for %q, at the base for %q: %+v, want %s", c.ID, seen, then, c.Base, want)
		}
		var longest result.Since
		for _, why := range seen {
			cause, there := causeOf[why]
			if !there || !slices.Contains(c.Causes, cause.ID) {
				ts.Fatalf("%s does not fail for %q: %q", c.ID, why, c.Causes)
			}
			first := since(past, c.ID, why)
			longest, oldest[why] = longer(longest, first), longer(oldest[why], first)
		}
		checkSince(ts, c.ID, c.Since, longest)
	}
	index := view.NewCauseIndex(r)
	for why, cause := range causeOf {
		want := result.NewFailure
		if atBase[why] {
			want = result.AlreadyBroken
		}
		if got := index.Outcome(cause); got != want {
			ts.Fatalf("%q is %s, want %s", why, got, want)
		}
		checkSince(ts, why, cause.Since, oldest[why])
	}
	if len(causeOf) != len(r.Causes) {
		ts.Fatalf("%d causes for %d faults", len(r.Causes), len(causeOf))
	}
}

// longer returns the one that is more runs ago.
func longer(a, b result.Since) result.Since {
	if b.Runs > a.Runs {
		return b
	}
	return a
}

// checkSince checks since when something has failed; the zero value is that it is new.
func checkSince(ts *testscript.TestScript, what string, got *result.Since, want result.Since) {
	if got == nil {
		got = &result.Since{}
	}
	if got.Runs != want.Runs || got.Rev != want.Rev {
		ts.Fatalf("%s has been failing since %+v, want %+v", what, *got, want)
	}
}
