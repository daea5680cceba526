package nix

import (
	"context"
	"encoding/json"
	"errors"
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

// Content identifies the flake and all its inputs like [Flake.Fingerprint], wherever they were read
// from: a folder has another path on each machine, and evaluation does not see it.
func (f Flake) Content() string {
	var m struct {
		Locked map[string]any
		Locks  struct {
			Nodes map[string]map[string]any
			Root  string
		}
		Path string
	}
	_ = json.Unmarshal(f.described, &m) // it was decoded before
	seen := []any{filepath.Base(m.Path), m.Locked["narHash"], m.Locked["rev"]}
	if f.Rev == "" { // otherwise the revision says when the files were last changed
		seen = append(seen, m.Locked["dirtyRev"], m.Locked["lastModified"])
	}
	for _, node := range m.Locks.Nodes {
		locked, _ := node["locked"].(map[string]any)
		if locked["narHash"] == nil {
			continue
		}
		delete(node, "original")
		delete(locked, "url") // it may be a repository on this machine
		if locked["type"] == "path" {
			delete(locked, "path")
			delete(locked, "lastModified") // when the files were written here
		}
	}
	text, _ := json.Marshal([]any{seen, m.Locks}) // they come from JSON
	return evalcache.Hash([]byte(answersFormat), text, []byte(f.Dir))
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

// Known returns what an earlier run evaluated, if its derivations are still in the store. With
// the answers of another run, it may also return the error in which that run ended, and an
// [*UnansweredError] for a question that the other run did not ask.
func (t *Target) Known(q question.Question) (in question.Instance, known bool, err error) {
	function := question.Function(q.Expr())
	if e := t.failure(function); e != nil {
		return question.Instance{Warnings: e.Warnings}, true, e.Error
	}
	if !t.cached(function, &in) || t.finish(q, &in) != nil {
		// The homes in a VM are those that were built, which nobody knows before.
		if t.cache.Given() && q.VM == nil {
			return question.Instance{}, true, &UnansweredError{Path: q.Path}
		}
		return question.Instance{}, false, nil
	}
	if t.cache.Given() {
		return in, true, nil // the caller has imported the derivations
	}
	drvs := []string{in.DrvPath}
	for _, h := range in.Homes {
		drvs = append(drvs, h.Instance.DrvPath)
	}
	for _, drv := range drvs {
		if drv != "" && t.client.MayLack(drv) { // it is empty for a package that is left out
			return question.Instance{}, false, nil
		}
	}
	return in, true, nil
}
