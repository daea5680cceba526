package nix

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

func TestMain(m *testing.M) {
	defer os.RemoveAll(cache)
	m.Run()
}

// cache is where Nix keeps what it fetched and evaluated, so that tests do not depend on the
// user's own cache.
var cache = func() string {
	dir, err := os.MkdirTemp("", "flakeci-nix-test-")
	if err != nil {
		panic(err)
	}
	registry := filepath.Join(dir, "registry.json")
	if err := os.WriteFile(registry, []byte(`{"flakes": [], "version": 2}`), 0o644); err != nil {
		panic(err)
	}
	return dir
}()

func testEnv() []string {
	return append(append(os.Environ(), lanes.Env()...), "XDG_CACHE_HOME="+filepath.Join(cache, "xdg"), "HOME="+cache)
}

// testSettings keep Nix away from the network: waiting for one that is missing takes time.
func testSettings() [][2]string {
	return [][2]string{
		{"flake-registry", filepath.Join(cache, "registry.json")},
		{"download-attempts", "1"}, {"connect-timeout", "1"},
	}
}
