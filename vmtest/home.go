package vmtest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// Activating one home may take so long, with KVM.
const activateLimit = 2 * time.Minute

// homes activates each home inside the host.
func (b *booting) homes(alive context.Context) {
	for _, h := range b.host.Homes {
		p := newPhase(result.PhaseActivate.Name())
		switch boot := b.result.Phases[0]; {
		case boot.Status == result.Canceled:
			p.Status = result.Canceled
		case !b.up:
			p.Status, p.Message = result.Skipped, b.host.Name+" did not come up"
		default:
			b.step(h.ID, result.PhaseActivate.Name())
			b.activate(alive, h, &p)
		}
		p.Duration = result.Seconds(time.Since(p.Started))
		b.result.Homes[h.ID] = p
	}
}

// activate does for a home what its owner does, or looks at what the host did.
func (b *booting) activate(alive context.Context, h Home, p *Phase) {
	limit := b.lab.atMost(activateLimit * b.machine.accel.factor())
	limited, cancel := context.WithTimeout(alive, limit)
	defer cancel()
	fault, err := b.machine.activateHome(limited, h, b.state)
	died := fate(alive, err)
	switch {
	case err == nil && fault == nil:
		return
	case err == nil:
		p.Faults = []*Fault{fault}
	case died != nil:
		p.Faults = []*Fault{died}
	case alive.Err() != nil:
		p.Status = result.Canceled
	case limited.Err() != nil:
		p.Faults = []*Fault{tooLong("activating "+h.ID, limit)}
	default:
		p.Faults = []*Fault{unasked(err)}
	}
}

func (m *machine) activateHome(ctx context.Context, h Home, s state) (*Fault, error) {
	if h.Activation == "" {
		return m.embedded(ctx, h, s)
	}
	if fault, err := m.account(ctx, h); fault != nil || err != nil {
		return fault, err
	}
	if fault, err := m.run1(ctx, h, "activation of "+h.ID+" failed"); fault != nil || err != nil {
		return fault, err
	}
	before, err := m.snapshot(ctx, h)
	if err != nil {
		return nil, err
	}
	if fault, err := m.run1(ctx, h, "the second activation of "+h.ID+" failed"); fault != nil || err != nil {
		return fault, err
	}
	after, err := m.snapshot(ctx, h)
	if err != nil {
		return nil, err
	}
	if changed := difference(before, after); len(changed) > 0 {
		return &Fault{
			Kind: result.CauseActivation, Title: fmt.Sprintf("activating %s again changes %s", h.ID, changed[0]),
			Message: "the second activation of the same home changed:\n" + strings.Join(changed[:min(len(changed), mostChanged)], "\n"),
			Hint:    "an activation step should leave alone what is as it should be",
		}, nil
	}
	return m.userUnits(ctx, h)
}

// The most files that are named of those which a second activation changed.
const mostChanged = 50

// account looks for whoever activates the home, and for where: a home is for an
// account that the host has.
func (m *machine) account(ctx context.Context, h Home) (*Fault, error) {
	res, err := m.agent.Exec(ctx, shell(`{ getent passwd -- "$1" || awk -F: -v name="$1" '$1 == name' /etc/passwd; } 2>/dev/null | grep . || exit 0
		[ -d "$2" ] && echo there
		systemctl start "user@$(id -u -- "$1").service" 2>&1 || true`, h.Username, h.Directory))
	if err != nil {
		return nil, err
	}
	f := &Fault{Kind: result.CauseActivation}
	line, rest, _ := strings.Cut(string(res.Stdout), "\n")
	fields := strings.Split(line, ":")
	switch {
	case len(fields) < 7:
		f.Title = fmt.Sprintf("%s is for the user %s, whom %s does not have", h.ID, h.Username, m.name)
		f.Hint = fmt.Sprintf("declare users.users.%s on %s, or leave the home out there (--exclude, or homes = false in flakeci.toml)", h.Username, m.name)
	case fields[5] != h.Directory:
		f.Title = fmt.Sprintf("%s is for %s, but %s lives in %s on %s", h.ID, h.Directory, h.Username, fields[5], m.name)
		f.Hint = "home.homeDirectory and users.users." + h.Username + ".home have to be the same"
	case !strings.HasPrefix(rest, "there\n"):
		f.Title = fmt.Sprintf("%s does not exist on %s", h.Directory, m.name)
		f.Hint = fmt.Sprintf("users.users.%s.createHome or isNormalUser makes it", h.Username)
	default:
		return nil, nil
	}
	f.Message = f.Title
	return f, nil
}

// asUser runs a script as the owner of a home, in the environment of a login.
// $1 is the user, $2 the home; the script's own arguments follow.
func asUser(h Home, script string, args ...string) guestagent.Command {
	return shell(`user=$1 home=$2 script=$3; shift 3
		uid=$(id -u -- "$user") || exit 125
		cd "$home" || exit 125
		exec runuser -u "$user" -- env -i HOME="$home" USER="$user" LOGNAME="$user" LANG=C.UTF-8 \
			XDG_RUNTIME_DIR="/run/user/$uid" DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" \
			PATH="$home/.nix-profile/bin:/etc/profiles/per-user/$user/bin:/nix/var/nix/profiles/default/bin:$PATH" \
			/bin/sh -c "$script" sh "$@" </dev/null`, append([]string{h.Username, h.Directory, script}, args...)...)
}

// activateScript keeps what activate says in a file: a service that it starts may
// hold the output open, for which the agent would wait. A user's systemd that is
// still starting is waited for: home-manager leaves its services alone then. Only
// newer generations know of driver versions.
const activateScript = `
timeout -k 5 30 systemctl --user is-system-running --wait >/dev/null 2>&1
out=$(mktemp)
set -- "$1"
if [ -e "$1/gen-version" ]; then
	timeout -k 5 "$LIMIT" "$1/activate" --driver-version 1 >"$out" 2>&1
else
	timeout -k 5 "$LIMIT" "$1/activate" >"$out" 2>&1
fi
status=$?
tail -c 65536 "$out"
rm -f "$out"
exit $status
`

func (m *machine) run1(ctx context.Context, h Home, failed string) (*Fault, error) {
	limit := activateLimit * m.accel.factor()
	script := strings.ReplaceAll(activateScript, "$LIMIT", strconv.Itoa(int(limit.Seconds())))
	res, err := m.agent.Exec(ctx, asUser(h, script, h.Activation))
	if err != nil || res.ExitCode == 0 && res.Signal == 0 {
		return nil, err
	}
	said := append(res.Stdout, res.Stderr...)
	lines := linesOf(said[max(0, len(said)-mostSaid):])
	return &Fault{
		Kind: result.CauseActivation, Title: fmt.Sprintf("%s (%s)", failed, exitText(res)), ExitCode: res.ExitCode,
		Message: strings.Join(lines, "\n"), Tail: lines[max(0, len(lines)-shownLines):],
	}, nil
}

// The most of what an activation says that is kept, in bytes. The script above
// keeps to that, but a guest may be another than it seems.
const mostSaid = 64 << 10

func exitText(res guestagent.Result) string {
	if res.Signal != 0 {
		return fmt.Sprintf("signal %d", res.Signal)
	}
	return fmt.Sprintf("exit %d", res.ExitCode)
}

func linesOf(text []byte) []string {
	trimmed := strings.TrimRight(string(text), "\n")
	if trimmed == "" {
		return nil
	}
	lines := strings.Split(trimmed, "\n")
	for i := range lines {
		lines[i] = cut(lines[i])
	}
	return lines
}

// snapshotScript lists a home: links by where they point, files by what is in
// them, but for large ones. What programs keep for themselves changes all the
// time and is left out.
const snapshotScript = `
list() { find . -xdev \( -path ./.cache -o -path ./.local/share -o -path ./.local/state \) -prune -o "$@"; }
list -type l -printf '> %P -> %l\n' -o -type f -printf '. %m %U %s %P\n'
list -type f -size -1024k -exec sha256sum -- {} +`

func (m *machine) snapshot(ctx context.Context, h Home) ([]string, error) {
	res, err := m.agent.Exec(ctx, asUser(h, snapshotScript))
	if err != nil {
		return nil, err
	}
	lines := linesOf(withoutShort(res.Stdout))
	slices.Sort(lines)
	return lines, nil
}

// withoutShort drops lines that are too short to name a file. A hostile guest could fill
// its answer with them, and each takes more memory than its own length.
func withoutShort(text []byte) []byte {
	const shortest = len("> a -> b")
	var long []byte
	for line := range bytes.Lines(text) {
		if len(line) > shortest {
			long = append(long, line...)
		}
	}
	return long
}

// difference names the files that two snapshots do not have in common.
func difference(before, after []string) []string {
	names := map[string]bool{}
	for _, pair := range [][2][]string{{before, after}, {after, before}} {
		for _, line := range pair[0] {
			if _, found := slices.BinarySearch(pair[1], line); !found {
				names[fileOf(line)] = true
			}
		}
	}
	var list []string
	for name := range names {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// fileOf takes the name out of a snapshot's line.
func fileOf(line string) string {
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case ">":
		rest, _, _ = strings.Cut(rest, " -> ")
	case ".":
		if f := strings.SplitN(rest, " ", 4); len(f) == 4 {
			rest = f[3]
		}
	default:
		rest = strings.TrimPrefix(rest, " ./") // behind a sum
	}
	return "~/" + rest
}

// userUnitsScript prints what inspectScript does, of a user's own systemd. $1 is
// the mark, $2 the most units.
const userUnitsScript = `
case $(systemctl --user is-system-running --wait) in
"" | offline | unknown) exit 1 ;;
esac
failed=$(systemctl --user list-units --failed --plain --no-legend --full) || exit 1
for unit in $(printf '%s\n' "$failed" | cut -d' ' -f1 | head -n "$2"); do
	echo "$1 unit $unit"
	systemctl --user show -p Result -p ExecMainStatus -- "$unit"
	echo "$1 fragment $(readlink -f "$(systemctl --user show -p FragmentPath --value -- "$unit")")"
done
echo "$1 end"`

// userUnits logs the user in anew, so to speak, and looks for units of the home
// that fail.
func (m *machine) userUnits(ctx context.Context, h Home) (*Fault, error) {
	res, err := m.agent.Exec(ctx, shell(`exec systemctl restart "user@$(id -u -- "$1").service" 2>&1`, h.Username))
	if err != nil {
		return nil, err
	}
	if res.ExitCode != 0 {
		return &Fault{
			Kind: result.CauseUnit, Title: "systemd does not start for " + h.Username, ExitCode: res.ExitCode,
			Message: strings.Join(lastLines(res.Stdout, shownLines), "\n"), Tail: lastLines(res.Stdout, shownLines),
		}, nil
	}
	mark := newMark()
	res, err = m.agent.Exec(ctx, asUser(h, userUnitsScript, mark, strconv.Itoa(mostUnits)))
	if err != nil {
		return nil, err
	}
	var s state
	s.read(mark, string(res.Stdout))
	if !s.complete {
		// No units must not pass for none that failed.
		said := lastLines(res.Stderr, shownLines)
		return &Fault{
			Kind: result.CauseUnit, Title: "systemd of " + h.Username + " could not be asked for failed units", ExitCode: res.ExitCode,
			Message: strings.Join(said, "\n"), Tail: said,
		}, nil
	}
	if len(s.units) == 0 {
		return nil, nil
	}
	f, err := m.userFault(ctx, h, s.units[0])
	if err != nil {
		return nil, err
	}
	for _, other := range s.units[1:] {
		f.Message += "\nfailed too: " + other.name
	}
	return f, nil
}

// userFault makes a fault of a user's unit, with its part of the journal. The
// user may not be allowed to read that; the agent is.
func (m *machine) userFault(ctx context.Context, h Home, u unit) (*Fault, error) {
	log, err := m.agent.Exec(ctx, shell(`uid=$(id -u -- "$1")
		journalctl -b --no-pager -o cat -n 20 _UID="$uid" _SYSTEMD_USER_UNIT="$2" + _UID="$uid" USER_UNIT="$2"`, h.Username, u.name))
	if err != nil {
		return nil, err
	}
	u.journal = lastLines(log.Stdout, mostJournalLines)
	return u.fault(h.Username), nil
}
