package push

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/secretenv"
)

// Target is where to push: a store that Nix can write to, or a cache with a program of its own.
type Target struct {
	// Name names the target in messages and reports, without credentials and parameters.
	Name string

	store   string // the URL of a store, or empty
	program string // cachix or attic, or empty
	cache   string // what that program calls the cache
	owner   secretenv.Owner
	scheme  string
}

// TargetError is a target that flakeci cannot push to.
type TargetError struct {
	Text         string // as given
	Reason, Hint string
}

func (e *TargetError) Error() string { return e.Reason }

// The names that cachix and attic accept. Attic's may begin with the name of a server.
var (
	cachixRE = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	atticRE  = regexp.MustCompile(`^(?:[A-Za-z0-9][A-Za-z0-9+_-]*:)?[A-Za-z0-9][A-Za-z0-9+_-]*$`)
)

// schemes are the stores that Nix can copy to over a network or into a folder.
var schemes = []string{"file", "http", "https", "s3", "ssh", "ssh-ng"}

// ParseAll reads targets, each once. The error is a [*TargetError].
func ParseAll(texts []string) ([]Target, error) {
	var targets []Target
	for i, text := range texts {
		if slices.Contains(texts[:i], text) {
			continue
		}
		t, err := Parse(text)
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// Parse reads a target: a store URL, cachix:NAME, attic:CACHE or attic:SERVER:CACHE. The error is a
// [*TargetError].
func Parse(text string) (Target, error) {
	if name, found := strings.CutPrefix(text, "cachix:"); found {
		if !cachixRE.MatchString(name) {
			return Target{}, &TargetError{text, "cachix: takes the name of a cache", "for example cachix:mycache"}
		}
		return Target{Name: text, program: "cachix", cache: name, owner: secretenv.Cachix}, nil
	}
	if name, found := strings.CutPrefix(text, "attic:"); found {
		if !atticRE.MatchString(name) {
			return Target{}, &TargetError{text, "attic: takes CACHE or SERVER:CACHE", "for example attic:home:mycache"}
		}
		return Target{Name: text, program: "attic", cache: name, owner: secretenv.Attic}, nil
	}
	return parseStore(text)
}

func parseStore(text string) (Target, error) {
	scheme, rest, found := strings.Cut(text, "://")
	switch {
	case !found && path.IsAbs(text):
		return Target{}, &TargetError{text, "it takes a store URL, not a path", "give file://" + text + " for a binary cache in that folder"}
	case !found || !slices.Contains(schemes, scheme):
		return Target{}, &TargetError{text, "it takes a store URL, cachix:NAME or attic:NAME", "a store URL begins with " + strings.Join(schemes, "://, ") + "://"}
	case scheme == "file" && !path.IsAbs(rest):
		return Target{}, &TargetError{text, "the folder must be absolute", "for example file:///srv/cache"}
	case rest == "" || strings.HasPrefix(rest, "/") && scheme != "file":
		return Target{}, &TargetError{text, fmt.Sprintf("%s:// takes a name or an address", scheme), ""}
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return Target{}, &TargetError{text, "a URL has no spaces", "write a space as %20"}
	}
	t := Target{Name: nixlog.StripCredentials(text), store: text, scheme: scheme}
	if scheme == "s3" {
		t.owner = secretenv.AWS
	}
	return t, nil
}

// Owner returns whose environment variables the target alone gets, or "".
func (t Target) Owner() secretenv.Owner { return t.owner }

// signs reports whether Nix signs what it copies to the target.
func (t Target) signs() bool {
	_, query, _ := strings.Cut(t.store, "?")
	values, err := url.ParseQuery(query)
	return err != nil || values.Get("secret-key") != "" || values.Get("secret-keys") != ""
}

// isCache reports whether the target is a binary cache, from which Nix takes only signed paths.
// Cachix and attic sign by themselves.
func (t Target) isCache() bool {
	return slices.Contains([]string{"file", "http", "https", "s3"}, t.scheme)
}
