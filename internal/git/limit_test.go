package git_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/proc"
)

// fakeGit puts a program named git first on PATH.
func fakeGit(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "git"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// A git that hangs, such as on a server, is stopped.
func TestAGitThatHangs(t *testing.T) {
	repo := open(t, newHistory(t).dir)
	fakeGit(t, "sleep 1000 >/dev/null 2>&1 & exec sleep 1000")
	_, err := git.AskWithin(repo, t.Context(), 100*time.Millisecond, "-c", "gc.auto=0", "fetch")
	if !errors.As(err, new(*proc.LimitError)) || !strings.HasPrefix(err.Error(), "git fetch gave no answer for ") {
		t.Errorf("over its limit: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err = repo.Base(short, "main"); !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "git rev-parse gave no answer for ") {
		t.Errorf("over the caller's: %v", err)
	}
}

// The message of a hostile commit may have any length.
func TestAGitThatPrintsWithoutEnd(t *testing.T) {
	repo := open(t, newHistory(t).dir)
	fakeGit(t, "exec yes")
	if _, err := git.AskWithin(repo, t.Context(), time.Hour, "cat-file"); !errors.Is(err, proc.ErrOutputTooLong) {
		t.Errorf("the error is %v", err)
	}
}
