package nix

import (
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/internal/test/remote"
	"github.com/flakeci/flakeci/result"
)

// remoteCase builds a derivation on a second machine.
type remoteCase struct {
	name    string
	machine string // its name for ssh; empty for the one where nothing is amiss
	prepare func(t *testing.T, m *remote.Machine)
	script  string // of the builder
	needs   string // the script of a builder whose output the derivation needs, built on this machine
	want    nixlog.BuildFailure
	reason  string // a part of it
}

func TestRemoteBuilds(t *testing.T) {
	var all []scenario
	for _, c := range remoteCases() {
		for _, protocol := range []string{"ssh", "ssh-ng"} {
			all = append(all, c.with(protocol))
		}
	}
	testScenarios(t, all)
}

func remoteCases() []remoteCase {
	const wait = "echo begin; : > /flag/begun; until [ -e /flag/cut ]; do sleep 0.1; done"
	failing := func(fault nixlog.BuilderFault) nixlog.BuildFailure {
		return nixlog.BuildFailure{Kind: result.CauseBuilder, Fault: fault}
	}
	return []remoteCase{
		{name: "built", script: "echo one; echo > $out"},
		{name: "failed", script: "echo one; exit 3", want: nixlog.BuildFailure{Kind: result.CauseBuild, ExitCode: 3}},
		{name: "no-output", script: "echo one", want: nixlog.BuildFailure{Kind: result.CauseBuild}},
		{name: "refused", machine: remote.Refused, want: failing(nixlog.BuilderUnreachable), reason: "Connection refused"},
		{name: "nowhere", machine: remote.Nowhere, want: failing(nixlog.BuilderUnreachable), reason: "Could not resolve hostname"},
		{name: "silent", machine: remote.Silent, want: failing(nixlog.BuilderUnreachable), reason: "timed out during banner exchange"},
		{name: "stranger", machine: remote.Stranger, want: failing(nixlog.BuilderRefuses), reason: "Permission denied (publickey)"},
		{name: "unverified", machine: remote.Unverified, want: failing(nixlog.BuilderUnverified), reason: "Host key verification failed"},
		{name: "without-nix", prepare: func(t *testing.T, m *remote.Machine) { m.RemoveNix(t) }, want: failing(nixlog.BuilderWithoutNix), reason: "not found"},
		{name: "full", prepare: func(t *testing.T, m *remote.Machine) { m.Fill(t) }, script: "dd if=/dev/zero of=$out bs=1M count=32", want: failing(nixlog.BuilderFull)},
		{name: "lost", prepare: func(t *testing.T, m *remote.Machine) { m.Vanish(t) }, script: wait, want: failing(nixlog.BuilderLost)},
		{name: "distrusts", prepare: func(t *testing.T, m *remote.Machine) { m.Distrust(t) }, needs: "echo > $out", script: "echo > $out", want: failing(nixlog.BuilderDistrusts), reason: "signature"},
	}
}

// with returns the scenario in which Nix speaks a protocol.
func (c remoteCase) with(protocol string) scenario {
	if c.machine == "" {
		c.machine = remote.Host
	}
	url := protocol + "://" + c.machine
	needs := "\"\""
	if c.needs != "" {
		needs = "sh \"dep\" \"" + c.needs + "\" { }"
	}
	return scenario{
		name: "remote-" + c.name + "-" + protocol, settings: [][2]string{{"builders", url + " aarch64-linux"}},
		tracked: toplevel("top = sh \"top\" \"" + c.script + "\" { system = \"aarch64-linux\"; needs = " + needs + "; };"),
		remote: func(t *testing.T, m *remote.Machine) {
			if c.prepare != nil {
				c.prepare(t, m)
			}
		},
		ask: func(w *world) { c.ask(w, url) },
	}
}

func (c remoteCase) ask(w *world, url string) {
	in, err := w.host(w.mustOpen(), "bad")
	if err != nil {
		w.Fatal(err)
	}
	var places, log []string
	res, err := w.client.Build(w.Context(), []string{in.DrvPath}, 0, nixlog.BuildWatcher{
		Start: func(drv, on string) { places = append(places, storepath.Name(drv)+" on "+on) },
		Log:   func(_, line string) { log = append(log, line) },
	})
	if err != nil {
		w.Fatal(err)
	}
	began := c.want.Fault == "" || c.want.Fault == nixlog.BuilderFull || c.want.Fault == nixlog.BuilderLost || c.want.Fault == nixlog.BuilderDistrusts
	if place := "top on " + url; began != strings.HasSuffix(strings.Join(places, ", "), place) || strings.Count(strings.Join(places, ", "), "top") > 1 {
		w.Errorf("built %q", places)
	}
	if strings.Contains(c.script, "echo one") && strings.Join(log, "|") != "one" {
		w.Errorf("the log is %q", log)
	}
	if c.want.Kind == "" {
		if len(res.Failures) > 0 {
			w.Errorf("it failed: %+v", res.Failures)
		}
		return
	}
	if len(res.Failures) != 1 {
		w.Fatalf("failures are %+v", res.Failures)
	}
	f := res.Failures[0]
	if c.want.Fault != "" {
		c.want.Server = url
	}
	got := nixlog.BuildFailure{Kind: f.Kind, ExitCode: f.ExitCode, Server: f.Server, Fault: f.Fault}
	if got.Kind != c.want.Kind || got.ExitCode != c.want.ExitCode || got.Server != c.want.Server || got.Fault != c.want.Fault || !strings.Contains(f.Reason, c.reason) {
		w.Errorf("got %+v, because %q, want %+v\n%s", got, f.Reason, c.want, f.Message)
	}
}
