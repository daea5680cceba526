package git

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const config = `[core]
	repositoryformatversion = 1
	bare = false
	worktree = "../a \"quoted\" \\ folder"
	sshCommand = evil
	fsmonitor = evil
	hooksPath = evil
[extensions]
	objectFormat = sha256
	partialClone = origin
[http "https://example.org/"]
	extraheader = AUTHORIZATION: basic c2VjcmV0
[remote "origin.with.dots"]
	url = https://user:secret@example.org/r.git
	fetch = +refs/heads/*:refs/remotes/origin/*
	uploadpack = evil
[credential]
	helper = evil
[filter "x"]
	smudge = evil
[include]
	path = evil
[submodule "lib"]
	active
	url = git@example.org:lib
`

// A copy of a repository's configuration reads like the original, but without what is secret and
// what names programs.
func TestConfigFile(t *testing.T) {
	env := os.Environ()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := ConfigFile(t.Context(), path, env)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"evil", "secret", "c2VjcmV0", "extraheader", "partialclone"} {
		if strings.Contains(strings.ToLower(string(text)), strings.ToLower(bad)) {
			t.Errorf("%s is in the copy:\n%s", bad, text)
		}
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := run(t.Context(), env, askLimit, "config", "--file", path, "--list")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"core.repositoryformatversion=1", `core.worktree=../a "quoted" \ folder`, "extensions.objectformat=sha256",
		"remote.origin.with.dots.url=https://example.org/r.git", "remote.origin.with.dots.fetch=+refs/heads/*:refs/remotes/origin/*",
		"submodule.lib.active", "submodule.lib.url=git@example.org:lib",
	} {
		if !strings.Contains(list+"\n", want+"\n") {
			t.Errorf("the copy lacks %s:\n%s", want, list)
		}
	}
	again, err := ConfigFile(t.Context(), path, env)
	if err != nil || string(again) != string(text) {
		t.Errorf("a copy of the copy differs (%v):\n%s", err, again)
	}
}

// No URL in a copy has a password, even one that Go cannot parse.
func TestWithoutUser(t *testing.T) {
	for url, want := range map[string]string{
		"https://user:secret@example.org/r.git":  "https://example.org/r.git",
		"HTTPS://token@example.org/r.git":        "https://example.org/r.git",
		"https://user:50%secret@example.org/r":   "https://example.org/r",
		"https://user:a^b{secret}@example.org/r": "https://example.org/r",
		"https://user:se/c@ret@example.org/r@v1": "https://v1", // git cannot use it either
		"ssh://git:secret@example.org/r":         "ssh://example.org/r",
		"ssh://git@example.org/r":                "ssh://git@example.org/r",
		"git@example.org:r":                      "git@example.org:r",
		"../lib":                                 "../lib",
		"+refs/heads/*:refs/remotes/origin/*":    "+refs/heads/*:refs/remotes/origin/*",
	} {
		if got := withoutUser(url); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}

// Whatever git lists, each setting that may go along is one line in a section of its own.
func FuzzKept(f *testing.F) {
	f.Add("core.bare", "false")
	f.Add(`remote.a"b].url`, "https://u:p@h/")
	f.Add("http.x.extraheader", "secret")
	f.Add("extensions", "a\nb")
	f.Fuzz(func(t *testing.T, name, value string) {
		if strings.ContainsAny(name, "\n\x00") || strings.Contains(value, "\x00") {
			t.Skip("these separate what git lists")
		}
		text := string(copyOf(name + "\n" + value))
		want := 0
		if kept(name) {
			want = 2
		}
		if got := strings.Count(text, "\n"); got != want {
			t.Errorf("%q is %d lines, want %d: %q", name, got, want, text)
		}
	})
}
