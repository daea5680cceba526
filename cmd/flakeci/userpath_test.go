package main

import (
	"path/filepath"
	"testing"
)

// flakeci's own folders are never in the checkout that it tests: relative paths in variables
// are ignored.
func TestOwnFoldersAreAbsolute(t *testing.T) {
	for _, env := range [][]string{
		nil,
		{"HOME=home", "XDG_STATE_HOME=state", "XDG_CACHE_HOME=cache"},
		{"HOME=./home", "XDG_STATE_HOME=.", "XDG_CACHE_HOME="},
		{"HOME=/home/me", "XDG_STATE_HOME=state", "XDG_CACHE_HOME=cache"},
		{"HOME=home", "XDG_STATE_HOME=/state", "XDG_CACHE_HOME=/cache"},
	} {
		a := &App{Env: env}
		for name, path := range map[string]string{
			"journal": a.statePath("journal"), "history": a.statePath("history.db"),
			"answers": a.cachePath("eval"), "accelerator": a.cachePath("kvm.json"),
		} {
			if path != "" && !filepath.IsAbs(path) {
				t.Errorf("%q: %s lies in %s", env, name, path)
			}
		}
	}
}
