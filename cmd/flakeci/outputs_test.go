package main

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/flakeci/flakeci/result"
)

// A program of the job may have replaced the file of its outputs with a pipe: flakeci does
// not wait for a reader.
func TestOutputsThatAreAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outputs")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	a := &App{Env: []string{"GITHUB_ACTIONS=true", "GITHUB_OUTPUT=" + path}}
	if err := a.writeOutputs(result.Report{}); err == nil {
		t.Error("somebody read them")
	}
}
