package check

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
)

// Unit requires that a systemd unit is active.
type Unit struct {
	Unit string // a name without a suffix is a service
}

// unitSuffixes are the types of systemd's units.
var unitSuffixes = []string{
	".service", ".socket", ".target", ".timer", ".mount", ".automount", ".swap", ".path", ".slice", ".scope", ".device",
}

// Name returns the full name of the unit.
func (u Unit) Name() string {
	if slices.Contains(unitSuffixes, path.Ext(u.Unit)) {
		return u.Unit
	}
	return u.Unit + ".service"
}

func (u Unit) label() string    { return "unit " + u.Name() }
func (u Unit) expected() string { return u.Name() + " active" }
func (u Unit) retries() bool    { return true }

// The script prints state and journal at once, so that they belong together.
const unitScript = `
systemctl show -p LoadState,ActiveState,SubState,Result,ExecMainStatus,ConditionResult,ConditionTimestampMonotonic -- "$1" || exit
if ! systemctl is-active --quiet -- "$1"; then
	echo
	journalctl -b -u "$1" -n 20 --no-pager --quiet -o cat 2>/dev/null
fi
exit 0`

func (u Unit) observe(ctx context.Context, g Guest, limit time.Duration) (observation, error) {
	out, err := probe(ctx, g, limit, unitScript, u.Name())
	if err != nil {
		return timedOutObservation(err, limit)
	}
	shown, journal, _ := strings.Cut(string(out), "\n\n")
	p := map[string]string{}
	for line := range strings.Lines(shown) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		p[key] = clean.Shorten(value, wordWidth)
	}
	return observation{
		ok:     p["ActiveState"] == "active",
		seen:   unitState(p),
		detail: LastLines([]byte(journal), detailLines),
	}, nil
}

// unitState describes a unit's properties in a few words.
func unitState(p map[string]string) string {
	active, load, result := p["ActiveState"], p["LoadState"], p["Result"]
	switch {
	case active == "":
		return "the unit has no state"
	case load == "not-found" && active == "inactive":
		return "no such unit"
	case load != "loaded" && active == "inactive":
		return "not loaded (" + load + ")" // masked, bad-setting
	case active == "failed":
		if status := p["ExecMainStatus"]; slices.Contains([]string{"exit-code", "signal", "core-dump"}, result) && status != "" {
			result += " " + status
		}
		return "failed (" + result + ")"
	case active == "inactive" && p["ConditionResult"] == "no" && p["ConditionTimestampMonotonic"] != "0":
		return "inactive (a condition of the unit was not met)"
	}
	return active + " (" + p["SubState"] + ")"
}
