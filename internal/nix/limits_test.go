package nix

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// fakeNix returns a client of a script.
func fakeNix(t *testing.T, script string) *Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nix")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	c := newClient(Options{Path: path})
	c.Version = Version{2, 34, 8}
	return c
}

// A call that only asks Nix for something ends by itself. The error names the call.
func TestAHangingNix(t *testing.T) {
	drv := "/nix/store/00000000000000000000000000000000-x.drv"
	for command, ask := range map[string]func(context.Context, *Client) error{
		"nix --version":   func(ctx context.Context, c *Client) error { _, err := c.find(ctx); return err },
		"nix show-config": func(ctx context.Context, c *Client) error { _, err := c.Machine(ctx); return err },
		"nix flake metadata": func(ctx context.Context, c *Client) error {
			_, err := c.Resolve(ctx, "github:o/r", FlakeOptions{})
			return err
		},
		"nix flake metadata ": func(ctx context.Context, c *Client) error {
			return c.confirmParameters(ctx, &Flake{}, nil, metadata{})
		},
		"nix path-info": func(ctx context.Context, c *Client) error { _, err := c.Needs(ctx, []string{drv}); return err },
		"nix build":     func(ctx context.Context, c *Client) error { _, err := c.DryRun(ctx, drv); return err },
		"nix build ": func(ctx context.Context, c *Client) error {
			return c.Root(ctx, filepath.Join(t.TempDir(), "link"), []string{drv})
		},
		"nix path-info ": func(ctx context.Context, c *Client) error {
			_, err := c.Closures(t.TempDir()).Of(ctx, []string{drv})
			return err
		},
	} {
		t.Run(command, func(t *testing.T) {
			c := fakeNix(t, "exec sleep 1000")
			const limit = 50 * time.Millisecond
			c.limits = limits{ask: limit, store: limit, fetch: limit}
			var late *TimeoutError
			err := ask(t.Context(), c)
			if !errors.As(err, &late) || err.Error() != strings.TrimSpace(command)+" gave no answer within 50ms" {
				t.Fatalf("error is %v", err)
			}
			if Transient(err) {
				t.Error("it would be tried again")
			}
		})
	}
}

// A call that fetches may take as long as the caller allows.
func TestLimitOfTheCaller(t *testing.T) {
	l := usualLimits()
	limited, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
	defer cancel()
	if got := l.fetching(limited); got != 0 {
		t.Errorf("with a limit of the caller: %s", got)
	}
	if got := l.fetching(t.Context()); got != l.fetch {
		t.Errorf("without: %s", got)
	}
}

// A flake decides how much an evaluation prints.
func TestAnAnswerWithoutEnd(t *testing.T) {
	c := fakeNix(t, "exec yes")
	var into any
	_, err := c.evaluate(t.Context(), evalCall{flake: &Flake{}, call: call{sub: []string{"eval"}}}, &into)
	if e := (*nixlog.EvalError)(nil); !errors.As(err, &e) || e.Message != "nix eval printed more than 128 MiB" {
		t.Errorf("error is %v", err)
	}
	if _, err := c.Needs(t.Context(), []string{"/nix/store/00000000000000000000000000000000-x.drv"}); !errors.Is(err, proc.ErrOutputTooLong) {
		t.Errorf("error is %v", err)
	}
}

// peak returns the most memory that this process had resident since the last call.
func peak(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("only Linux has it")
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	debug.FreeOSMemory()
	// 5 resets the peak.
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Skipf("the peak cannot be reset: %v", err)
	}
	return kib << 10
}

// Logs of more than a hundred MB do not stay in memory.
func TestLogsAreStreamed(t *testing.T) {
	lanes.Heavy(t, "takes some seconds")
	const lines, width = 60_000, 2000 // 120 MB
	filler := strings.Repeat("x", width)
	record := func(text string) string { return "@nix " + text }
	count := fmt.Sprintf("yes '%%s' | head -n %d", lines)
	for name, c := range map[string]struct {
		script string
		read   func(c *Client) error
	}{
		"nix log": {fmt.Sprintf(count, filler), func(c *Client) error {
			f, err := os.Create(filepath.Join(t.TempDir(), "log"))
			if err != nil {
				return err
			}
			defer f.Close()
			return c.Log(t.Context(), "/nix/store/00000000000000000000000000000000-x.drv", f)
		}},
		"a builder": {fmt.Sprintf("echo '%s' >&2; %s >&2", record(`{"action":"start","id":1,"type":105,"fields":["/nix/store/00000000000000000000000000000000-x.drv","",1,1]}`),
			fmt.Sprintf(count, record(`{"action":"result","id":1,"type":101,"fields":["`+filler+`"]}`))), func(c *Client) error {
			read := 0
			_, err := c.Build(t.Context(), []string{"/nix/store/00000000000000000000000000000000-x.drv"}, 1, nixlog.BuildWatcher{Log: func(string, string) { read++ }})
			if err == nil && read != lines {
				err = fmt.Errorf("%d lines of %d were read", read, lines)
			}
			return err
		}},
		"an evaluation": {fmt.Sprintf("%s >&2; echo 1", fmt.Sprintf(count, record(`{"action":"msg","level":3,"msg":"trace: `+filler+`"}`))), func(c *Client) error {
			var into any
			_, err := c.evaluate(t.Context(), evalCall{flake: &Flake{}, call: call{sub: []string{"eval"}}}, &into)
			return err
		}},
		"stderr": {fmt.Sprintf("%s >&2; echo '{\"system\": {\"value\": \"x86_64-linux\"}}'", fmt.Sprintf(count, "error: "+filler)), func(c *Client) error {
			_, err := c.Machine(t.Context())
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			client := fakeNix(t, c.script)
			peak(t)
			before := resident(t)
			if err := c.read(client); err != nil {
				t.Fatal(err)
			}
			const limit = 80 << 20
			if took := peak(t) - before; took > limit {
				t.Errorf("it took %d MiB of memory", took>>20)
			}
		})
	}
}

// resident returns the memory that this process has now.
func resident(t *testing.T) int64 {
	t.Helper()
	var pages, total int64
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(text), &total, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(syscall.Getpagesize())
}
