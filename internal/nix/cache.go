package nix

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/flakeci/flakeci/internal/nix/evalcache"
	"github.com/flakeci/flakeci/internal/nix/question"
)

// A pure evaluation of the same flake with the same inputs gives the same result, if the
// Nix and its settings are the same too. So results are kept from one run to the next.
// Errors are not: what could not be fetched may be available the next time.

// answersFormat names what an answer holds. Change it with [question.Instance], so that no saved
// answer lacks what this version reports.
const answersFormat = "with warnings and names"

// cacheFile returns where the results for a flake are kept. It is "" if they must not be kept:
// what the evaluation reads is unknown, or the user has switched off Nix's own cache.
func (c *Client) cacheFile(ctx context.Context, f Flake, o FlakeOptions) string {
	settings, err := c.showConfig(ctx)
	keep, pure := true, true
	if c.evalCache == "" || o.Impure || err != nil || decodeSettings(settings, map[string]any{"eval-cache": &keep, "pure-eval": &pure}) != nil || !keep || !pure {
		return ""
	}
	name := evalcache.Hash(append([][]byte{[]byte(answersFormat), []byte(c.Version.String()), settings}, f.identity()...)...)
	return filepath.Join(c.evalCache, name+evalcache.Suffix)
}

// identity returns everything that an evaluation of the flake depends on: what the flake can see
// of itself, its inputs, and its files, identified by the hash in their path.
func (f Flake) identity() [][]byte {
	var m struct {
		Locked, Locks json.RawMessage
		Path          string
	}
	_ = json.Unmarshal(f.described, &m) // it was decoded before
	return [][]byte{m.Locked, m.Locks, []byte(m.Path), []byte(f.Dir)}
}

// Fingerprint identifies the flake and all its inputs in their current state. The content
// identifies a tree that is not committed.
func (f Flake) Fingerprint() string { return evalcache.Hash(f.identity()...) }

// Content identifies the flake and all its inputs like [Flake.Fingerprint], wherever the flake
// itself was read from: a checkout has another path on each machine, and evaluation does not see
// it.
func (f Flake) Content() string {
	var m struct {
		Locked map[string]any
		Locks  json.RawMessage
		Path   string
	}
	_ = json.Unmarshal(f.described, &m) // it was decoded before
	var seen []any
	for _, name := range []string{"narHash", "rev", "dirtyRev", "revCount", "lastModified", "submodules"} {
		seen = append(seen, m.Locked[name])
	}
	text, _ := json.Marshal(seen) // they come from JSON
	return evalcache.Hash(text, m.Locks, []byte(filepath.Base(m.Path)), []byte(f.Dir))
}

// IsOne reports whether all evaluations read the same files of the flake itself, because a
// revision or Nix's own copy fixes them. A tree that is not committed may be edited during the
// run.
func (f *Flake) IsOne() bool { return f.Rev != "" || f.reference() == f.copy }

// inputsAreOne reports whether all evaluations read the same inputs, because the lock file fixes
// them. Nix looks up an input again each time if it is overridden or not in the lock file.
func (f *Flake) inputsAreOne() bool {
	var locks struct{ Locks any }
	var file any
	err := errors.Join(json.Unmarshal(f.described, &locks), json.Unmarshal([]byte(f.read(filepath.Join(f.Dir, "flake.lock"))), &file))
	return err == nil && reflect.DeepEqual(file, locks.Locks)
}

// changed is the error for a flake that changed during the run.
func (f Flake) changed(now Flake) error {
	text := "its files changed during the run, so cells may be from different versions of it"
	if f.StorePath == now.StorePath {
		text = "an input changed during the run, so cells may be from different versions of it"
	}
	return errors.New(text)
}

// Damage returns why the results of earlier runs could not be used, so that everything is
// evaluated again. It is nil if they could.
func (t *Target) Damage() error { return t.cache.Damage() }

// Save keeps what was evaluated for the next run. If the flake may have changed, Save
// resolves it again: what was evaluated may belong to a later state.
func (t *Target) Save(ctx context.Context) error {
	if !t.cache.Changed() {
		return nil
	}
	if own := t.Flake.IsOne(); !own || !t.Flake.inputsAreOne() {
		now, err := t.client.Resolve(ctx, t.Flake.reference(), t.options)
		if err != nil {
			return err
		}
		then, later := t.Flake.identity(), now.identity()
		if own {
			then, later = then[1:], later[1:] // Nix may write the same source differently
		}
		if !slices.EqualFunc(then, later, slices.Equal[[]byte]) {
			return t.Flake.changed(now)
		}
	}
	return t.cache.Save()
}

// cached decodes the result of a function, and reports whether it is known.
func (t *Target) cached(function string, into any) bool {
	raw, ok := t.cache.Get(function)
	return ok && unmarshalNoNull(raw, into) == nil
}

// Known returns what an earlier run evaluated, if its derivations are still in the store.
func (t *Target) Known(q question.Question) (question.Instance, bool) {
	var in question.Instance
	if !t.cached(question.Function(q.Expr()), &in) || t.finish(q, &in) != nil {
		return question.Instance{}, false
	}
	drvs := []string{in.DrvPath}
	for _, h := range in.Homes {
		drvs = append(drvs, h.Instance.DrvPath)
	}
	for _, drv := range drvs {
		if drv == "" {
			continue // a package that is left out
		}
		if _, err := os.Lstat(drv); err != nil {
			return question.Instance{}, false
		}
	}
	return in, true
}
