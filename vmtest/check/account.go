package check

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
)

// Account requires that the host has a user.
type Account struct {
	User   string
	Groups []string // the user must be in all of these, and may be in others
	Home   string   // empty is any
	Shell  string   // a path or just a program's name; empty is any
}

func (a Account) label() string { return "account " + a.User }

func (a Account) expected() string {
	parts := []string{}
	for _, g := range a.Groups {
		parts = append(parts, "in group "+g)
	}
	if a.Home != "" {
		parts = append(parts, "home "+a.Home)
	}
	if a.Shell != "" {
		parts = append(parts, "shell "+a.Shell)
	}
	if len(parts) == 0 {
		return "a user " + a.User
	}
	return "a user " + a.User + ", " + joinList(parts)
}

// Accounts exist before the first check.
func (a Account) retries() bool { return false }

// getent exits with 2 if there is no such user.
const accountScript = `
getent passwd "$1"
case $? in 0) id -nG -- "$1" ;; 2) exit 0 ;; *) exit 1 ;; esac`

func (a Account) observe(ctx context.Context, g Guest, limit time.Duration) (observation, error) {
	out, err := probe(ctx, g, limit, accountScript, a.User)
	if err != nil {
		return timedOutObservation(err, limit)
	}
	passwd, groups, _ := strings.Cut(string(out), "\n")
	entry := strings.Split(passwd, ":")
	if len(entry) < 7 || entry[0] != a.User { // a number is looked up as an id
		return observation{seen: "no such user"}, nil
	}
	return a.judge(entry[5], entry[6], strings.Fields(groups)), nil
}

func (a Account) judge(home, shell string, groups []string) observation {
	var wrong []string
	for _, g := range a.Groups {
		if !slices.Contains(groups, g) {
			wrong = append(wrong, "not in group "+g)
		}
	}
	in := "groups " + clean.Shorten(strings.Join(groups, " "), wordWidth)
	if len(wrong) > 0 {
		wrong = append(wrong, in)
	}
	home, shell = clean.Shorten(home, wordWidth), clean.Shorten(shell, wordWidth)
	if a.Home != "" && a.Home != home {
		wrong = append(wrong, "home "+home)
	}
	if a.Shell != "" && a.Shell != shell && (strings.Contains(a.Shell, "/") || a.Shell != path.Base(shell)) {
		wrong = append(wrong, "shell "+shell)
	}
	if len(wrong) > 0 {
		return observation{seen: strings.Join(wrong, ", ")}
	}
	return observation{ok: true, seen: strings.Join([]string{"home " + home, "shell " + shell, in}, ", ")}
}
