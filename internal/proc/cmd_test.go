package proc_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
)

func run(t *testing.T, cmd *proc.Cmd) (stdout string, stderr []string, err error) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout = &out
	cmd.OnStderr = func(line []byte) { stderr = append(stderr, string(line)) }
	_, err = cmd.Run(context.Background())
	return out.String(), stderr, err
}

func TestRunPassesOnBothStreams(t *testing.T) {
	stdout, stderr, err := run(t, sh(`printf 'raw\0\n\nno end'; printf 'one\n\n\377two\nlast' >&2`))
	if err != nil {
		t.Fatal(err)
	}
	if stdout != "raw\x00\n\nno end" {
		t.Errorf("stdout is %q", stdout)
	}
	if got := strings.Join(stderr, "|"); got != "one||\xfftwo|last" {
		t.Errorf("lines of stderr are %q", got)
	}
}

func TestRunUsesDirEnvAndStdin(t *testing.T) {
	dir := t.TempDir()
	cmd := sh(`pwd -P; echo "$COLOUR"; cat`)
	cmd.Dir, cmd.Env = dir, []string{"PATH=/bin:/usr/bin", "COLOUR=blue"}
	cmd.Stdin = strings.NewReader("from stdin")
	stdout, _, err := run(t, cmd)
	if want := dir + "\nblue\nfrom stdin"; err != nil || stdout != want {
		t.Errorf("got %q, %v; want %q", stdout, err, want)
	}
}

func TestRunUsesFilesDirectly(t *testing.T) {
	path := t.TempDir() + "/file"
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(path + ".out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := &proc.Cmd{Path: "cat", Stdin: in, Stdout: out}
	if _, err := cmd.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path + ".out"); string(got) != "content" {
		t.Errorf("the file has %q", got)
	}
}

func TestRunWithoutStdinReadsNothing(t *testing.T) {
	if stdout, _, err := run(t, sh("cat; echo end")); err != nil || stdout != "end\n" {
		t.Errorf("got %q, %v", stdout, err)
	}
}

// A program may exit without reading its input, and a reader may never end.
func TestRunDoesNotWaitForStdin(t *testing.T) {
	endless, write := io.Pipe()
	defer write.Close()
	cmd := sh("exit 0")
	cmd.Stdin = endless
	if _, _, err := run(t, cmd); err != nil {
		t.Error(err)
	}
	cmd.Stdin = bytes.NewReader(make([]byte, 10<<20))
	if _, _, err := run(t, cmd); err != nil {
		t.Error(err)
	}
}

func TestRunReportsHowItEnded(t *testing.T) {
	tests := []struct {
		name, script string
		code         int
		signal       syscall.Signal
		last, text   string
	}{
		{"code", "exit 3", 3, 0, "", "sh: exit code 3"},
		{"signal", "kill -TERM $$", -1, syscall.SIGTERM, "", "sh: ended by signal 15 (terminated)"},
		{"last line", "echo a >&2; echo b >&2; echo >&2; exit 1", 1, 0, "b", "sh: exit code 1: b"},
		{"error before hint", "echo error: bad >&2; echo try this >&2; exit 1", 1, 0, "error: bad", "sh: exit code 1: error: bad"},
		{"colour", `printf '\033[31;1merror:\033[0m \tbad\a\n' >&2; exit 1`, 1, 0, "error:  bad", "sh: exit code 1: error:  bad"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := run(t, sh(tt.script))
			var e *proc.Error
			if !errors.As(err, &e) {
				t.Fatalf("error is %v", err)
			}
			if e.ExitCode != tt.code || e.Signal != tt.signal || e.LastLine != tt.last || e.Error() != tt.text {
				t.Errorf("got %+v with text %q", e, e.Error())
			}
			if len(e.Argv) != 3 || e.Argv[0] != "/bin/sh" || e.Argv[2] != tt.script {
				t.Errorf("argv is %q", e.Argv)
			}
			if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
				t.Error("the context is blamed")
			}
		})
	}
}

func TestRunReportsWhatCannotStart(t *testing.T) {
	tests := []struct {
		cmd  proc.Cmd
		want error // nil for any
	}{
		{proc.Cmd{Path: "flakeci-has-no-such-program"}, proc.ErrNotFound},
		{proc.Cmd{Path: "/no/such/program"}, fs.ErrNotExist},
		{proc.Cmd{Path: "sh", Dir: "/no/such/folder"}, fs.ErrNotExist},
		{proc.Cmd{Path: "/"}, nil},
		{proc.Cmd{}, nil},
	}
	for _, tt := range tests {
		usage, err := tt.cmd.Run(context.Background())
		var e *proc.Error
		if !errors.As(err, &e) || e.ExitCode != -1 || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%q gives %v, want %v", tt.cmd.Path, err, tt.want)
		}
		if usage != (proc.Usage{}) {
			t.Errorf("%q has used %+v", tt.cmd.Path, usage)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// The program writes forever, and must notice that nobody reads.
func TestRunReportsAWriteThatFails(t *testing.T) {
	cmd := &proc.Cmd{Path: "yes", Stdout: fullDisk{}}
	if _, err := cmd.Run(context.Background()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error is %v", err)
	}
}

func TestRunSplitsStdoutIntoLines(t *testing.T) {
	var lines []string
	var raw bytes.Buffer
	cmd := sh("echo a; echo b")
	cmd.Stdout, cmd.OnStdout = &raw, func(line []byte) { lines = append(lines, string(line)) }
	if _, err := cmd.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if strings.Join(lines, ",") != "a,b" || raw.String() != "a\nb\n" {
		t.Errorf("got %q and %q", lines, raw.String())
	}
}

// A slow reader must get everything that was written before the end.
func TestRunLosesNothingOfAFastProgram(t *testing.T) {
	total := 0
	cmd := sh("head -c 3000000 /dev/zero")
	cmd.Stdout = writer(func(b []byte) {
		total += len(b)
		time.Sleep(time.Millisecond)
	})
	if _, err := cmd.Run(context.Background()); err != nil || total != 3000000 {
		t.Errorf("got %d bytes, %v", total, err)
	}
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}

func TestRunMeasures(t *testing.T) {
	var out bytes.Buffer
	cmd := play(t, "eat:200")
	cmd.Stdout = &out
	usage, err := cmd.Run(context.Background())
	if err != nil || strings.TrimSpace(out.String()) != "209715200" {
		t.Fatalf("got %q, %v", out.String(), err)
	}
	if usage.MaxRSS < 200<<20 || usage.MaxRSS > 4<<30 {
		t.Errorf("peak memory is %d bytes", usage.MaxRSS)
	}
	if usage.User+usage.System <= 0 || usage.Wall <= 0 {
		t.Errorf("times are %+v", usage)
	}
}

func TestRunManyAtOnce(t *testing.T) {
	cmd := &proc.Cmd{Path: "sh", Args: []string{"-c", "echo out; echo err >&2; exit 7"}, OnStderr: func([]byte) {}}
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			var e *proc.Error
			if _, err := cmd.Run(context.Background()); !errors.As(err, &e) || e.ExitCode != 7 || e.LastLine != "err" {
				t.Errorf("error is %v", err)
			}
		})
	}
	all.Wait()
}
