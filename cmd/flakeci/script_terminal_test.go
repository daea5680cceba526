package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The terminal is tmux's: a real one with a pseudo-terminal, whose screen can be read. Its
// socket is in a separate folder, since the path must be short.

type terminalKey struct{}

// screenTerminal is the terminal of a script.
type screenTerminal struct {
	ts     *testscript.TestScript
	socket string
}

// terminal COLUMNSxLINES COMMAND… runs a command in a new terminal. When it ends, the
// terminal shows the exit code, and the settings that it was left with.
func terminalRuns(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: terminal COLUMNSxLINES COMMAND…")
	}
	dir, err := os.MkdirTemp("", "tmux")
	ts.Check(err)
	t, _ := ts.Value(terminalKey{}).(*screenTerminal)
	t.ts, t.socket = ts, dir+"/s"
	mine := *t // the next terminal has another socket
	ts.Defer(func() {
		_, _ = mine.tmux("kill-server")
		_ = os.RemoveAll(dir)
	})
	// The command is in the foreground, as it would be in a shell.
	script := `trap : INT; stty -echo; echo before; sh -c 'echo $$ > pid; exec "$@"' sh "$@"; code=$?; sleep 0.5; echo ended $code; stty -a; stty echo; sleep 1000`
	columns, lines, _ := strings.Cut(args[0], "x")
	t.must(append([]string{"-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", lines, "sh", "-c", script, "sh"}, args[1:]...)...)
}

// tmux runs a command of the terminal's server.
func (t *screenTerminal) tmux(args ...string) (string, error) {
	cmd := exec.Command("tmux", append([]string{"-S", t.socket}, args...)...)
	cmd.Dir = t.ts.Getenv("WORK")
	for _, line := range os.Environ() {
		// With CI a run assumes that there is no user.
		if name, _, _ := strings.Cut(line, "="); name != "CI" && name != "TMUX" && name != "GITHUB_ACTIONS" {
			cmd.Env = append(cmd.Env, line)
		}
	}
	for _, name := range []string{"PATH", "HOME", "XDG_CACHE_HOME", "FLAKECI_NIX", "NIX_CONFIG", "GORACE", "TMPDIR", "NO_COLOR", "CI", "DOCKER_HOST"} {
		if value := t.ts.Getenv(name); value != "" {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		err = errors.New(strings.TrimSpace(errs.String()))
	}
	return string(out), err
}

func (t *screenTerminal) must(args ...string) string {
	out, err := t.tmux(args...)
	if err != nil {
		t.ts.Fatalf("tmux %s: %v", args[0], err)
	}
	return out
}

func terminalOf(ts *testscript.TestScript) *screenTerminal {
	t, _ := ts.Value(terminalKey{}).(*screenTerminal)
	if t.socket == "" {
		ts.Fatalf("no terminal")
	}
	return t
}

// screenLimit is how long a screen may take to show something, on a busy machine.
const screenLimit = 60 * time.Second

// wait waits until the screen matches, and returns it.
func (t *screenTerminal) wait(pattern string) string {
	re, err := regexp.Compile("(?m)" + pattern)
	t.ts.Check(err)
	screen := ""
	for end := time.Now().Add(screenLimit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if screen = t.must("capture-pane", "-p"); re.MatchString(screen) {
			return screen
		}
	}
	t.ts.Fatalf("no %#q on the screen:\n%s", pattern, screen)
	return ""
}

// shows PATTERN waits until the screen matches; ! shows checks once.
func shows(ts *testscript.TestScript, neg bool, args []string) {
	t := terminalOf(ts)
	if !neg {
		ts.Logf("%s", t.wait(args[0]))
		return
	}
	if screen := t.must("capture-pane", "-p", "-e"); regexp.MustCompile("(?m)" + args[0]).MatchString(screen) {
		ts.Fatalf("%#q is on the screen:\n%s", args[0], screen)
	}
}

// press KEY… presses keys, in tmux's names.
func press(ts *testscript.TestScript, _ bool, args []string) {
	terminalOf(ts).must(append([]string{"send-keys"}, args...)...)
}

// resize COLUMNSxLINES resizes the terminal.
func resize(ts *testscript.TestScript, _ bool, args []string) {
	columns, lines, _ := strings.Cut(args[0], "x")
	terminalOf(ts).must("resize-window", "-x", columns, "-y", lines)
}

// send NAME sends a signal to the command in the terminal.
func sendSignal(ts *testscript.TestScript, _ bool, args []string) {
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile("pid")))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, map[string]syscall.Signal{"TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL, "USR1": syscall.SIGUSR1}[args[0]]))
}

// ended CODE waits for the end of the command in the terminal, and expects the terminal as it
// was before: the screen, the cursor and the settings for keys.
func ended(ts *testscript.TestScript, _ bool, args []string) {
	t := terminalOf(ts)
	t.must("resize-window", "-x", "120", "-y", "100") // to show everything
	screen := t.wait(`^ended \d+\n(.*\n)+.*\bcstopb\b`)
	if !regexp.MustCompile(`(?m)^ended ` + args[0] + `$`).MatchString(screen) {
		ts.Fatalf("not the code %s:\n%s", args[0], screen)
	}
	for _, want := range []string{`^before$`, `[^-]icanon\b`, `[^-]isig\b`, `[^-]icrnl\b`, `[^-]opost\b`} {
		if !regexp.MustCompile(`(?m)` + want).MatchString(screen) {
			ts.Fatalf("no %s on the terminal:\n%s", want, screen)
		}
	}
	modes := strings.TrimSpace(t.must("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{bracket_paste_flag}"))
	if !strings.HasPrefix(modes, "0 1 0") {
		ts.Fatalf("the terminal's modes are %s:\n%s", modes, screen)
	}
}
