package nixlog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/recordings"
)

// Under a daemon Nix only relays messages about leaves. Those of a builder that writes
// Nix's log format look the same, and count only there.
func TestRelayedErrorsCountWhereNixNamesNoLeaf(t *testing.T) {
	const leaf = "/nix/store/00000000000000000000000000000000-leaf.drv"
	const top = "/nix/store/00000000000000000000000000000000-top.drv"
	relayed := `@nix {"action":"msg","level":0,"msg":"error: builder for '` + leaf + `' failed with exit code 1"}`
	own := `@nix {"action":"msg","level":0,"msg":"x","raw_msg":"1 dependencies of derivation '` + top + `' failed to build"}`
	log := NewBuildLog(BuildWatcher{})
	log.Line([]byte(relayed))
	log.Line([]byte(own))
	leaves, victims := log.Failures()
	if len(leaves) != 1 || leaves[0].DrvPath != leaf || !slices.Equal(victims, []string{top}) {
		t.Errorf("leaves are %+v, victims %q", leaves, victims)
	}
	for range 5 * maxErrors {
		log.Line(fmt.Appendf(nil, `@nix {"action":"msg","level":0,"msg":"error: %d"}`, len(log.errors)))
	}
	if len(log.errors) > maxErrors {
		t.Errorf("%d errors are kept", len(log.errors))
	}
	// The limit is not for messages of Nix itself.
	log.Line([]byte(`@nix {"action":"msg","level":0,"msg":"x","raw_msg":"builder for '` + top + `' failed with exit code 1"}`))
	if leaves, _ := log.Failures(); len(leaves) != 1 || leaves[0].DrvPath != top {
		t.Errorf("after many others the leaves are %+v", leaves)
	}
}

// Only the end of a long log is kept, in whole lines.
func TestTail(t *testing.T) {
	var whole, long tail
	whole.add("one")
	whole.add("two")
	for i := range 100_000 {
		long.add(fmt.Sprintf("line %d", i))
	}
	long.add(strings.Repeat("x", 3*logBytes))
	if string(whole.log) != "one\ntwo\n" {
		t.Errorf("kept %q", whole.log)
	}
	if n := len(long.log); n < logBytes || n > 3*logBytes || len(long.lines) != TailLines || !strings.HasPrefix(long.lines[0], "line 99981") {
		t.Errorf("kept %d bytes, and lines from %s", n, long.lines[0])
	}
	long = tail{}
	for i := range 100_000 {
		long.add(fmt.Sprintf("line %d", i))
	}
	lines := strings.Split(string(long.log), "\n")
	if lines[0]+"\n" != logCut || !strings.HasPrefix(lines[1], "line ") || lines[len(lines)-2] != "line 99999" || len(long.log) < logBytes {
		t.Errorf("kept from %q, %q to %q", lines[0], lines[1], lines[len(lines)-2])
	}
}

func FuzzBuildLog(f *testing.F) {
	recordings.Seed(f, "build", "stderr")
	const drv = "/nix/store/00000000000000000000000000000000-x.drv"
	f.Add(slices.Concat([]byte(`@nix {"action":"start","id":1,"type":111,"fields":["`+drv+`","`+drv+`"]}`+"\n"+`@nix {"action":"start","id":2,"type":105,"fields":["`+drv+`"]}`+"\n"),
		errorRecord("output '/nix/store/00000000000000000000000000000000-x' is not allowed to refer to the following paths:\n  /a"), []byte("\n@nix {\"action\":\"stop\",\"id\":2}")))
	f.Add(slices.Concat(messageRecord(levelError, "cannot build on 'ssh://b': error: no"), []byte("\n"),
		messageRecord(levelWarning, "Failed to find a machine for remote build!\nderivation: x.drv\nrequired (system, features): (s, [kvm])\n1 available machines:\n([s], 1, [], [])"), []byte("\n"),
		errorRecord("Cannot build '"+drv+"'.\nReason: local builds are disabled (max-jobs = 0)")))
	f.Fuzz(func(t *testing.T, data []byte) {
		log := NewBuildLog(BuildWatcher{Start: func(string, string) {}, Log: func(string, string) {}})
		eachLine(data, log.Line)
		leaves, victims := log.Failures()
		for _, failure := range leaves {
			if failure.DrvPath == "" || failure.Kind == "" || len(failure.Tail) > TailLines {
				t.Errorf("got %+v", failure)
			}
			for _, line := range failure.Tail {
				if len(line) > tailLineBytes+64 {
					t.Errorf("a line of %d bytes in the tail", len(line))
				}
			}
		}
		if slices.Contains(victims, "") {
			t.Error("a victim without a name")
		}
	})
}

func FuzzDryRun(f *testing.F) {
	recordings.Seed(f, "build", "stderr")
	f.Fuzz(func(t *testing.T, data []byte) {
		var log PlanLog
		eachLine(data, log.Line)
		for _, path := range slices.Concat(log.Plan.Build, log.Plan.Fetch) {
			if !strings.HasPrefix(path, "/") {
				t.Errorf("path %q", path)
			}
		}
	})
}
