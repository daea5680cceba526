package nix

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/flakeref"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
)

// SubstituterError says why a substituter could not be queried.
type SubstituterError struct {
	// URL has no credentials.
	URL    string
	Reason string

	url string // as in the settings
}

func (e *SubstituterError) Error() string { return e.URL + ": " + e.Reason }

func (s *Closures) substituterError(url string, err error) SubstituterError {
	reason := err.Error()
	var died *proc.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		reason = fmt.Sprintf("no answer within %s", s.timeout)
	case errors.As(err, &died) && died.LastLine != "":
		reason = died.LastLine
	}
	return SubstituterError{URL: nixlog.StripCredentials(url), Reason: nixlog.StripCredentials(reason), url: url}
}

// substituters lists those that Nix would use, in its order.
func (c *Client) substituters(ctx context.Context) ([]string, error) {
	out, err := c.showConfig(ctx)
	if err != nil {
		return nil, err
	}
	var urls []string
	allowed := true
	if err := decodeSettings(out, map[string]any{"substituters": &urls, "substitute": &allowed}); err != nil {
		return nil, err
	}
	if !allowed {
		return nil, nil
	}
	return urls, nil
}

// search is one lookup of a closure.
type search struct {
	*Closures
	prefetched bool
}

// lookUp looks up some paths, and perhaps what they need: first in the store, then in one
// substituter after the other.
func (s *search) lookUp(ctx context.Context, paths []string) error {
	if err := s.local(ctx, paths); err != nil {
		return err
	}
	rest := s.unknown(paths)
	if len(rest) == 0 {
		return nil
	}
	working, err := s.working(ctx)
	if err != nil {
		return err
	}
	if len(rest) > minPrefetch && !s.prefetched && len(working) > 0 {
		// The next lookup continues a prefetch that was cut short.
		s.prefetched = s.prefetch(ctx, working, rest) == nil
	}
	for _, url := range working {
		if err := s.ask(ctx, url, s.unknown(rest)); err != nil {
			return err
		}
	}
	return nil
}

// remoteBatch is few enough paths for a substituter on a slow line to answer, one after the other,
// within the time limit of a call.
const remoteBatch = 100

// ask asks a substituter. One that fails is not asked again: the time spent waiting must
// not grow with the number of closures. The error is for an interruption.
func (s *search) ask(ctx context.Context, url string, paths []string) error {
	args := []string{"--store", url}
	if !s.prefetched {
		// Nix remembers missing paths, which may be there by now.
		args = append(args, "--option", "narinfo-cache-negative-ttl", "0")
	}
	for batch := range slices.Chunk(paths, remoteBatch) {
		limited, cancel := context.WithTimeout(ctx, s.timeout)
		infos, err := s.client.pathInfos(limited, batch, args...)
		cancel()
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			s.failed = append(s.failed, s.substituterError(url, err))
			return nil
		}
		s.remember(infos, batch)
	}
	return nil
}

// minPrefetch is how many unknown paths suggest that many more are below them.
const minPrefetch = 10

// prefetch makes Nix fill its own cache with what substituters know about paths and everything
// below them. `nix path-info` asks for one path after the other, which takes minutes for a system.
// Checking what it would take to fetch the paths into an empty store asks for 25 at once. A
// failure does no harm: the question itself then fails again, with a reason.
func (s *search) prefetch(ctx context.Context, substituters, paths []string) error {
	empty, err := os.MkdirTemp(s.tmp, "empty-store-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(empty)
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	store := "local?root=" + flakeref.EscapeValue(empty)
	args := append(s.client.Version.jsonFormat(), "--json", "--store", store, "--fallback", "--option", "substitute", "true",
		"--option", "substituters", strings.Join(substituters, " "), "--option", "narinfo-cache-negative-ttl", "0")
	for batch := range slices.Chunk(paths, localBatch) {
		if _, err := s.client.run(ctx, call{sub: []string{"path-info"}, args: args, paths: batch, limit: s.client.limits.fetching(ctx)}); err != nil {
			return err
		}
	}
	return nil
}
