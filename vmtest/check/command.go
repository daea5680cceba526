package check

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// Command requires that a shell command exits with a code.
type Command struct {
	Command string
	// User runs the command, in a login environment. If it is empty, root does, with no more
	// than a PATH to the system's programs.
	User           string
	ExitCode       int
	StdoutContains string
	StdoutMatches  *regexp.Regexp
}

func (c Command) text() textCheck { return textCheck{c.StdoutContains, c.StdoutMatches} }

func (c Command) label() string {
	const maxLength = 60
	first, more, _ := bytes.Cut([]byte(c.Command), []byte("\n"))
	label := "command " + clean.Shorten(string(first), maxLength)
	if len(more) > 0 && len(first) <= maxLength {
		label += "…"
	}
	if c.User != "" {
		label += " as " + c.User
	}
	return label
}

func (c Command) expected() string {
	return joinList(append([]string{fmt.Sprintf("exit code %d", c.ExitCode)}, c.text().expected("stdout")...))
}

// A command may change something, so it runs once.
func (c Command) retries() bool { return false }

// commandLimit is how many bytes of each output are kept.
const commandLimit = 64 << 10

// commandScript runs $3 as user $2 for at most $1 seconds. It prints a line that says how the
// command ended, then its output.
//
// The output goes through named pipes, which a program that the command leaves behind may hold
// open forever: the agent waits only for holders of its own pipes. dd(1) writes what it has read
// at once, unlike head(1); it takes at least as many bytes as are kept, and at most 256 times as
// many, so a command cannot fill the guest's disk. Everybody may write to the pipes, or a user
// could not open /dev/stderr. timeout(1) exits with 124, but so may the command, so the clock
// decides which it was.
const commandScript = guestPath + `
limit=$1 user=$2 command=$3 max=$4
dir=$(mktemp -d /run/flakeci-check.XXXXXX 2>/dev/null || mktemp -d) || exit
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' TERM
mkfifo "$dir/1" "$dir/2" && chmod 0622 "$dir/1" "$dir/2" || exit

if [ -n "$user" ]; then
	entry=$(getent passwd "$user")
	if [ -z "$entry" ]; then echo "no user"; exit 0; fi
	IFS=: read -r name _ uid gid _ home shell <<-END
		$entry
	END
	cd "$home" 2>/dev/null || cd /
	set -- env -i HOME="$home" USER="$name" LOGNAME="$name" SHELL="${shell:-/bin/sh}" PATH="$PATH"
	if [ -d "/run/user/$uid" ]; then
		set -- "$@" XDG_RUNTIME_DIR="/run/user/$uid" DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus"
	fi
	set -- "$@" /bin/sh -l -c 'echo >&5; exec /bin/sh -c "$1" >&3 2>&4 3>&- 4>&- 5>&-' sh "$command"
	if [ "$uid" != "$(id -u)" ]; then
		set -- setpriv --reuid="$uid" --regid="$gid" --init-groups -- "$@"
	fi
else
	cd /
	HOME=/root; export HOME
	set -- /bin/sh -c 'echo >&5; exec /bin/sh -c "$1" >&3 2>&4 3>&- 4>&- 5>&-' sh "$command"
fi

for n in 1 2; do
	{ dd bs=256 count="$max" of="$dir/kept$n"; cat; : >"$dir/end$n"; } <"$dir/$n" >/dev/null 2>&1 &
done
read -r start _ </proc/uptime
timeout -k 5 "$limit" "$@" </dev/null >/dev/null 2>"$dir/around" 3>"$dir/1" 4>"$dir/2" 5>"$dir/began"
code=$?
read -r end _ </proc/uptime

if [ ! -s "$dir/began" ] && [ $code != 124 ]; then
	echo "not begun"
	head -c 4096 "$dir/around"
	exit 0
fi

tries=0
while [ $tries -lt 40 ] && ! { [ -e "$dir/end1" ] && [ -e "$dir/end2" ]; }; do
	sleep 0.05
	tries=$((tries + 1))
done
echo "ended $code $start $end"
head -c "$max" "$dir/kept1"
head -c "$max" "$dir/kept2" >&2
exit 0`

func (c Command) observe(ctx context.Context, g Guest, limit time.Duration) (observation, error) {
	res, err := execWithin(ctx, g, limit, guestagent.Command{Path: guestShell, Args: []string{
		"-c", commandScript, "sh", guestSeconds(limit), c.User, c.Command, fmt.Sprint(commandLimit + 1),
	}})
	if err != nil {
		return observation{}, err
	}
	head, stdout, _ := bytes.Cut(res.Stdout, []byte("\n"))
	if string(head) == "no user" {
		return observation{seen: "no user " + c.User + " to run it as"}, nil
	}
	if string(head) == "not begun" {
		reason, _, _ := bytes.Cut(bytes.TrimSpace(stdout), []byte("\n"))
		return observation{seen: strings.TrimSuffix("it could not be started: "+string(reason), ": "), detail: LastLines(stdout, detailLines)}, nil
	}
	var code int
	var start, end float64
	if _, err := fmt.Sscanf(string(head), "ended %d %f %f", &code, &start, &end); err != nil || res.ExitCode != 0 {
		return observation{}, ScriptError(res)
	}
	took := time.Duration((end - start) * float64(time.Second))
	return c.judge(code, took, limit, stdout, res.Stderr), nil
}

// clockTick allows for /proc/uptime, which counts hundredths of seconds.
const clockTick = 20 * time.Millisecond

func (c Command) judge(code int, took, limit time.Duration, stdout, stderr []byte) observation {
	stdout, cut := truncateText(stdout, commandLimit)
	stderr, _ = truncateText(stderr, commandLimit)
	detail := LastLines(stderr, detailLines)
	if len(detail) == 0 {
		detail = LastLines(stdout, detailLines)
	}
	if (code == exitTimeout || code == exitKilled || code == exitTerminated) && took+clockTick >= limit {
		return observation{timedOut: true, seen: fmt.Sprintf("still running after %s", limit), detail: detail}
	}
	seen := fmt.Sprintf("exit code %d", code)
	if signal := code - 128; signal > 0 && signal < 65 {
		seen += fmt.Sprintf(" (as if by signal %d)", signal)
	}
	missing := c.text().missing(stdout, "stdout", cut)
	if code != c.ExitCode {
		return observation{seen: seen, detail: detail}
	}
	if len(missing) > 0 {
		return observation{seen: seen + ", but " + joinList(missing), detail: c.failureDetail(stdout, detail)}
	}
	return observation{ok: true, seen: seen, detail: detail}
}

// failureDetail returns what to show if the exit code is right and stdout is not.
func (c Command) failureDetail(stdout []byte, detail []string) []string {
	if lines := LastLines(stdout, detailLines); len(lines) > 0 {
		return lines
	}
	return detail
}
