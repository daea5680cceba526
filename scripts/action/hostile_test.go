package action_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flakeci/flakeci/internal/git/planted"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// No git that the scripts start runs programs of a checkout, wherever the scripts start and
// whichever folder the flake is in. The base comes from the checkout's own repository.
func TestActionOnAHostileCheckout(t *testing.T) {
	lanes.Heavy(t, "takes some seconds")
	for _, where := range []struct{ dir, flake string }{{".", "nix"}, {".", "."}, {"nix", "."}} {
		c := planted.New(t, nil)
		dir := filepath.Join(c.Dir, where.dir)
		said, _, exit := actionScript(t, "run", dir, runInputs(t, "FLAKE="+where.flake, "EVENT_BASE="+c.Other)...)
		if exit != 0 || !strings.Contains(said, "--base="+c.Other+"\n") {
			t.Errorf("%v: exit %d\n%s", where, exit, said)
		}
		planted.Git(t, c.Dir, "cat-file", "-e", c.Other) // it was fetched
		said, _, exit = actionScript(t, "plan", dir, "GITHUB_SERVER_URL=ssh://x.invalid", "ACTION_REF=v0", "ACTION_REPOSITORY=a/b")
		if exit != 0 {
			t.Errorf("%v: plan: exit %d\n%s", where, exit, said)
		}
		if sprung := c.Sprung(t); len(sprung) > 0 {
			t.Errorf("%v: %q ran", where, sprung)
		}
	}
}

// The base does not come from a bare repository inside the checkout.
func TestActionWithoutARepository(t *testing.T) {
	c := planted.New(t, nil)
	check(t, os.Rename(filepath.Join(c.Dir, ".git"), filepath.Join(t.TempDir(), "gone")))
	said, _, exit := actionScript(t, "run", c.Nix, runInputs(t, "EVENT_BASE="+c.Other)...)
	if sprung := c.Sprung(t); exit != 0 || len(sprung) > 0 {
		t.Errorf("exit %d, %q ran\n%s", exit, sprung, said)
	}
}

// The action fetches the base of a private repository with the token, in a single header even
// if the checkout keeps a credential: GitHub refuses two. flakeci does not get the header.
func TestActionFetchesWithItsToken(t *testing.T) {
	var mu sync.Mutex
	var asked [][]string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Header.Values("Authorization"))
		http.Error(w, "no", http.StatusForbidden)
	}))
	t.Cleanup(server.Close)
	c := planted.New(t, nil)
	planted.Git(t, c.Dir, "remote", "set-url", "origin", server.URL+"/joachim/fleet")
	planted.Git(t, c.Dir, "config", "http."+server.URL+"/.extraheader", "AUTHORIZATION: basic a2VwdA==")
	inputs := runInputs(t, "EVENT_BASE="+c.Other, "GITHUB_SERVER_URL="+server.URL)
	bin := strings.TrimPrefix(inputs[slices.IndexFunc(inputs, func(i string) bool { return strings.HasPrefix(i, "BIN=") })], "BIN=")
	write(t, filepath.Join(bin, "flakeci"), "#!/bin/sh\nenv\n")
	said, _, _ := actionScript(t, "run", c.Dir, inputs...)
	want := "basic " + base64.StdEncoding.EncodeToString([]byte("x-access-token:"+token))
	if len(asked) == 0 || !slices.Equal(asked[0], []string{want}) {
		t.Errorf("asked with %q, want %q alone", asked, want)
	}
	if strings.Contains(said, strings.TrimPrefix(want, "basic ")) {
		t.Errorf("flakeci is handed the header:\n%s", said)
	}
}
