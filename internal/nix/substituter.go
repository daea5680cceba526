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

// SubstituterError says why a substituter could not be asked.
type SubstituterError struct {
	// URL is without what may be secret in it.
	URL    string
	Reason string

	url string // as it is set up
}

func (e *SubstituterError) Error() string { return e.URL + ": " + e.Reason }

func (s *Closures) substituterError(url string, err error) SubstituterError {
	reason := err.Error()
	var died *proc.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		reason = fmt.Sprintf("no answer within %s", s.patience)
	case errors.As(err, &died) && died.LastLine != "":
		reason = died.LastLine
	}
	return SubstituterError{URL: nixlog.StripCredentials(url), Reason: nixlog.StripCredentials(reason), url: url}
}

// substituters are those that Nix would use, in its order.
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
	primed bool
}

// lookUp learns what there is to learn of some paths, and perhaps of what they
// need: each is asked for here first and then at one substituter after the other.
func (s *search) lookUp(ctx context.Context, paths []string) error {
	if err := s.local(ctx, paths); err != nil {
		return err
	}
	rest := s.unknown(paths)
	if len(rest) == 0 {
		return nil
	}
	live, err := s.live(ctx)
	if err != nil {
		return err
	}
	if len(rest) > primeFrom && !s.primed && len(live) > 0 {
		// What was cut short goes on where it stopped.
		s.primed = s.prime(ctx, live, rest) == nil
	}
	for _, url := range live {
		if err := s.ask(ctx, url, s.unknown(rest)); err != nil {
			return err
		}
	}
	return nil
}

// So few paths are in one call to a substituter that the time for a call is time
// for all of them, one after the other, on a slow line.
const remoteBatch = 100

// ask asks a substituter. One that fails is noted and not asked again: how long
// the dead are waited for must not depend on how many closures there are. The
// error is for an interruption.
func (s *search) ask(ctx context.Context, url string, paths []string) error {
	args := []string{"--store", url}
	if !s.primed {
		// What Nix remembers not to be there may be there by now.
		args = append(args, "--option", "narinfo-cache-negative-ttl", "0")
	}
	for batch := range slices.Chunk(paths, remoteBatch) {
		limited, cancel := context.WithTimeout(ctx, s.patience)
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

// So many paths at once promise that there are many more below them.
const primeFrom = 10

// prime has Nix fetch what substituters say of paths and of all that is below
// them into its own cache. `nix path-info` asks for one path after the other,
// which takes minutes for a system; looking what it would take to fetch it into
// an empty store asks for 25 at once. Nobody relies on it: what fails here fails
// again, with a reason, when it is asked for.
func (s *search) prime(ctx context.Context, substituters, paths []string) error {
	empty, err := os.MkdirTemp(s.tmp, "empty-store-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(empty)
	ctx, cancel := context.WithTimeout(ctx, s.patience)
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
