package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// thisMachine is a guest that runs programs on the test's machine. path precedes the PATH of
// the scripts, or replaces it if alone is set.
type thisMachine struct {
	path  string
	alone bool
}

func (m thisMachine) Exec(ctx context.Context, c guestagent.Command) (guestagent.Result, error) {
	args := slices.Clone(c.Args)
	if m.path != "" {
		rest := ":/run/wrappers"
		if m.alone {
			rest = "; export PATH; : /run/wrappers"
		}
		args[1] = strings.Replace(args[1], "PATH=/run/wrappers", "PATH="+m.path+rest, 1)
	}
	var stdout, stderr bytes.Buffer
	cmd := proc.Cmd{Path: c.Path, Args: args, Env: []string{}, Stdout: &stdout, OnStderr: func(line []byte) {
		stderr.Write(line)
		stderr.WriteByte('\n')
	}}
	_, err := cmd.Run(ctx)
	r := guestagent.Result{Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}
	var ended *proc.Error
	if errors.As(err, &ended) && ended.Err == nil {
		r.ExitCode, r.Signal = ended.ExitCode, int(ended.Signal)
		return r, nil
	}
	return r, err
}

// checkCase is a check and the texts that it must show.
type checkCase struct {
	check                 Check
	label, expected, seen string // compared if not empty
	passed, timedOut      bool
	detail                []string
}

// run gives a check that must fail little time, since it uses all of it, but much if a busy
// machine did not even manage one attempt.
func (tt checkCase) run(ctx context.Context, g Guest) Result {
	c := tt.check
	if c.Timeout > 0 || !c.Subject.retries() {
		return c.Run(ctx, g)
	}
	if !tt.passed {
		c.Timeout = 300 * time.Millisecond
		if r := c.Run(ctx, g); !r.TimedOut {
			return r
		}
	}
	c.Timeout = time.Minute
	return c.Run(ctx, g)
}

func runCheckCases(t *testing.T, g Guest, tests map[string]checkCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := tt.run(t.Context(), g)
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			for what, texts := range map[string][2]string{
				"label": {r.Name, tt.label}, "expected": {r.Expected, tt.expected}, "seen": {r.Seen, tt.seen},
			} {
				if texts[1] != "" && texts[0] != texts[1] {
					t.Errorf("%s is\n\t%s\nand not\n\t%s", what, texts[0], texts[1])
				}
			}
			if r.Passed != tt.passed || r.TimedOut != tt.timedOut {
				t.Errorf("passed %v, timed out %v, seen %s", r.Passed, r.TimedOut, r.Seen)
			}
			if tt.detail != nil && !slices.Equal(r.Detail, tt.detail) {
				t.Errorf("detail is\n\t%q\nand not\n\t%q", r.Detail, tt.detail)
			}
			if r.Started.IsZero() || r.Duration <= 0 {
				t.Errorf("no times: %v, %v", r.Started, r.Duration)
			}
		})
	}
}

func TestCommandCheck(t *testing.T) {
	t.Parallel()
	marker := filepath.Join(t.TempDir(), "ran")
	runCheckCases(t, thisMachine{}, map[string]checkCase{
		"true": {
			check: Check{Subject: Command{Command: "true"}}, passed: true,
			label: "command true", expected: "exit code 0", seen: "exit code 0",
		},
		"named": {
			check: Check{Name: "all is well", Subject: Command{Command: "true"}}, passed: true, label: "all is well",
		},
		"several lines": {
			check: Check{Subject: Command{Command: "true\nexit 0"}}, passed: true, label: "command true…",
		},
		"exit code": {
			check:    Check{Subject: Command{Command: "echo out; echo one >&2; echo two >&2; exit 3"}},
			expected: "exit code 0", seen: "exit code 3", detail: []string{"one", "two"},
		},
		"expected exit code": {
			check: Check{Subject: Command{Command: "exit 3", ExitCode: 3}}, passed: true, expected: "exit code 3", seen: "exit code 3",
		},
		"exit code of timeout": {
			check: Check{Subject: Command{Command: "exit 124", ExitCode: 124}}, passed: true, seen: "exit code 124",
		},
		"signal": {
			check: Check{Subject: Command{Command: "kill -9 $$"}}, seen: "exit code 137 (as if by signal 9)",
		},
		"stdout": {
			check:  Check{Subject: Command{Command: "echo hello world", StdoutContains: "hello", StdoutMatches: regexp.MustCompile(`(?m)^h.*d$`)}},
			passed: true, expected: `exit code 0, "hello" in stdout and a match of /(?m)^h.*d$/ in stdout`,
		},
		"stdout lacks": {
			check:    Check{Subject: Command{Command: "echo hello >&2; echo there", StdoutContains: "hello"}},
			expected: `exit code 0 and "hello" in stdout`, seen: `exit code 0, but no "hello" in stdout`, detail: []string{"there"},
		},
		"stdout does not match": {
			check: Check{Subject: Command{Command: "echo hello >&2", StdoutMatches: regexp.MustCompile(`^x+$`)}},
			seen:  "exit code 0, but no match of /^x+$/ in stdout", detail: []string{"hello"},
		},
		"words are not joined into the script": {
			check:  Check{Subject: Command{Command: `printf '%s|' "$#" "$0" '$(x)' "';"`, StdoutMatches: regexp.MustCompile(`^0\|sh\|\$\(x\)\|';\|$|^0\|/bin/sh\|\$\(x\)\|';\|$`)}},
			passed: true,
		},
		"any bytes": {
			check:  Check{Subject: Command{Command: `printf 'a\000b\377\n\nended 0 1 2\n'`, StdoutContains: "a\x00b\xff\n\nended 0 1 2\n"}},
			passed: true,
		},
		"much": {
			check: Check{Subject: Command{Command: "yes | head -c 3000000; echo end", StdoutContains: "end"}},
			seen:  `exit code 0, but no "end" in the first 64 KiB of stdout`, detail: slices.Repeat([]string{"y"}, 20),
		},
		"reads nothing": {
			check: Check{Subject: Command{Command: "cat; echo read", StdoutMatches: regexp.MustCompile("^read\n$")}}, passed: true,
		},
		"too long": {
			check:    Check{Timeout: 2 * time.Second, Subject: Command{Command: "echo begun; sleep 60"}},
			timedOut: true, seen: "still running after 2s", detail: []string{"begun"},
		},
		"a daemon keeps the output open": {
			check: Check{Subject: Command{Command: "echo hi; setsid sleep 30 & exit 0", StdoutContains: "hi"}}, passed: true,
		},
		"root": {
			check: Check{Subject: Command{Command: `echo "$HOME $PWD"`, StdoutContains: "/root /"}}, passed: true,
		},
		"once": {
			check: Check{Subject: Command{Command: fmt.Sprintf("echo x >>'%s'; false", marker)}}, seen: "exit code 1",
		},
		"no such user": {
			check: Check{Subject: Command{Command: "true", User: "no-such-user"}},
			label: "command true as no-such-user", seen: "no user no-such-user to run it as",
		},
	})
	t.Cleanup(func() {
		if text, err := os.ReadFile(marker); err != nil || string(text) != "x\n" {
			t.Errorf("a command that failed ran more than once: %q, %v", text, err)
		}
	})
}

// A command that ignores SIGTERM gets SIGKILL, seconds later.
func TestCommandCheckIgnoresSIGTERM(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	t.Parallel()
	r := Check{Timeout: 100 * time.Millisecond, Subject: Command{Command: `trap "" TERM; while :; do sleep 1; done`}}.Run(t.Context(), thisMachine{})
	if !r.TimedOut || r.Err != nil || r.Duration > time.Minute {
		t.Errorf("got %+v", r)
	}
}

func TestCommandCheckAsUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("another user's command needs root")
	}
	runCheckCases(t, thisMachine{}, map[string]checkCase{
		"who": {
			check:  Check{Subject: Command{Command: `id -un; id -u; echo "$HOME $USER $LOGNAME"`, User: "nobody", StdoutMatches: regexp.MustCompile(`^nobody\n\d+\n/\S+ nobody nobody\n$`)}},
			passed: true,
		},
		"root after logging in": {
			check: Check{Subject: Command{Command: `echo "$HOME $USER"`, User: "root", StdoutContains: "/root root"}}, passed: true,
		},
		"no more rights": {
			check: Check{Subject: Command{Command: "id -nG; cat /etc/shadow", User: "nobody"}}, seen: "exit code 1",
		},
		"writes to its error output by name": {
			check: Check{Subject: Command{Command: "echo oops >/dev/stderr; exit 2", User: "nobody"}}, seen: "exit code 2", detail: []string{"oops"},
		},
		"too long": {
			check: Check{Timeout: 300 * time.Millisecond, Subject: Command{Command: "sleep 60", User: "nobody"}}, timedOut: true,
		},
	})
}

func TestAccountCheck(t *testing.T) {
	t.Parallel()
	runCheckCases(t, thisMachine{}, map[string]checkCase{
		"there": {
			check: Check{Subject: Account{User: "root"}}, passed: true, label: "account root", expected: "a user root",
		},
		"all of it": {
			check:  Check{Subject: Account{User: "root", Groups: []string{"root"}, Home: "/root", Shell: "bash"}},
			passed: true, expected: "a user root, in group root, home /root and shell bash",
		},
		"not there": {check: Check{Subject: Account{User: "joachim"}}, seen: "no such user"},
		"a number":  {check: Check{Subject: Account{User: "0"}}, seen: "no such user"},
		"groups": {
			check:    Check{Subject: Account{User: "nobody", Groups: []string{"nogroup", "wheel"}}},
			expected: "a user nobody, in group nogroup and in group wheel", seen: "not in group wheel, groups nogroup",
		},
		"home": {
			check: Check{Subject: Account{User: "root", Home: "/home/root"}}, seen: "home /root",
		},
		"shell": {
			check: Check{Subject: Account{User: "root", Shell: "/run/current-system/sw/bin/bash"}}, seen: "shell /bin/bash",
		},
	})
}

func TestUnitCheck(t *testing.T) {
	t.Parallel()
	// The output of systemd 252's systemctl, by the name of the unit.
	stub, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	runCheckCases(t, thisMachine{path: stub}, map[string]checkCase{
		"active": {
			check: Check{Subject: Unit{"sshd"}}, passed: true,
			label: "unit sshd.service", expected: "sshd.service active", seen: "active (running)",
		},
		"failed": {
			check: Check{Subject: Unit{"broken.service"}}, expected: "broken.service active", seen: "failed (exit-code 255)",
			detail: []string{"/etc/ssh/sshd_config line 12: Bad configuration option: Foo", "broken.service: Failed with result 'exit-code'."},
		},
		"signal":    {check: Check{Subject: Unit{"killed"}}, seen: "failed (signal 9)"},
		"start":     {check: Check{Subject: Unit{"slow"}}, seen: "failed (timeout)"},
		"restart":   {check: Check{Subject: Unit{"again"}}, seen: "activating (auto-restart)"},
		"none":      {check: Check{Subject: Unit{"none.socket"}}, label: "unit none.socket", seen: "no such unit", detail: []string{}},
		"masked":    {check: Check{Subject: Unit{"masked"}}, seen: "not loaded (masked)"},
		"condition": {check: Check{Subject: Unit{"condition"}}, seen: "inactive (a condition of the unit was not met)"},
		"stopped":   {check: Check{Subject: Unit{"stopped"}}, seen: "inactive (dead)"},
		"template":  {check: Check{Subject: Unit{"getty@tty1"}}, passed: true, label: "unit getty@tty1.service"},
		"dots":      {check: Check{Subject: Unit{"dbus-org.freedesktop.login1"}}, passed: true, label: "unit dbus-org.freedesktop.login1.service"},
		"slow to come up": {
			check: Check{Timeout: 20 * time.Second, Subject: Unit{"later" + fmt.Sprint(os.Getpid())}}, passed: true, seen: "active (running)",
		},
	})
}

func TestUnitCheckWithoutSystemd(t *testing.T) {
	t.Parallel()
	stub, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	r := Check{Subject: Unit{"nobus"}}.Run(t.Context(), thisMachine{path: stub})
	want := "the query in the guest ended with exit code 1: System has not been booted with systemd as init system (PID 1). Can't operate."
	if r.Passed || r.Err == nil || r.Err.Error() != want {
		t.Errorf("got %+v", r)
	}
}

// deafGuest never answers.
type deafGuest struct{}

func (deafGuest) Exec(ctx context.Context, _ guestagent.Command) (guestagent.Result, error) {
	<-ctx.Done()
	return guestagent.Result{}, ctx.Err()
}

// The cause of the context's end distinguishes a dead guest from a slow one.
func TestCheckOfDeadGuest(t *testing.T) {
	t.Parallel()
	died := errors.New("the guest panicked")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(died) })
	r := Check{Subject: Port{Port: 22}}.Run(ctx, deafGuest{})
	if r.Passed || !errors.Is(r.Err, died) {
		t.Errorf("got %+v", r)
	}
}

// ghostGuest answers every question with the same bytes.
type ghostGuest string

func (g ghostGuest) Exec(context.Context, guestagent.Command) (guestagent.Result, error) {
	return guestagent.Result{Stdout: []byte(g)}, nil
}

// No output of a guest makes a check crash or pass.
func TestCheckOfHostileGuest(t *testing.T) {
	t.Parallel()
	for _, output := range []string{
		"", "\n", "found:::", "ended 0", "ended x y z\n", "0 -1\n", "0 99999999999999999999\n", "0 5\nHTTP", "7 0\n",
		strings.Repeat("=", 1<<16), strings.Repeat(":", 100), "ActiveState=\n\n\n", "found:9999999999:a:b:c\n", "0 0\nHTTP/1.1 999 \r\n\r\n",
	} {
		for _, s := range everySubject() {
			r := Check{Timeout: time.Millisecond, Subject: s}.Run(t.Context(), ghostGuest(output))
			if r.Passed || r.Err == nil && r.Seen == "" {
				t.Errorf("%s, given %q: %+v", r.Name, clean.Shorten(output, 40), r)
			}
			if len(r.Seen) > 4*wordWidth {
				t.Errorf("%s, given %q: %d bytes are seen", r.Name, clean.Shorten(output, 40), len(r.Seen))
			}
		}
	}
}
