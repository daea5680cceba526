package vmtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/vmtest/check"
	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// shell returns a command that runs a script in the guest. The arguments become $1, $2, …,
// never part of the script. The environment is the agent's, with NixOS' programs added to
// PATH.
func shell(script string, args ...string) guestagent.Command {
	return guestagent.Command{
		Path: "/bin/sh",
		Args: append([]string{"-c", "PATH=/run/wrappers/bin:/run/current-system/sw/bin:$PATH; export PATH\n" + script, "sh"}, args...),
	}
}

// state is what systemd says about the host.
type state struct {
	system    string // running, degraded, maintenance, …
	multiUser string // the state of multi-user.target
	units     []unit
	snippets  []failedSnippet
	complete  bool // the script's output has its end
}

// unit is a failed unit.
type unit struct {
	name, result, fragment string
	status                 int // of the main process
	journal                []string
}

// inspectWhenSettled waits until systemd has started everything, and asks what failed.
func (m *machine) inspectWhenSettled(ctx context.Context) (state, error) {
	if err := m.agent.Sync(ctx); err != nil {
		return state{}, err
	}
	system, err := m.awaitSettled(ctx)
	if err != nil {
		return state{}, err
	}
	s := state{system: system}
	return s, m.inspect(ctx, &s)
}

// awaitSettled waits until systemd has no more jobs, and returns the state of the system. It asks
// again if the bus does not exist yet.
func (m *machine) awaitSettled(ctx context.Context) (string, error) {
	for {
		res, err := m.agent.Exec(ctx, shell("systemctl is-system-running --wait"))
		if err != nil {
			return "", err
		}
		switch word := strings.TrimSpace(string(res.Stdout)); word {
		case "running", "degraded", "maintenance":
			return word, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Limits on the failed units that are inspected, and on the lines of the journal of each.
const (
	maxUnits        = 20
	maxJournalLines = 50
)

// truncateLine shortens a line that the guest printed.
func truncateLine(line string) string { return clean.Shorten(line, serialWidth) }

// inspectScript asks everything at once, as each call of the agent is slow. $1 is the
// delimiter, $2 the limit on units and $3 on lines of each. It syncs the journal first: the
// last lines of a unit that printed much may not have reached it yet.
const inspectScript = `
journalctl --sync
echo "$1 multi-user $(systemctl is-active multi-user.target)"
failed=$(systemctl list-units --failed --plain --no-legend --full) || exit 1
for unit in $(printf '%s\n' "$failed" | cut -d' ' -f1 | head -n "$2"); do
	echo "$1 unit $unit"
	systemctl show -p Result -p ExecMainStatus -- "$unit"
	echo "$1 fragment $(readlink -f "$(systemctl show -p FragmentPath --value -- "$unit")")"
	journalctl -b -u "$unit" -n "$3" --no-pager -o cat | cut -b 1-4096
done
echo "$1 journal"
journalctl -b --no-pager -o cat | grep -F -B 10 "Activation script snippet '" | cut -b 1-4096
echo "$1 end"
`

// newDelimiter returns the beginning of the lines that a script itself prints, which no unit
// can guess.
func newDelimiter() string { return fmt.Sprintf("== %016x", rand.Uint64()) }

func (m *machine) inspect(ctx context.Context, s *state) error {
	delimiter := newDelimiter()
	res, err := m.agent.Exec(ctx, shell(inspectScript, delimiter, strconv.Itoa(maxUnits), strconv.Itoa(maxJournalLines)))
	if err != nil {
		return err
	}
	s.read(delimiter, string(res.Stdout))
	if !s.complete {
		// Missing output must not look like "no failed units".
		return check.ScriptError(res)
	}
	for _, b := range m.serial.listSnippets() {
		s.snippets = appendSnippet(s.snippets, b)
	}
	return nil
}

// read parses the output of inspectScript.
func (s *state) read(delimiter, text string) {
	var before []string // the last lines of the journal
	section := ""
	for line := range strings.Lines(text) {
		line = truncateLine(strings.TrimSuffix(line, "\n"))
		if head, ok := strings.CutPrefix(line, delimiter+" "); ok {
			section = s.beginSection(head)
			continue
		}
		switch section {
		case "unit":
			s.units[len(s.units)-1].property(line)
		case "fragment":
			if u := &s.units[len(s.units)-1]; len(u.journal) < maxJournalLines {
				u.journal = append(u.journal, strings.Clone(line)) // lets go of the whole text
			}
		case "journal":
			if m := activationRE.FindStringSubmatch(line); m != nil {
				s.snippets = appendSnippet(s.snippets, failedSnippet{m[1], m[2], slices.Clone(before)})
			}
			if len(before) == contextLines {
				before = slices.Delete(before, 0, 1)
			}
			before = append(before, strings.Clone(line))
		}
	}
}

// contextLines is how many lines of the journal are shown before a failed snippet.
const contextLines = 10

// beginSection returns the name of a section, "" for one to skip.
func (s *state) beginSection(head string) string {
	word, rest, _ := strings.Cut(head, " ")
	switch {
	case word == "multi-user":
		s.multiUser = rest
	case word == "unit" && len(s.units) < maxUnits:
		s.units = append(s.units, unit{name: strings.Clone(rest)})
	case word == "fragment" && len(s.units) > 0:
		s.units[len(s.units)-1].fragment = rest
	case word == "end":
		s.complete = true
	case word != "journal":
		return ""
	}
	return word
}

func (u *unit) property(line string) {
	key, value, _ := strings.Cut(line, "=")
	switch key {
	case "Result":
		u.result = value
	case "ExecMainStatus":
		u.status, _ = strconv.Atoi(value) // 0 for a unit without a process
	}
}

// appendSnippet adds a snippet that is not in the list yet, up to a limit.
func appendSnippet(list []failedSnippet, b failedSnippet) []failedSnippet {
	const limit = 20
	if len(list) == limit || slices.ContainsFunc(list, func(known failedSnippet) bool { return known.name == b.name }) {
		return list
	}
	return append(list, b)
}

// faults lists the problems of a host in this state.
func (s *state) faults(m *machine) []*Fault {
	var faults []*Fault
	for _, b := range s.snippets {
		f := newFault(result.CauseActivation, fmt.Sprintf("activation snippet '%s' failed (%s)", b.name, b.code),
			"systemd does not show this; what the snippet prepares is missing on the host")
		f.ExitCode, _ = strconv.Atoi(b.code)
		f.Message = "Activation script snippet '" + b.name + "' failed (" + b.code + ")"
		f.LogTail = strings.Join(b.before, "\n")
		f.share(b.name, b.code)
		faults = append(faults, f)
	}
	for _, u := range s.units {
		faults = append(faults, u.fault(""))
	}
	switch {
	case s.system == "maintenance":
		return append(faults, m.fault(result.CauseEmergency, "it went into emergency mode", ""))
	case s.multiUser != "active":
		return append(faults, m.fault(result.CauseBoot, "multi-user.target is "+s.multiUser, ""))
	}
	// Degraded without a failed unit: one failed and has been restarted since.
	return faults
}

// fault makes a fault of a failed unit. owner is the user that it belongs to, "" for the
// host.
func (u *unit) fault(owner string) *Fault {
	f := newFault(result.CauseUnit, "unit "+u.name+" failed", "")
	f.Unit = u.name
	if owner != "" {
		f.Title = "user unit " + u.name + " of " + owner + " failed"
		f.Unit = ""
	}
	reason := u.result
	if u.result == "exit-code" {
		reason = "exit-code " + strconv.Itoa(u.status)
	}
	if reason != "" {
		f.Title += " (" + reason + ")"
	}
	f.share(owner+"/"+u.name, u.result+"\x00"+u.fragment)
	f.ExitCode = u.status
	f.LogTail = strings.Join(u.journal, "\n")
	f.Message = f.LogTail
	return f
}

// maxJobs limits the jobs that are listed.
const maxJobs = 50

// jobs lists the units that systemd is starting, or those that wait if none is.
func (m *machine) jobs(ctx context.Context) ([]string, error) {
	res, err := m.agent.Exec(ctx, shell("systemctl list-jobs --plain --no-legend"))
	if err != nil {
		return nil, err
	}
	var running, waiting []string
	for line := range strings.Lines(string(res.Stdout)) {
		// 123 foo.service start running
		f := strings.Fields(truncateLine(line))
		switch {
		case len(f) < 4 || len(running)+len(waiting) == maxJobs:
		case f[3] == "running":
			running = append(running, f[1])
		default:
			waiting = append(waiting, f[1])
		}
	}
	if len(running) > 0 {
		return running, nil
	}
	return waiting, nil
}
