package vmtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// shell is a script for the guest's shell. Its arguments are $1, $2, …, never
// part of the script. The environment is the agent's own but for PATH, which
// finds NixOS' programs from wherever the agent was started.
func shell(script string, args ...string) guestagent.Command {
	return guestagent.Command{
		Path: "/bin/sh",
		Args: append([]string{"-c", "PATH=/run/wrappers/bin:/run/current-system/sw/bin:$PATH; export PATH\n" + script, "sh"}, args...),
	}
}

// state is how systemd says the host is.
type state struct {
	system    string // running, degraded, maintenance, …
	multiUser string // active, or not
	units     []unit
	snippets  []brokenSnippet
	complete  bool // all was told, to the end
}

// unit is one that failed.
type unit struct {
	name, result, fragment string
	status                 int // of its main process
	journal                []string
}

// ask waits until systemd has started what it has to, and asks how that went.
func (m *machine) ask(ctx context.Context) (state, error) {
	if err := m.agent.Sync(ctx); err != nil {
		return state{}, err
	}
	system, err := m.settled(ctx)
	if err != nil {
		return state{}, err
	}
	s := state{system: system}
	return s, m.inspect(ctx, &s)
}

// settled waits for systemd to have no jobs any more and gives the state of the
// system then. A bus that is not there yet is asked again.
func (m *machine) settled(ctx context.Context) (string, error) {
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

// The most failed units that are looked into, and lines of the journal of each.
const (
	mostUnits        = 20
	mostJournalLines = 50
)

// cut shortens a line of the guest's, which may print anything.
func cut(line string) string {
	if len(line) <= serialWidth {
		return line
	}
	return strings.ToValidUTF8(line[:serialWidth], "") + "…"
}

// inspectScript asks all in one go: each call of the agent's takes its time. $1
// is the mark, $2 the most units and $3 the most lines of each. The last words of
// a unit that printed much may not have reached the journal yet.
const inspectScript = `
journalctl --sync
echo "$1 multi-user $(systemctl is-active multi-user.target)"
failed=$(systemctl list-units --failed --plain --no-legend --full) || exit 1
for unit in $(printf '%s\n' "$failed" | cut -d' ' -f1 | head -n "$2"); do
	echo "$1 unit $unit"
	systemctl show -p Result -p ExecMainStatus -p FragmentPath -- "$unit"
	echo "$1 fragment $(readlink -f "$(systemctl show -p FragmentPath --value -- "$unit")")"
	journalctl -b -u "$unit" -n "$3" --no-pager -o cat | cut -b 1-4096
done
echo "$1 journal"
journalctl -b --no-pager -o cat | grep -F -B 10 "Activation script snippet '" | cut -b 1-4096
echo "$1 end"
`

// newMark begins the lines of a script of ours. What units print lies between
// them and may look like anything, but not like this.
func newMark() string { return fmt.Sprintf("== %016x", rand.Uint64()) }

func (m *machine) inspect(ctx context.Context, s *state) error {
	mark := newMark()
	res, err := m.agent.Exec(ctx, shell(inspectScript, mark, strconv.Itoa(mostUnits), strconv.Itoa(mostJournalLines)))
	if err != nil {
		return err
	}
	s.read(mark, string(res.Stdout))
	if !s.complete {
		// No units must not pass for none that failed.
		return notAsked(res)
	}
	for _, b := range m.serial.snippets() {
		s.snippets = withSnippet(s.snippets, b)
	}
	return nil
}

// read takes in what inspectScript prints.
func (s *state) read(mark, text string) {
	var before []string // the last lines of the journal
	section := ""
	for line := range strings.Lines(text) {
		line = cut(strings.TrimSuffix(line, "\n"))
		if head, ok := strings.CutPrefix(line, mark+" "); ok {
			section = s.head(head)
			continue
		}
		switch section {
		case "unit":
			s.units[len(s.units)-1].property(line)
		case "fragment":
			if u := &s.units[len(s.units)-1]; len(u.journal) < mostJournalLines {
				u.journal = append(u.journal, strings.Clone(line)) // else the whole text stays
			}
		case "journal":
			if m := activationRE.FindStringSubmatch(line); m != nil {
				s.snippets = withSnippet(s.snippets, brokenSnippet{m[1], m[2], slices.Clone(before)})
			}
			if len(before) == linesBefore {
				before = slices.Delete(before, 0, 1)
			}
			before = append(before, strings.Clone(line))
		}
	}
}

// linesBefore is how many lines of the journal are shown before a snippet that failed.
const linesBefore = 10

// head begins a section, which is "" for one to pass over.
func (s *state) head(head string) string {
	word, rest, _ := strings.Cut(head, " ")
	switch {
	case word == "multi-user":
		s.multiUser = rest
	case word == "unit" && len(s.units) < mostUnits:
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
		u.status, _ = strconv.Atoi(value) // 0 for a unit that has no process
	}
}

// withSnippet adds one that is not there yet, up to as many as anybody will read.
func withSnippet(list []brokenSnippet, b brokenSnippet) []brokenSnippet {
	const most = 20
	if len(list) == most || slices.ContainsFunc(list, func(known brokenSnippet) bool { return known.name == b.name }) {
		return list
	}
	return append(list, b)
}

// faults says what is wrong with a host in this state.
func (s *state) faults(m *machine) []*Fault {
	var faults []*Fault
	for _, b := range s.snippets {
		code, _ := strconv.Atoi(b.code)
		faults = append(faults, &Fault{
			Kind: result.CauseActivation, Title: fmt.Sprintf("activation snippet '%s' failed (%s)", b.name, b.code), ExitCode: code,
			Message: "Activation script snippet '" + b.name + "' failed (" + b.code + ")", Tail: b.before,
			Key:  "activation\x00" + b.name + "\x00" + b.code,
			Hint: "systemd does not show this; what the snippet prepares is missing on the host",
		})
	}
	for _, u := range s.units {
		faults = append(faults, u.fault(""))
	}
	switch {
	case s.system == "maintenance":
		return append(faults, &Fault{Kind: result.CauseEmergency, Title: "it ended in emergency mode", Tail: m.serial.tail(shownLines)})
	case s.multiUser != "active":
		return append(faults, &Fault{Kind: result.CauseBoot, Title: "multi-user.target is " + s.multiUser, Tail: m.serial.tail(shownLines)})
	case s.system == "degraded" && len(s.units) == 0:
		// It failed and was restarted in between.
		return faults
	}
	return faults
}

// fault makes one of a failed unit; owner says whose, for one of a user's.
func (u *unit) fault(owner string) *Fault {
	f := &Fault{
		Kind: result.CauseUnit, Title: "unit " + u.name + " failed", Unit: u.name, ExitCode: u.status, Tail: u.journal,
		Key: strings.Join([]string{"unit", owner, u.name, u.result, u.fragment}, "\x00"),
	}
	if owner != "" {
		f.Title = "user unit " + u.name + " of " + owner + " failed"
		f.Unit = ""
	}
	why := u.result
	if u.result == "exit-code" {
		why = "exit-code " + strconv.Itoa(u.status)
	}
	if why != "" {
		f.Title += " (" + why + ")"
	}
	f.Message = strings.Join(u.journal, "\n")
	return f
}

// The most jobs that are named.
const mostJobs = 50

// jobs lists what systemd is still starting, "UNIT (running)" each.
func (m *machine) jobs(ctx context.Context) ([]string, error) {
	res, err := m.agent.Exec(ctx, shell("systemctl list-jobs --plain --no-legend"))
	if err != nil {
		return nil, err
	}
	var running, waiting []string
	for line := range strings.Lines(string(res.Stdout)) {
		// 123 foo.service start running
		f := strings.Fields(cut(line))
		switch {
		case len(f) < 4 || len(running)+len(waiting) == mostJobs:
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
