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
	"github.com/flakeci/flakeci/vmtest/check"
	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// activateLimit is how long the activation of one home may take with KVM.
const activateLimit = 2 * time.Minute

// activateHomes activates each home on the host.
func (s *session) activateHomes(alive context.Context) {
	for _, h := range s.host.Homes {
		p := newPhase(result.PhaseActivate.Name())
		switch boot := s.result.Phases[0]; {
		case boot.Status == result.Canceled:
			p.Status = result.Canceled
		case !s.up:
			p.Status, p.Message = result.Skipped, s.host.Name+" did not come up"
		default:
			s.step(h.ID, result.PhaseActivate.Name())
			s.activate(alive, h, &p)
		}
		p.Duration = result.Seconds(time.Since(p.Started))
		s.result.Homes[h.ID] = p
	}
}

// activate activates a home, or checks that the host did.
func (s *session) activate(alive context.Context, h Home, p *Phase) {
	limit := s.pool.limited(activateLimit * s.machine.accel.factor())
	limited, cancel := context.WithTimeout(alive, limit)
	defer cancel()
	fault, err := s.machine.activateHome(limited, h, s.state)
	fatal := fatalFault(alive, err)
	switch {
	case err == nil && fault == nil:
		return
	case err == nil:
		p.Faults = []*Fault{fault}
	case fatal != nil:
		p.Faults = []*Fault{fatal}
	case alive.Err() != nil:
		p.Status = result.Canceled
	case limited.Err() != nil:
		p.Faults = []*Fault{timeoutFault("activating "+h.ID, limit)}
	default:
		p.Faults = []*Fault{agentFault(err)}
	}
}

func (m *machine) activateHome(ctx context.Context, h Home, s state) (*Fault, error) {
	if h.Activation == "" {
		return m.checkEmbeddedHome(ctx, h, s)
	}
	if fault, err := m.checkAccount(ctx, h); fault != nil || err != nil {
		return fault, err
	}
	if fault, err := m.runActivation(ctx, h, "activation of "+h.ID+" failed"); fault != nil || err != nil {
		return fault, err
	}
	before, err := m.snapshot(ctx, h)
	if err != nil {
		return nil, err
	}
	if fault, err := m.runActivation(ctx, h, "the second activation of "+h.ID+" failed"); fault != nil || err != nil {
		return fault, err
	}
	after, err := m.snapshot(ctx, h)
	if err != nil {
		return nil, err
	}
	if changed := changedFiles(before, after); len(changed) > 0 {
		f := newFault(result.CauseActivation, fmt.Sprintf("activating %s again changes %s", h.ID, changed[0]),
			"an activation step should not change what is already up to date")
		f.Message = "the second activation of the same home changed:\n" + strings.Join(changed[:min(len(changed), maxChangedFiles)], "\n")
		return f, nil
	}
	return m.checkUserUnits(ctx, h)
}

// maxChangedFiles limits the files that a message lists.
const maxChangedFiles = 50

// checkAccount checks that the host has the home's user and directory.
func (m *machine) checkAccount(ctx context.Context, h Home) (*Fault, error) {
	res, err := m.agent.Exec(ctx, shell(`{ getent passwd -- "$1" || awk -F: -v name="$1" '$1 == name' /etc/passwd; } 2>/dev/null | grep . || exit 0
		[ -d "$2" ] && echo there
		systemctl start "user@$(id -u -- "$1").service" 2>&1 || true`, h.Username, h.Directory))
	if err != nil {
		return nil, err
	}
	f := newFault(result.CauseActivation, "", "")
	line, rest, _ := strings.Cut(string(res.Stdout), "\n")
	fields := strings.Split(line, ":")
	switch {
	case len(fields) < 7:
		f.Title = fmt.Sprintf("%s is for the user %s, but %s has no such user", h.ID, h.Username, m.name)
		f.Hint = fmt.Sprintf("declare users.users.%s on %s, or do not activate the home there (--exclude, or homes = false in flakeci.toml)", h.Username, m.name)
	case fields[5] != h.Directory:
		f.Title = fmt.Sprintf("%s is for the folder %s, but the home of %s is %s on %s", h.ID, h.Directory, h.Username, fields[5], m.name)
		f.Hint = "home.homeDirectory and users.users." + h.Username + ".home must be the same"
	case !strings.HasPrefix(rest, "there\n"):
		f.Title = fmt.Sprintf("%s does not exist on %s", h.Directory, m.name)
		f.Hint = fmt.Sprintf("users.users.%s.createHome or isNormalUser creates it", h.Username)
	default:
		return nil, nil
	}
	f.Message = f.Title
	return f, nil
}

// asUser runs a script as the owner of a home, in the environment of a login.
func asUser(h Home, script string, args ...string) guestagent.Command {
	return shell(`user=$1 home=$2 script=$3; shift 3
		uid=$(id -u -- "$user") || exit 125
		cd "$home" || exit 125
		exec runuser -u "$user" -- env -i HOME="$home" USER="$user" LOGNAME="$user" LANG=C.UTF-8 \
			XDG_RUNTIME_DIR="/run/user/$uid" DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" \
			PATH="$home/.nix-profile/bin:/etc/profiles/per-user/$user/bin:/nix/var/nix/profiles/default/bin:$PATH" \
			/bin/sh -c "$script" sh "$@" </dev/null`, append([]string{h.Username, h.Directory, script}, args...)...)
}

// activateScript writes the output of activate to a file: a service that it starts may hold the
// output open, and the agent would wait for that. It waits while a user's systemd is still
// starting, because home-manager does not touch services during that time. Only newer generations
// take a driver version.
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

func (m *machine) runActivation(ctx context.Context, h Home, failed string) (*Fault, error) {
	limit := activateLimit * m.accel.factor()
	script := strings.ReplaceAll(activateScript, "$LIMIT", strconv.Itoa(int(limit.Seconds())))
	res, err := m.agent.Exec(ctx, asUser(h, script, h.Activation))
	if err != nil || res.ExitCode == 0 && res.Signal == 0 {
		return nil, err
	}
	output := append(res.Stdout, res.Stderr...)
	lines := linesOf(output[max(0, len(output)-maxActivationOutput):])
	f := newFault(result.CauseActivation, fmt.Sprintf("%s (%s)", failed, exitText(res)), "")
	f.ExitCode = res.ExitCode
	f.Message = strings.Join(lines, "\n")
	f.LogTail = strings.Join(lines[max(0, len(lines)-shownLines):], "\n")
	return f, nil
}

// maxActivationOutput limits the output of an activation, in bytes. The script above does
// too, but a hostile guest may not.
const maxActivationOutput = 64 << 10

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
		lines[i] = truncateLine(lines[i])
	}
	return lines
}

// snapshotScript lists a home: links with their targets, files with their checksums unless
// they are large. It leaves out the state of programs, which changes all the time.
const snapshotScript = `
list() { find . -xdev \( -path ./.cache -o -path ./.local/share -o -path ./.local/state \) -prune -o "$@"; }
list -type l -printf '> %P -> %l\n' -o -type f -printf '. %m %U %s %P\n'
list -type f -size -1024k -exec sha256sum -- {} +`

func (m *machine) snapshot(ctx context.Context, h Home) ([]string, error) {
	res, err := m.agent.Exec(ctx, asUser(h, snapshotScript))
	if err != nil {
		return nil, err
	}
	lines := linesOf(withoutShortLines(res.Stdout))
	slices.Sort(lines)
	return lines, nil
}

// withoutShortLines drops lines that are too short to name a file. A hostile guest could fill its
// output with them, and each line takes more memory than its length.
func withoutShortLines(text []byte) []byte {
	const minLine = len("> a -> b")
	var long []byte
	for line := range bytes.Lines(text) {
		if len(line) > minLine {
			long = append(long, line...)
		}
	}
	return long
}

// changedFiles lists the files that differ between two snapshots.
func changedFiles(before, after []string) []string {
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

// fileOf returns the name of the file in a snapshot's line.
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
		rest = strings.TrimPrefix(rest, " ./") // after a checksum
	}
	return "~/" + rest
}

// userUnitsScript is inspectScript for a user's systemd. $1 is the delimiter, $2 the limit on
// units.
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

// checkUserUnits restarts the user's systemd, as a new login would, and returns a fault if
// units of the home fail.
func (m *machine) checkUserUnits(ctx context.Context, h Home) (*Fault, error) {
	res, err := m.agent.Exec(ctx, shell(`exec systemctl restart "user@$(id -u -- "$1").service" 2>&1`, h.Username))
	if err != nil {
		return nil, err
	}
	if res.ExitCode != 0 {
		return userSystemdFault("systemd does not start for "+h.Username, res.ExitCode, res.Stdout), nil
	}
	delimiter := newDelimiter()
	res, err = m.agent.Exec(ctx, asUser(h, userUnitsScript, delimiter, strconv.Itoa(maxUnits)))
	if err != nil {
		return nil, err
	}
	var s state
	s.read(delimiter, string(res.Stdout))
	if !s.complete {
		// Missing output must not look like "no failed units".
		return userSystemdFault("could not ask the systemd of "+h.Username+" for failed units", res.ExitCode, res.Stderr), nil
	}
	if len(s.units) == 0 {
		return nil, nil
	}
	f, err := m.userUnitFault(ctx, h, s.units[0])
	if err != nil {
		return nil, err
	}
	for _, other := range s.units[1:] {
		f.Message += "\nfailed too: " + other.name
	}
	return f, nil
}

func userSystemdFault(title string, exitCode int, output []byte) *Fault {
	f := newFault(result.CauseUnit, title, "")
	f.ExitCode = exitCode
	f.LogTail = strings.Join(check.LastLines(output, shownLines), "\n")
	f.Message = f.LogTail
	return f
}

// userUnitFault makes a fault of a user's unit, with the unit's journal. The user may not be
// allowed to read that, so the agent does.
func (m *machine) userUnitFault(ctx context.Context, h Home, u unit) (*Fault, error) {
	log, err := m.agent.Exec(ctx, shell(`uid=$(id -u -- "$1")
		journalctl -b --no-pager -o cat -n 20 _UID="$uid" _SYSTEMD_USER_UNIT="$2" + _UID="$uid" USER_UNIT="$2"`, h.Username, u.name))
	if err != nil {
		return nil, err
	}
	u.journal = check.LastLines(log.Stdout, maxJournalLines)
	return u.fault(h.Username), nil
}
