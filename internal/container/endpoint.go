package container

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/flakeci/flakeci/internal/safefile"
)

// maxConfig limits the configuration of Docker's command line, in bytes.
const maxConfig = 1 << 20

// endpoints lists where an engine may listen, the best place first. If the environment or Docker's
// context names one, it is the only one.
func endpoints(env func(string) string) ([]string, error) {
	if host := env("DOCKER_HOST"); host != "" {
		return []string{host}, nil
	}
	host, err := contextHost(env)
	if err != nil {
		return nil, err
	}
	if host != "" {
		return []string{host}, nil
	}
	if host := env("CONTAINER_HOST"); host != "" { // podman's own
		return []string{host}, nil
	}
	home, runtime := env("HOME"), env("XDG_RUNTIME_DIR")
	if runtime == "" {
		runtime = filepath.Join("/run/user", strconv.Itoa(os.Getuid()))
	}
	var found []string
	for _, path := range []string{
		"/var/run/docker.sock", runtime + "/docker.sock",
		home + "/.docker/run/docker.sock", home + "/.docker/desktop/docker.sock", // Docker Desktop
		home + "/.orbstack/run/docker.sock", home + "/.colima/default/docker.sock", home + "/.rd/docker.sock",
		runtime + "/podman/podman.sock", "/run/podman/podman.sock", env("TMPDIR") + "/podman/podman-machine-default-api.sock",
	} {
		if st, err := os.Stat(path); err == nil && st.Mode().Type() == os.ModeSocket {
			found = append(found, "unix://"+path)
		}
	}
	return found, nil
}

// contextHost returns the address of the context in which Docker's command line works, or "".
// https://docs.docker.com/engine/manage-resources/contexts/ says how they are stored.
func contextHost(env func(string) string) (string, error) {
	dir := env("DOCKER_CONFIG")
	if dir == "" {
		dir = filepath.Join(env("HOME"), ".docker")
	}
	name := env("DOCKER_CONTEXT")
	if name == "" {
		name = currentContext(filepath.Join(dir, "config.json"))
	}
	if name == "" || name == "default" {
		return "", nil
	}
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	id := sha256.Sum256([]byte(name))
	path := filepath.Join(dir, "contexts", "meta", hex.EncodeToString(id[:]), "meta.json")
	text, err := safefile.ReadTarget(path, maxConfig)
	if err == nil {
		err = json.Unmarshal(text, &meta)
	}
	if err != nil {
		return "", &Error{Msg: fmt.Sprintf("Docker's context %s cannot be read: %v", name, err), Hint: "choose another one with docker context use"}
	}
	return meta.Endpoints["docker"].Host, nil
}

// currentContext returns the context that a file names, or "". Most people have no such file, and
// Docker reports a broken one.
func currentContext(path string) string {
	var config struct {
		CurrentContext string `json:"currentContext"`
	}
	if text, err := safefile.ReadTarget(path, maxConfig); err == nil {
		_ = json.Unmarshal(text, &config)
	}
	return config.CurrentContext
}
