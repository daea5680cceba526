package nixlog

import (
	"fmt"
	"testing"

	"github.com/flakeci/flakeci/result"
)

// Nix names an output that it rejects, and not its derivation: 2.34 after the builder has
// stopped, 2.8 before.
func TestRejectedOutputs(t *testing.T) {
	drv := func(hash byte, name string) string {
		return fmt.Sprintf("/nix/store/%032d-%s.drv", hash, name)
	}
	start := func(id int, drv string) string {
		return fmt.Sprintf(`@nix {"action":"start","id":%d,"level":3,"type":105,"fields":[%q,"",1,1]}`, id, drv)
	}
	stop := func(id int) string { return fmt.Sprintf(`@nix {"action":"stop","id":%d}`, id) }
	rejects := func(text string) string { return string(errorRecord(text)) }
	path := func(name string) string { return "/nix/store/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-" + name }
	refers := func(name string) string {
		return rejects("output '" + path(name) + "' is not allowed to refer to the following paths:\n  " + path("p"))
	}
	relayed := func(name string) string {
		return string(messageRecord(levelError, "error: output '"+path(name)+"' is not allowed to refer to the following paths:\n  "+path("p")))
	}
	a, b, dev := drv(1, "a"), drv(2, "b"), drv(3, "a-dev")
	twin := drv(4, "a")
	tests := map[string]struct {
		log  []string
		want string
	}{
		"by its name":           {[]string{start(1, a), start(2, b), stop(2), refers("a")}, a},
		"before it stops":       {[]string{start(1, a), start(2, b), refers("a"), stop(1), stop(2)}, a},
		"another output":        {[]string{start(1, a), start(2, b), refers("a-doc")}, a},
		"one of that name":      {[]string{start(1, a), start(2, dev), refers("a-dev")}, dev},
		"twins, 2.34":           {[]string{start(1, a), start(2, twin), stop(2), refers("a")}, twin},
		"twins, 2.8":            {[]string{start(1, a), start(2, twin), refers("a"), stop(2)}, twin},
		"no name, 2.34":         {[]string{start(1, a), start(2, b), stop(2), rejects(`output path "/nix/store/tmp-1-2/x" should be a non-executable regular file`)}, b},
		"no name, 2.8":          {[]string{start(1, a), start(2, b), rejects("derivation contains an illegal reference specifier 'x'"), stop(2)}, b},
		"double quotes":         {[]string{start(1, a), start(2, b), stop(1), stop(2), rejects(`file "` + path("a") + `" has an unsupported type`)}, a},
		"closure":               {[]string{start(1, a), start(2, b), stop(1), stop(2), rejects("closure of path '" + path("b") + "' is too large at 136 bytes; limit is 10 bytes")}, b},
		"a daemon's":            {[]string{start(1, a), start(2, b), relayed("b")}, b},
		"a builder's":           {[]string{start(1, a), stop(1), start(2, b), relayed("c"), stop(2)}, ""},
		"after another failure": {[]string{start(1, a), start(2, b), stop(1), rejects("builder for '" + a + "' failed with exit code 1"), rejects("derivation contains an illegal reference specifier 'x'"), stop(2)}, b},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			log := NewBuildLog(BuildWatcher{})
			for _, line := range tt.log {
				log.Line([]byte(line))
			}
			leaves, _ := log.Failures()
			got := ""
			for _, f := range leaves {
				if f.ExitCode == 0 {
					got = f.DrvPath
				}
				if f.Kind != result.CauseBuild {
					t.Errorf("%s is %s", f.DrvPath, f.Kind)
				}
			}
			if got != tt.want {
				t.Errorf("%q failed, want %q", got, tt.want)
			}
		})
	}
}

// A derivation with content-addressed inputs is built under another name, and fails under
// its own.
func TestResolvedDerivations(t *testing.T) {
	const asked, built = "/nix/store/00000000000000000000000000000000-x.drv", "/nix/store/11111111111111111111111111111111-x.drv"
	var started, done []string
	log := NewBuildLog(BuildWatcher{Start: func(drv, _ string) { started = append(started, drv) }, Done: func(drv string) { done = append(done, drv) }})
	for _, line := range []string{
		`@nix {"action":"start","id":1,"level":3,"type":111,"fields":["` + asked + `","` + built + `"]}`,
		`@nix {"action":"start","id":2,"level":3,"type":105,"fields":["` + built + `","",1,1]}`,
		`@nix {"action":"result","id":2,"type":101,"fields":["no"]}`,
		`@nix {"action":"stop","id":2}`,
		string(errorRecord("Cannot build '" + built + "'.\nReason: builder failed with exit code 3.")),
		string(errorRecord("build of resolved derivation '" + built + "' failed")),
	} {
		log.Line([]byte(line))
	}
	leaves, victims := log.Failures()
	if len(leaves) != 1 || len(victims) != 0 || leaves[0].DrvPath != asked || leaves[0].Resolved != built || leaves[0].ExitCode != 3 || len(leaves[0].Tail) != 1 {
		t.Errorf("%+v, victims %q", leaves, victims)
	}
	if len(started) != 1 || started[0] != asked || len(done) != 0 || log.Built[0] != asked {
		t.Errorf("started %q, done %q, built %q", started, done, log.Built)
	}
}
