package vmtest

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// checkEmbeddedHome checks the unit that activates the home during the boot, or the user's
// unit that does at login.
func (m *machine) checkEmbeddedHome(ctx context.Context, h Home, s state) (*Fault, error) {
	for _, u := range s.units {
		if u.name == h.Unit {
			return u.fault(""), nil
		}
	}
	res, err := m.agent.Exec(ctx, shell("exec systemctl show "+serviceProperties+` -- "$1"`, h.Unit))
	if err != nil {
		return nil, err
	}
	w := parseServiceStatus(string(res.Stdout))
	if w.load == "not-found" {
		return m.checkActivationAtLogin(ctx, h)
	}
	if w.activated() {
		return nil, nil
	}
	f := newFault(result.CauseActivation, h.Unit+" did not activate "+h.ID, fmt.Sprintf("see `systemctl status %s`", h.Unit))
	f.Message = h.Unit + " is " + w.String()
	return f, nil
}

// loginUnit activates a home with home-manager.startAsUserService.
const loginUnit = "home-manager.service"

// checkActivationAtLogin starts the user's systemd, as a login does, and checks the unit that
// then activates the home.
func (m *machine) checkActivationAtLogin(ctx context.Context, h Home) (*Fault, error) {
	// The next command shows if it does not start.
	if _, err := m.agent.Exec(ctx, shell(`exec systemctl start "user@$(id -u -- "$1").service"`, h.Username)); err != nil {
		return nil, err
	}
	res, err := m.agent.Exec(ctx, asUser(h, "systemctl --user is-system-running --wait >/dev/null\nexec systemctl --user show "+serviceProperties+` -- "$1"`, loginUnit))
	if err != nil {
		return nil, err
	}
	w := parseServiceStatus(string(res.Stdout))
	switch {
	case w.activated():
		return nil, nil
	case w.active == "failed":
		return m.userUnitFault(ctx, h, unit{name: loginUnit, result: w.result, status: w.status})
	}
	f := newFault(result.CauseActivation, "neither the host nor the login activated "+h.ID,
		"home-manager's NixOS module makes the host's unit or, with startAsUserService, the user's")
	f.Message = h.Unit + " is not-found; " + loginUnit + " of " + h.Username + " is " + w.String()
	return f, nil
}

// serviceProperties tell how a oneshot service ended.
const serviceProperties = "-p LoadState,ActiveState,Result,ExecMainStatus,ExecMainExitTimestampMonotonic"

type serviceStatus struct {
	load, active, result string
	status               int
	exited               bool
}

func parseServiceStatus(text string) (w serviceStatus) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "LoadState":
			w.load = value
		case "ActiveState":
			w.active = value
		case "Result":
			w.result = value
		case "ExecMainStatus":
			w.status, _ = strconv.Atoi(value)
		case "ExecMainExitTimestampMonotonic":
			w.exited = value != "" && value != "0"
		}
	}
	return w
}

// activated reports whether the service succeeded. In some versions of home-manager it
// becomes inactive afterwards.
func (w serviceStatus) activated() bool {
	return w.load == "loaded" && (w.active == "active" || w.active == "inactive" && w.exited && w.result == "success")
}

func (w serviceStatus) String() string { return truncateLine(w.load + " and " + w.active) }
