package nixlog

import (
	"regexp"

	"github.com/flakeci/flakeci/result"
)

// hooks follows the program that the setting post-build-hook has Nix run after each build.
type hooks struct {
	program string // the last one
	id      uint64
	tail    tail
}

const activityPostHook = 110

var (
	hookRE       = regexp.MustCompile(`^running post-build-hook '(.+)'$`)
	hookFailedRE = regexp.MustCompile(`^program ['"](.+)['"] failed (?:with exit code|due to signal) `)
)

// record reads a record about a hook.
func (h *hooks) record(r record) {
	switch {
	case r.Action == "start" && r.Type == activityPostHook:
		*h = hooks{id: r.ID}
		if m := hookRE.FindStringSubmatch(stripSGR(r.Text)); m != nil {
			h.program = m[1]
		}
	case r.Action == "result" && r.Type == resultPostHook && r.ID == h.id:
		h.tail.add(stripSGR(r.stringField(0)))
	}
}

// addHook notes the hook that an error is about, with the end of what it printed. Nix itself
// says only which program failed.
func (l *BuildLog) addHook(f *BuildFailure) {
	m := hookFailedRE.FindStringSubmatch(f.Message)
	if m == nil || m[1] != l.hooks.program {
		return
	}
	f.Hook, f.Kind, f.DrvPath = m[1], result.CauseInfra, ""
	f.Tail = l.hooks.tail.lines
}
