package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// Error is an error with a hint for the user.
type Error struct{ Msg, Hint string }

func (e *Error) Error() string { return e.Msg }

// engine is a container engine that answers.
type engine struct {
	host     string
	client   *client.Client
	provider *testcontainers.DockerProvider
}

const noEngineHint = "start Docker or Podman (systemctl --user start podman.socket), or name its socket in DOCKER_HOST"

// pingLimit is how long an engine may take for its first answer.
const pingLimit = 20 * time.Second

// connect finds the engine.
func connect(ctx context.Context, env func(string) string) (*engine, error) {
	hosts, err := endpoints(env)
	if err != nil {
		return nil, err
	}
	if len(hosts) == 0 {
		return nil, &Error{"found no container engine: there is no socket of Docker or Podman", noEngineHint}
	}
	var failed []error
	for _, host := range hosts {
		e, err := dial(ctx, host)
		if err == nil {
			return e, nil
		}
		if advice := new(Error); errors.As(err, &advice) {
			return nil, err
		}
		failed = append(failed, err)
	}
	return nil, &Error{errors.Join(failed...).Error(), noEngineHint}
}

func dial(ctx context.Context, host string) (*engine, error) {
	if strings.HasPrefix(host, "ssh://") {
		return nil, &Error{"cannot reach the container engine at " + host + ": ssh is not supported", "forward its socket (ssh -L /tmp/docker.sock:/var/run/docker.sock HOST) and set DOCKER_HOST=unix:///tmp/docker.sock"}
	}
	c, err := client.New(client.FromEnv, client.WithHost(host))
	if err != nil {
		return nil, fmt.Errorf("cannot use the container engine at %s: %w", host, err)
	}
	asking, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	if _, err := c.Ping(asking, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return nil, fmt.Errorf("no container engine answers at %s: %w", host, err)
	}
	network, err := defaultNetwork(asking, c)
	if err != nil {
		return nil, err
	}
	// testcontainers-go reads these when it is used first. It would otherwise start its reaper, and
	// look for an engine by itself.
	for name, value := range map[string]string{"TESTCONTAINERS_RYUK_DISABLED": "true", "DOCKER_HOST": host} {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	quiet := log.NewNoopLogger()
	log.SetDefault(quiet)
	p, err := testcontainers.NewDockerProvider(testcontainers.WithDefaultBridgeNetwork(network))
	if err != nil {
		return nil, err
	}
	p.SetClient(c)
	return &engine{host: host, client: c, provider: p}, nil
}

// defaultNetwork returns a network that exists. Without one of this name, testcontainers-go would
// create another, which would stay.
func defaultNetwork(ctx context.Context, c *client.Client) (string, error) {
	list, err := c.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return "", fmt.Errorf("cannot list the networks of the container engine: %w", err)
	}
	known := map[string]bool{}
	for _, n := range list.Items {
		known[n.Name] = true
	}
	for _, name := range []string{"bridge", "podman", "none"} {
		if known[name] {
			return name, nil
		}
	}
	return "bridge", nil
}
