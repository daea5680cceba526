package nix

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/flakeci/flakeci/internal/proc"
)

// Target is a resolved flake that can be asked questions in the Nix language.
//
// Questions go through a generated wrapper flake with the flake as its only
// input: an attribute path on the command line is tried below
// packages.<system> first, so a flake whose packages throw would hide its
// hosts (2.8 has no way to say "from the root").
type Target struct {
	Flake Flake

	client  *Client
	options FlakeOptions
	wrapper string // its reference
	answers *answers
}

const wrapperFlake = `{
  description = "flakeci asks the flake under test through this one";
  inputs.target.url = "path:/var/empty";
  outputs = { self, target }: { inherit target; };
}
`

// Open resolves the reference and prepares questions about it; see
// [Client.Resolve] for its errors. The wrapper lives in dir, which the caller
// removes in the end.
func (c *Client) Open(ctx context.Context, ref string, o FlakeOptions, dir string) (*Target, error) {
	f, err := c.Resolve(ctx, ref, o)
	t := &Target{Flake: f, client: c, options: o, answers: &answers{}}
	if err != nil {
		return t, err
	}
	if t.options.Overrides, err = c.overrides(o.Overrides); err != nil {
		return t, err
	}
	wrapper := filepath.Join(dir, "wrapper")
	if err := os.MkdirAll(wrapper, 0o755); err != nil {
		return t, err
	}
	if t.wrapper, err = c.nixRef("path:" + wrapper); err != nil {
		return t, err
	}
	t.answers = openAnswers(c.answersOf(ctx, f, o))
	return t, os.WriteFile(filepath.Join(wrapper, "flake.nix"), []byte(wrapperFlake), 0o644)
}

// Eval applies a Nix function to the flake and decodes the JSON it gives, in which
// there is no null. An error of the flake is a [*nixlog.EvalError], something that does not
// fit an [*AnswerError]; a process that died otherwise is the [*proc.Error] of it.
func (t *Target) Eval(ctx context.Context, function string, into any, adjust ...func(*question)) (proc.Usage, error) {
	if t.answers.get(function, into) {
		return proc.Usage{}, nil
	}
	var raw json.RawMessage
	q := t.applying(function)
	for _, a := range adjust {
		a(&q)
	}
	usage, err := t.client.evaluate(ctx, q, &raw)
	if err != nil {
		return usage, err
	}
	if err := unmarshalWhole(raw, into); err != nil {
		return usage, badAnswer("eval", "%v", err)
	}
	t.answers.add(function, raw) // which is read again, so it must fit
	return usage, nil
}

// applying is the question of what a function gives for the flake.
func (t *Target) applying(function string) question {
	q := question{flake: &t.Flake, prefix: "target/", call: call{sub: []string{"eval"}, refs: []string{t.wrapper + "#target"}}}
	q.args = t.args(q.prefix, "--apply", function, "--no-eval-cache", "--override-input", "target", t.Flake.reference())
	return q
}

// args adds what the user gave for the flake; prefix is where it stands among
// the inputs of what is called.
func (t *Target) args(prefix string, args ...string) []string {
	args = append(args, overrideArgs(prefix, t.options.Overrides)...)
	if t.options.Impure {
		args = append(args, "--impure")
	}
	return args
}
