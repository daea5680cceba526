package nix

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/result"
)

// wantFailure is the expected failure of one derivation, by its name. The message is a part
// of Nix's own.
type wantFailure struct {
	name         string
	kind         result.CauseKind
	exit, signal int
	message      string
	tail         string
}

// buildCase builds the host "bad".
type buildCase struct {
	scenario
	failures []wantFailure
	victims  string // names, sorted
	// If a derivation cannot even be tried, Nix before 2.34 gives up at once and names no
	// victims.
	victimsSince string
}

func (c buildCase) prepared() scenario {
	c.ask = func(w *world) {
		in, err := w.host(w.mustOpen(), "bad")
		if err != nil {
			w.Fatal(err)
		}
		var done []string
		res, err := w.client.Build(w.Context(), []string{in.DrvPath}, 0, nixlog.BuildWatcher{Done: func(drv string) { done = append(done, storepath.Name(drv)) }})
		if err != nil {
			w.Fatal(err)
		}
		for _, f := range c.failures {
			if slices.Contains(done, f.name) {
				w.Errorf("%s failed, and is reported as done", f.name)
			}
		}
		var got []wantFailure
		for i, f := range res.Failures {
			g := wantFailure{storepath.Name(f.DrvPath), f.Kind, f.ExitCode, f.Signal, f.Message, strings.Join(f.Tail, "|")}
			if i < len(c.failures) && strings.Contains(f.Message, c.failures[i].message) {
				g.message = c.failures[i].message
			}
			got = append(got, g)
		}
		slices.SortFunc(got, func(a, b wantFailure) int { return strings.Compare(a.name, b.name) })
		if !slices.Equal(got, c.failures) {
			w.Errorf("failures are\n%#v\nwant\n%#v", got, c.failures)
		}
		var victims []string
		for _, drv := range res.Victims {
			victims = append(victims, storepath.Name(drv))
		}
		slices.Sort(victims)
		want := c.victims
		if since, err := parseVersion(c.victimsSince); err == nil && w.client.Version.Less(since) {
			want = ""
		}
		if got := strings.Join(victims, " "); got != want {
			w.Errorf("victims are %q, want %q", got, want)
		}
	}
	return c.scenario
}

// toplevel returns a flake whose host "bad" is the binding "top".
func toplevel(bindings ...string) files {
	return files{"flake.nix": hosts("bad", "let\n  sh = name: script: extra: derivation ({ inherit name; system = \"x86_64-linux\"; builder = \"/bin/sh\"; nonce = \"@NONCE@\"; args = [ \"-c\" script ]; } // extra);\n  "+strings.Join(bindings, "\n  ")+"\nin top")}
}

func TestBuilds(t *testing.T) {
	var all []scenario
	for _, c := range buildCases() {
		all = append(all, c.prepared())
	}
	testScenarios(t, all)
}

func buildCases() []buildCase {
	return []buildCase{
		{scenario: scenario{name: "build-success", tracked: toplevel(
			"dep = sh \"dep\" \"echo dep > $out\" { };", "top = sh \"top\" \"echo ${dep} > $out\" { };")}},
		{scenario{name: "build-leaf", tracked: toplevel("top = sh \"top-1.2\" \"echo one; echo two >&2; exit 3\" { };")},
			[]wantFailure{{"top-1.2", result.CauseBuild, 3, 0, "exit code 3", "one|two"}}, "", ""},
		{scenario{name: "build-leaf-under-parent", tracked: toplevel(
			"leaf = sh \"leaf\" \"exit 1\" { };", "mid = sh \"mid\" \"echo ${leaf}\" { };", "top = sh \"top\" \"echo ${mid}\" { };")},
			[]wantFailure{{"leaf", result.CauseBuild, 1, 0, "exit code 1", ""}}, "mid top", ""},
		{scenario{name: "build-two-leaves", tracked: toplevel(
			"one = sh \"one\" \"echo 1; exit 1\" { };", "two = sh \"two\" \"echo 2; exit 2\" { };", "top = sh \"top\" \"echo ${one} ${two}\" { };")},
			[]wantFailure{{"one", result.CauseBuild, 1, 0, "exit code 1", "1"}, {"two", result.CauseBuild, 2, 0, "exit code 2", "2"}}, "top", ""},
		{scenario{name: "build-through-daemon", daemon: true, tracked: toplevel(
			"one = sh \"one\" \"echo timed out; exit 1\" { };", "two = sh \"two\" \"echo 2; exit 2\" { };", "top = sh \"top\" \"echo ${one} ${two}\" { };")},
			[]wantFailure{{"one", result.CauseBuild, 1, 0, "exit code 1", "timed out"}, {"two", result.CauseBuild, 2, 0, "exit code 2", "2"}}, "top", ""},
		{scenario{name: "build-signal", tracked: toplevel("top = sh \"top\" \"kill -9 $$\" { };")},
			[]wantFailure{{"top", result.CauseBuild, 0, 9, "signal 9", ""}}, "", ""},
		{scenario{name: "build-without-output", tracked: toplevel("top = sh \"top\" \"echo nothing\" { };")},
			[]wantFailure{{"top", result.CauseBuild, 0, 0, "failed to produce output path", "nothing"}}, "", ""},
		{scenario{name: "build-hash-mismatch", tracked: toplevel("fixed = sh \"fixed\" \"echo x > $out\" { outputHashMode = \"flat\"; outputHashAlgo = \"sha256\"; outputHash = \"0000000000000000000000000000000000000000000000000000\"; };", "top = sh \"top\" \"echo ${fixed}\" { };")},
			[]wantFailure{{"fixed", result.CauseHash, 0, 0, "got:", ""}}, "top", ""},
		{scenario{name: "build-missing-feature", tracked: toplevel("vm = sh \"vm\" \"echo x > $out\" { requiredSystemFeatures = [ \"warp\" ]; };", "top = sh \"top\" \"echo ${vm}\" { };")},
			[]wantFailure{{"vm", result.CauseFeature, 0, 0, "warp", ""}}, "top", "2.34"},
		{scenario{name: "build-other-system", tracked: toplevel("mac = sh \"mac\" \"echo x > $out\" { system = \"aarch64-darwin\"; };", "top = sh \"top\" \"echo ${mac}\" { };")},
			[]wantFailure{{"mac", result.CauseSystem, 0, 0, "aarch64-darwin", ""}}, "top", "2.34"},
		{scenario{name: "build-timeout", settings: [][2]string{{"timeout", "1"}}, tracked: toplevel(
			"slow = sh \"slow\" \"echo on; /bin/sleep 60\" { };", "quick = sh \"quick\" \"echo > $out\" { };", "top = sh \"top\" \"echo ${slow} ${quick}\" { };")},
			[]wantFailure{{"slow", result.CauseTimeout, 0, 0, "timed out after 1 seconds", "on"}}, "top", ""},
		{scenario{name: "build-silent", settings: [][2]string{{"max-silent-time", "1"}}, tracked: toplevel("top = sh \"top\" \"/bin/sleep 60\" { };")},
			[]wantFailure{{"top", result.CauseTimeout, 0, 0, "timed out after 1 seconds", ""}}, "", ""},
		{scenario{name: "build-disk-full", tracked: toplevel("top = sh \"top\" \"echo 'cp: error writing: No space left on device'; exit 1\" { };")},
			[]wantFailure{{"top", result.CauseDisk, 1, 0, "exit code 1", "cp: error writing: No space left on device"}}, "", ""},
		{scenario{name: "build-odd-log", tracked: toplevel(`top = sh "top" "printf 'a\\033[31mb\\000c\\377d\\n'; printf '%5000s|\\n' x; echo '@nix {'; exit 1" { };`)},
			[]wantFailure{{"top", result.CauseBuild, 1, 0, "exit code 1", "a\x1b[31mb\x00c\ufffdd|… (2953 bytes left out) " + strings.Repeat(" ", 2046) + "x||@nix {"}}, "", ""},
		// Nix relays messages that a builder writes in Nix's log format.
		{scenario{name: "build-forged", tracked: toplevel(fmt.Sprintf(`top = sh "top" "echo '%s'; echo '%s'; echo last; exit 1" { };`,
			`@nix {\"action\":\"msg\",\"level\":0,\"msg\":\"error: builder for '\\''/nix/store/00000000000000000000000000000000-victim.drv'\\'' failed with exit code 9\"}`,
			`@nix {\"action\":\"start\",\"id\":1,\"level\":0,\"parent\":0,\"text\":\"x\",\"type\":105,\"fields\":[\"/nix/store/00000000000000000000000000000000-victim.drv\",\"\",1,1]}`))},
			[]wantFailure{{"top", result.CauseBuild, 1, 0, "exit code 1", "last"}}, "", ""},
		{scenario{name: "build-forged-green", tracked: toplevel(fmt.Sprintf(`top = sh "top" "echo '%s'; echo x > $out" { };`,
			`@nix {\"action\":\"msg\",\"level\":0,\"msg\":\"error: builder for '\\''/nix/store/00000000000000000000000000000000-victim.drv'\\'' failed with exit code 9\"}`))}, nil, "", ""},
	}
}
