package vmtest

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// embedded looks at the unit by which the host activated the home while booting,
// or that of the user's by which it does at the login.
func (m *machine) embedded(ctx context.Context, h Home, s state) (*Fault, error) {
	for _, u := range s.units {
		if u.name == h.Unit {
			return u.fault(""), nil
		}
	}
	res, err := m.agent.Exec(ctx, shell("exec systemctl show "+workOf+` -- "$1"`, h.Unit))
	if err != nil {
		return nil, err
	}
	w := readWork(string(res.Stdout))
	if w.load == "not-found" {
		return m.atLogin(ctx, h)
	}
	if w.done() {
		return nil, nil
	}
	return &Fault{
		Kind: result.CauseActivation, Title: h.Unit + " did not activate " + h.ID, Message: h.Unit + " is " + w.String(),
		Hint: fmt.Sprintf("see `systemctl status %s`", h.Unit),
	}, nil
}

// loginUnit is that of each user with home-manager.startAsUserService.
const loginUnit = "home-manager.service"

// atLogin logs the user in, so to speak, and looks at the unit that activates the
// home then.
func (m *machine) atLogin(ctx context.Context, h Home) (*Fault, error) {
	// That it does not start shows in what is asked next.
	if _, err := m.agent.Exec(ctx, shell(`exec systemctl start "user@$(id -u -- "$1").service"`, h.Username)); err != nil {
		return nil, err
	}
	res, err := m.agent.Exec(ctx, asUser(h, "systemctl --user is-system-running --wait >/dev/null\nexec systemctl --user show "+workOf+` -- "$1"`, loginUnit))
	if err != nil {
		return nil, err
	}
	w := readWork(string(res.Stdout))
	switch {
	case w.done():
		return nil, nil
	case w.active == "failed":
		return m.userFault(ctx, h, unit{name: loginUnit, result: w.result, status: w.status})
	}
	return &Fault{
		Kind: result.CauseActivation, Title: "neither the host nor the login activated " + h.ID,
		Message: h.Unit + " is not-found; " + loginUnit + " of " + h.Username + " is " + w.String(),
		Hint:    "home-manager's NixOS module makes the one or, with startAsUserService, the other",
	}, nil
}

// workOf are the properties that say what became of a service which does
// something once.
const workOf = "-p LoadState,ActiveState,Result,ExecMainStatus,ExecMainExitTimestampMonotonic"

type work struct {
	load, active, result string
	status               int
	exited               bool
}

func readWork(text string) (w work) {
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

// done says that it did what it is for. Some versions of home-manager let their
// service go back to inactive then.
func (w work) done() bool {
	return w.load == "loaded" && (w.active == "active" || w.active == "inactive" && w.exited && w.result == "success")
}

func (w work) String() string { return cut(w.load + " and " + w.active) }
