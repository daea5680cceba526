package main

import (
	"cmp"
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
	"github.com/flakeci/flakeci/internal/secretenv"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
)

// baseFlags say what to compare a run with.
type baseFlags struct {
	ref, report string
	changedOnly bool
	needed      bool // a run without a base is an error
}

func (f *baseFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.ref, "base", "", "compare with the flake at `REF`, a git revision or a flake reference")
	fs.StringVar(&f.report, "base-report", "", "take the base's results from `FILE`, a report saved by an earlier run with --json")
	fs.BoolVar(&f.changedOnly, "changed-only", false, "skip cells whose derivation is the same as at the base")
}

func (f *baseFlags) check() error {
	if f.changedOnly && f.ref == "" && f.report == "" {
		return &usageError{msg: "--changed-only needs a base", hint: "give one with --base or --base-report, such as --base main"}
	}
	return nil
}

func (f *baseFlags) given() bool { return f.ref != "" || f.report != "" }

// baseline is the base of a run.
type baseline struct {
	base   *runner.Base // nil if there is nothing to compare with
	report *result.Base
}

// findBase opens the flake at the base and lists its cells. In CI, if the base does not
// exist, the report says why, and the flake is tested without one. Elsewhere that is an
// error. A file that is not a report always is.
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
		return baseline{}, j.opts.origin.usageError("base", "nothing to compare with: "+err.Error(), none.hint)
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

// readReport takes the results of the base from the report of an earlier run.
func (b *baseline) readReport(path string) error {
	file, err := safefile.OpenNamed(path)
	if err != nil {
		return &usageError{msg: err.Error(), hint: "--base-report takes a file written by flakeci run --json"}
	}
	defer file.Close()
	r, err := result.ReadJSON(file)
	if err != nil {
		return &usageError{msg: path + ": " + err.Error(), hint: "--base-report takes a file written by flakeci run --json"}
	}
	if err := checkPaths(r); err != nil {
		return &usageError{msg: path + ": " + err.Error(), hint: "--base-report takes a file written by flakeci run --json"}
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
			continue // it no longer existed, or is not for this machine
		}
		k := runner.Known{DrvPath: c.DrvPath, OutPaths: c.OutPaths, Status: c.Status, How: c.How, InHosts: c.Activated()}
		if len(c.Causes) > 0 {
			k.Cause = titles[c.Causes[0]]
		}
		all[c.ID] = k
	}
	return all
}

// open lists the cells of the base. The error is why there is no base.
func (b *baseline) open(ctx context.Context, j *job, tmp string) error {
	ref, err := b.locate(ctx, j)
	if err != nil {
		return &noBaseError{err, "name an existing branch, tag or commit; git branch --all lists the branches"}
	}
	if ref == "" {
		return nil
	}
	target, err := j.open(ctx, ref, tmp)
	var noFlake *nix.NoFlakeError
	if errors.As(err, &noFlake) {
		return &noBaseError{err, "name a git revision of the flake's repository, or a flake reference"}
	}
	var d runner.Discovery
	if err == nil {
		b.report.Rev = cmp.Or(b.report.Rev, target.Flake.Rev)
		d, err = runner.Discover(ctx, target, j.wanted())
	}
	if err == nil {
		d, err = d.Complete()
	}
	var eval *nixlog.EvalError
	switch {
	case errors.As(err, &eval):
		b.base.Incomplete = diagnose.Eval(err)
		return nil
	case err != nil:
		return err
	}
	if len(d.Causes) > 0 {
		b.base.Incomplete = d.Causes[0]
	}
	b.base.Target, b.base.Matrix = target, d.Matrix
	return nil
}

// locate returns the flake reference of the base, empty if there was no flake.
func (b *baseline) locate(ctx context.Context, j *job) (string, error) {
	ref := j.opts.base.ref
	if strings.Contains(ref, ":") {
		return ref, nil
	}
	folder := j.target.Flake.Folder()
	if folder == "" {
		return "", errors.New("the flake is not in a local git repository; give a flake reference as the base")
	}
	repo, err := git.Open(ctx, folder, secretenv.Without(j.app.Env))
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

// itself warns of a run that skips everything because its base is the commit that it
// tests, such as a run of main whose flakeci.toml names main as the base.
func (j *job) itself() []result.Warning {
	b := j.base
	if j.opts.base.needed || b.base == nil || !b.base.ChangedOnly || b.report == nil || b.report.Rev == "" || j.target == nil ||
		b.report.Rev != j.target.Flake.Rev || j.target.Flake.Dirty {
		return nil
	}
	return []result.Warning{{Text: "nothing was built: " + j.opts.origin.Name("base") + " is the commit that is tested, and " +
		j.opts.origin.Name("changed-only") + " skips what has not changed since"}}
}

// addRemoved adds the selected cells of the base that the flake no longer has. Only the
// first shard reports them.
func (b *baseline) addRemoved(j *job) {
	if b.base == nil || j.opts.shard.i > 1 {
		return
	}
	selected, err := b.base.Matrix.Select(j.selection)
	if err != nil {
		return // the base has no selected cell
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
