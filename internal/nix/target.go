package nix

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flakeci/flakeci/internal/nix/evalcache"
	"github.com/flakeci/flakeci/internal/nix/flakeref"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/tmpdir"
)

// Target is a resolved flake that answers questions in the Nix language.
//
// Questions go through a generated wrapper flake with the flake as its only input. Nix looks for
// an attribute path on the command line in packages.<system> first, so if a flake's packages
// throw, its hosts cannot be reached (2.8 has no way to start from the root).
type Target struct {
	Flake Flake

	client  *Client
	options FlakeOptions
	wrapper string // its reference
	cache   *evalcache.Cache
}

const wrapperFlake = `{
  description = "flakeci asks the flake under test through this one";
  inputs.target.url = "path:/var/empty";
  outputs = { self, target }: { inherit target; };
}
`

// Open resolves the reference and prepares questions about it. For its errors see
// [Client.Resolve]. The wrapper is written to dir, which the caller removes at the end.
func (c *Client) Open(ctx context.Context, ref string, o FlakeOptions, dir string) (*Target, error) {
	f, err := c.Resolve(ctx, ref, o)
	t := &Target{Flake: f, client: c, options: o, cache: &evalcache.Cache{}}
	if err != nil {
		c.addOtherInputs(ctx, ref, o, dir, err)
		return t, err
	}
	if t.options.Overrides, err = c.overrides(o.Overrides); err != nil {
		return t, err
	}
	wrapper := filepath.Join(dir, "wrapper")
	if err := os.MkdirAll(wrapper, 0o755); err != nil {
		return t, err
	}
	if t.wrapper, err = c.nixRef(flakeref.Parse("path:" + wrapper)); err != nil {
		return t, &tmpdir.Error{Folder: dir, Err: fmt.Errorf("a folder with this name needs Nix %s or newer, not %s", sinceEncodedFolders(), c.Version)}
	}
	t.cache = evalcache.Open(c.cacheFile(ctx, f, o))
	return t, os.WriteFile(filepath.Join(wrapper, "flake.nix"), []byte(wrapperFlake), 0o644)
}

// Eval applies a Nix function to the flake and decodes the result, which must not contain
// null. The error is a [*nixlog.EvalError] if the flake is to blame, an [*AnswerError] for a
// result that cannot be decoded, and otherwise the [*proc.Error] of the process.
func (t *Target) Eval(ctx context.Context, function string, into any, adjust ...func(*evalCall)) (proc.Usage, error) {
	if t.cached(function, into) {
		return proc.Usage{}, nil
	}
	if e := t.failure(function); e != nil {
		return proc.Usage{}, e.Error
	}
	var raw json.RawMessage
	q := t.apply(function)
	for _, a := range adjust {
		a(&q)
	}
	usage, err := t.client.evaluate(ctx, q, &raw)
	if err != nil {
		t.fail(function, nil, err)
		return usage, err
	}
	if err := unmarshalNoNull(raw, into); err != nil {
		return usage, badAnswer("eval", "%v", err)
	}
	t.cache.Add(function, raw) // only once it could be decoded, as a later run must
	return usage, nil
}

// apply returns the call that applies a function to the flake.
func (t *Target) apply(function string) evalCall {
	q := evalCall{flake: &t.Flake, prefix: "target/", call: call{sub: []string{"eval"}, refs: []string{t.wrapper + "#target"}}}
	q.args = t.args(q.prefix, "--apply", function, "--no-eval-cache", "--override-input", "target", t.Flake.reference())
	return q
}

// args appends the user's options for the flake. Prefix is the flake's path among the inputs of
// what is called.
func (t *Target) args(prefix string, args ...string) []string {
	args = append(args, overrideArgs(prefix, t.options.Overrides)...)
	if t.options.Impure {
		args = append(args, "--impure")
	}
	return args
}
