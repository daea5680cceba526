package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
)

// baseFlags say what a run is compared with.
type baseFlags struct {
	ref, report string
	changedOnly bool
	needed      bool // without a base there is nothing to do
}

func (f *baseFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.ref, "base", "", "compare with the flake at `REF`: a git revision of its repository, or a flake reference")
	fs.StringVar(&f.report, "base-report", "", "take what the base came to from `FILE`, a report that an earlier run saved with --json")
	fs.BoolVar(&f.changedOnly, "changed-only", false, "leave out what has the same derivation as at the base")
}

func (f *baseFlags) check() error {
	if f.changedOnly && f.ref == "" && f.report == "" {
		return &usageError{msg: "--changed-only needs a base", hint: "give one with --base REF, such as --base main"}
	}
	return nil
}

func (f *baseFlags) given() bool { return f.ref != "" || f.report != "" }

// baseline is what a run is compared with, on its way.
type baseline struct {
	base   *runner.Base // nil if there is nothing to compare with
	report *result.Base
}

// findBase opens the flake before the change and lists what it offered. In CI, the
// report says why there is no base, and the flake is tested all the same. At a desk, a
// base that does not exist is an error. A file that is not a report always is.
func (j *job) findBase(ctx context.Context, tmp string) (baseline, error) {
	f := j.opts.base
	if !f.given() {
		return baseline{}, nil
	}
	b := baseline{base: &runner.Base{ChangedOnly: f.changedOnly, Closures: j.client.Closures(tmp)}, report: &result.Base{Ref: f.ref}}
	if f.report != "" {
		if err := b.readReport(f.report); err != nil {
			return baseline{}, err
		}
	}
	if f.ref == "" {
		return b, nil
	}
	err := b.open(ctx, j, filepath.Join(tmp, "base"))
	var none *noBaseError
	if errors.As(err, &none) && ctx.Err() == nil && (f.needed || !j.app.inCI()) {
		return baseline{}, j.opts.origin.mistake("base", "there is nothing to compare with: "+err.Error(), none.hint)
	}
	if err != nil {
		b.report.Missing, b.base = err.Error(), nil
	}
	return b, nil
}

// noBaseError says that the base does not exist.
type noBaseError struct {
	err  error
	hint string
}

func (e *noBaseError) Error() string { return e.err.Error() }

func (e *noBaseError) Unwrap() error { return e.err }

// readReport takes what the base came to from an earlier run.
func (b *baseline) readReport(path string) error {
	file, err := safefile.OpenNamed(path)
	if err != nil {
		return &usageError{msg: err.Error(), hint: "--base-report takes a file that flakeci run --json wrote"}
	}
	defer file.Close()
	r, err := result.ReadJSON(file)
	if err != nil {
		return &usageError{msg: path + ": " + err.Error(), hint: "--base-report takes a file that flakeci run --json wrote"}
	}
	if err := checkPaths(r); err != nil {
		return &usageError{msg: path + ": " + err.Error(), hint: "--base-report takes a file that flakeci run --json wrote"}
	}
	if b.report.Ref == "" {
		b.report.Ref, b.report.Rev = path, r.Flake.Rev
	}
	b.base.Known = known(r)
	return nil
}

// checkPaths finds a cell of a report whose derivation or outputs are not store paths.
func checkPaths(r result.Report) error {
	for _, c := range r.Cells {
		if err := storepath.CheckSaved(c.DrvPath, c.OutPaths); err != nil {
			return fmt.Errorf("%q: %w", c.ID, err)
		}
	}
	return nil
}

func known(r result.Report) map[string]runner.Known {
	titles := map[string]string{}
	for _, c := range r.Causes {
		titles[c.ID] = c.Title
	}
	all := map[string]runner.Known{}
	for _, c := range r.Cells {
		if c.Status == result.Skipped && c.DrvPath == "" {
			continue // it was no more, or is not for this machine
		}
		k := runner.Known{DrvPath: c.DrvPath, OutPaths: c.OutPaths, Status: c.Status, How: c.How, InHosts: c.Activated()}
		if len(c.Causes) > 0 {
			k.Cause = titles[c.Causes[0]]
		}
		all[c.ID] = k
	}
	return all
}

// open evaluates what the base offers. The error is why there is no base.
func (b *baseline) open(ctx context.Context, j *job, tmp string) error {
	ref, err := b.locate(ctx, j)
	if err != nil {
		return &noBaseError{err, "name a branch, a tag or a commit that is there; git branch --all lists branches"}
	}
	if ref == "" {
		return nil
	}
	target, err := j.open(ctx, ref, tmp)
	var eval *nixlog.EvalError
	var noFlake *nix.NoFlakeError
	switch {
	case errors.As(err, &noFlake):
		return &noBaseError{err, "name a git revision of the flake's repository, or what Nix takes as a flake reference"}
	case errors.As(err, &eval):
		b.base.Lost = diagnose.Eval(err)
		return nil
	case err != nil:
		return err
	}
	if b.report.Rev == "" {
		b.report.Rev = target.Flake.Rev
	}
	d, err := runner.Discover(ctx, target, j.wanted())
	if err == nil {
		d, err = d.Whole()
	}
	switch {
	case errors.As(err, &eval):
		b.base.Lost = diagnose.Eval(err)
		return nil
	case err != nil:
		return err
	}
	if len(d.Causes) > 0 {
		b.base.Lost = d.Causes[0]
	}
	b.base.Target, b.base.Matrix = target, d.Matrix
	return nil
}

// locate gives the flake reference of the base, empty if there was no flake.
func (b *baseline) locate(ctx context.Context, j *job) (string, error) {
	ref := j.opts.base.ref
	if strings.Contains(ref, ":") {
		return ref, nil
	}
	folder := j.target.Flake.Folder()
	if folder == "" {
		return "", errors.New("the flake does not lie in a local git repository; give a flake reference as the base")
	}
	repo, err := git.Open(ctx, folder, withoutTokens(j.app.Env))
	if err != nil {
		return "", err
	}
	commit, err := repo.Base(ctx, ref)
	if err != nil {
		return "", err
	}
	b.report.Rev, b.report.Note = commit.Rev, commit.Note
	if !repo.Has(ctx, commit.Rev, "flake.nix") {
		b.report.Note = "there was no flake yet"
		return "", nil
	}
	return j.client.RefAt(j.target.Flake, commit.Rev, repo.Shallow(ctx))
}

// itself warns of a run that leaves all out since it is compared with the very commit
// that it is to test, such as one of main whose flakeci.toml names main as the base.
func (j *job) itself() []result.Warning {
	b := j.base
	if j.opts.base.needed || b.base == nil || !b.base.ChangedOnly || b.report == nil || b.report.Rev == "" || j.target == nil ||
		b.report.Rev != j.target.Flake.Rev || j.target.Flake.Dirty {
		return nil
	}
	return []result.Warning{{Text: "nothing was built: " + j.opts.origin.name("base") + " is the very commit, and " +
		j.opts.origin.name("changed-only") + " leaves out what is the same there"}}
}

// without lists the cells of the base that the flake has no more, of those that are
// selected. The first shard tells of them.
func (b *baseline) without(j *job) {
	if b.base == nil || j.opts.shard.i > 1 {
		return
	}
	selected, err := b.base.Matrix.Select(j.selection)
	if err != nil {
		return // the base has nothing of what was asked for
	}
	there := map[string]bool{}
	for _, c := range j.offered.Cells {
		there[c.ID] = true
	}
	for _, c := range selected.Cells {
		if !there[c.ID] && c.Kind != matrix.KindVM {
			b.base.Removed = append(b.base.Removed, c)
		}
	}
}
