package nix

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/flakeci/flakeci/internal/proc"
)

// Nix's output is redacted before it is parsed or shortened: every line, and the one that an
// error quotes. A line with an answer stays as it is.
func TestOutputIsRedacted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nix")
	const says = "#!/bin/sh\necho >&2\necho 'a secret' >&2\necho 'error: a secret' >&2\nexit 1\n"
	if err := os.WriteFile(path, []byte(says), 0o700); err != nil {
		t.Fatal(err)
	}
	c := newClient(Options{Path: path, Redact: func(line []byte) []byte {
		if len(line) == 0 {
			t.Error("an empty line is redacted")
		}
		return bytes.ReplaceAll(line, []byte("secret"), []byte("***"))
	}})
	var lines []string
	_, err := c.run(context.Background(), call{line: func(line []byte) { lines = append(lines, string(line)) }})
	var died *proc.Error
	if !errors.As(err, &died) || died.LastLine != "error: a ***" {
		t.Errorf("the error is %v", err)
	}
	if len(lines) != 3 || lines[1] != "a ***" || lines[2] != "error: a ***" {
		t.Errorf("the lines are %q", lines)
	}
	lines = nil
	if _, err := c.run(context.Background(), call{answer: []byte("a sec"), line: func(line []byte) { lines = append(lines, string(line)) }}); err == nil || lines[1] != "a secret" {
		t.Errorf("with an answer the lines are %q", lines)
	}
}

func TestCredentials(t *testing.T) {
	c := &Client{config: []byte(`{
		"access-tokens": {"value": {"github.com": "a", "gitlab.com": "PAT:b"}, "description": "such as https://c@d"},
		"substituters": {"value": ["https://u:p@one", "two"]}, "builders": {"value": "ssh://u:p@three"},
		"cores": {"value": 4}, "sandbox": {"value": true}, "nothing": {"value": null}, "empty": {}}`)}
	want := "access-tokens = github.com=a gitlab.com=PAT:b\nbuilders = ssh://u:p@three\nnothing = \nsubstituters = https://u:p@one two\n"
	if got := c.Credentials(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (&Client{}).Credentials(); got != "" {
		t.Errorf("no settings give %q", got)
	}
}
