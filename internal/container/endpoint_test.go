package container

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func environment(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

// The environment comes before Docker's context, that before Podman's variable, and sockets last.
func TestEndpoints(t *testing.T) {
	home, err := os.MkdirTemp("", "e") // a short path, as a socket needs
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	id := sha256.Sum256([]byte("far"))
	meta := filepath.Join(home, ".docker", "contexts", "meta", hex.EncodeToString(id[:]))
	socket := filepath.Join(home, "podman", "podman.sock")
	for _, dir := range []string{meta, filepath.Dir(socket)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(meta, "meta.json"), []byte(`{"Name":"far","Endpoints":{"docker":{"Host":"tcp://far:2376","SkipTLSVerify":false}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	config := filepath.Join(home, ".docker", "config.json")
	for _, c := range []struct {
		env    map[string]string
		config string
		want   string // among others only if it is a socket
	}{
		{map[string]string{"DOCKER_HOST": "tcp://here", "DOCKER_CONTEXT": "far"}, "", "tcp://here"},
		{map[string]string{"DOCKER_CONTEXT": "far", "CONTAINER_HOST": "tcp://podman"}, "", "tcp://far:2376"},
		{nil, `{"currentContext": "far"}`, "tcp://far:2376"},
		{map[string]string{"CONTAINER_HOST": "tcp://podman"}, `{"currentContext": "default"}`, "tcp://podman"},
		{nil, `{`, "unix://" + socket},
	} {
		if err := os.WriteFile(config, []byte(c.config), 0o600); err != nil {
			t.Fatal(err)
		}
		env := map[string]string{"HOME": home, "XDG_RUNTIME_DIR": home}
		for k, v := range c.env {
			env[k] = v
		}
		got, err := endpoints(environment(env))
		if err != nil || !slices.Contains(got, c.want) || len(got) > 1 && c.want != "unix://"+socket {
			t.Errorf("%v with %s: %q, %v; want %s", c.env, c.config, got, err, c.want)
		}
	}
	var wrong *Error
	if _, err := endpoints(environment(map[string]string{"HOME": home, "DOCKER_CONTEXT": "none"})); !errors.As(err, &wrong) || wrong.Hint == "" {
		t.Errorf("a context that does not exist: %v", err)
	}
}

// ssh needs a program of its own, and says so.
func TestNoSSH(t *testing.T) {
	var wrong *Error
	if _, err := connect(t.Context(), environment(map[string]string{"DOCKER_HOST": "ssh://far"})); !errors.As(err, &wrong) || wrong.Hint == noEngineHint {
		t.Errorf("ssh: %v", err)
	}
}
