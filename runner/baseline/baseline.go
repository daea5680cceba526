// Package baseline finds what a run is compared with.
package baseline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

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

// Options say what to compare a run with. Ref, Report or both are set.
type Options struct {
	Ref         string // a git revision of the flake's repository, or a flake reference
	Report      string // the file of an earlier run's report
	ChangedOnly bool

	Client *nix.Client
	Flake  nix.Flake // the flake of the run
	Env    []string  // for git
	Tmp    string    // a folder for temporary files
	Open   func(ctx context.Context, ref, tmp string) (*nix.Target, error)
	// Discover lists all cells of the base.
	Discover func(context.Context, *nix.Target) (runner.Discovery, error)
}

// Baseline is what a run is compared with.
type Baseline struct {
	Base   *runner.Base // nil if there is nothing to compare with
	Report *result.Base
	// Target is the flake at the base, also if it does not evaluate; nil if there is none.
	Target *nix.Target
	// Discovery is what the base offers, if it evaluates.
	Discovery runner.Discovery
}

// Find opens the flake at the base and lists its cells. The error is a [*ReportError], a
// [*MissingError] or why the flake cannot be inspected.
func Find(ctx context.Context, o Options) (b Baseline, err error) {
	b = Baseline{Base: &runner.Base{ChangedOnly: o.ChangedOnly, Closures: o.Client.Closures(o.Tmp)}, Report: &result.Base{Ref: o.Ref}}
	if o.Report != "" {
		if err := b.readReport(o.Report); err != nil {
			return b, &ReportError{err}
		}
	}
	if o.Ref == "" {
		return b, nil
	}
	err = b.open(ctx, o)
	return b, err
}

// ReportError says that the report of an earlier run cannot be used.
type ReportError struct{ error }

// Unwrap returns the reason.
func (e *ReportError) Unwrap() error { return e.error }

// MissingError says that the base does not exist. Hint says which bases there may be.
type MissingError struct {
	err  error
	Hint string
}

func (e *MissingError) Error() string { return e.err.Error() }

func (e *MissingError) Unwrap() error { return e.err }

// readReport takes the results of the base from the report of an earlier run.
func (b *Baseline) readReport(path string) error {
	file, err := safefile.OpenNamed(path)
	if err != nil {
		return err
	}
	defer file.Close()
	r, err := result.ReadJSON(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := checkPaths(r); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if b.Report.Ref == "" {
		b.Report.Ref, b.Report.Rev = path, r.Flake.Rev
	}
	b.Base.Known = known(r)
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
	byID := map[string]*result.Cause{}
	for i := range r.Causes {
		byID[r.Causes[i].ID] = &r.Causes[i]
	}
	hosts := map[string]result.CellResult{}
	for _, c := range r.Cells {
		if c.Kind.IsHost() && c.Status.BlamesFlake() {
			hosts[c.ID] = c
		}
	}
	all := map[string]runner.Known{}
	for _, c := range r.Cells {
		if c.Status == result.Skipped && c.DrvPath == "" {
			continue // it no longer existed then, or is not for this machine
		}
		if host := hosts[c.PartOf]; c.Status == result.Passed && host.FailedPhase().Kind == result.PhaseEval {
			// An older flakeci built the home alone, but it could not be deployed.
			c = result.CellResult{Cell: c.Cell, Status: result.DependencyFailed, Causes: host.Causes}
		}
		k := runner.Known{DrvPath: c.DrvPath, OutPaths: c.OutPaths, Status: c.Status, How: c.How, InHosts: c.Activated()}
		for _, id := range c.Causes {
			if byID[id] != nil {
				k.Causes = append(k.Causes, byID[id])
			}
		}
		all[c.ID] = k
	}
	return all
}

// open lists the cells of the base. The error says why there is no base.
func (b *Baseline) open(ctx context.Context, o Options) error {
	ref, err := b.locate(ctx, o)
	if err != nil {
		return &MissingError{err, "name an existing branch, tag or commit; git branch --all lists the branches"}
	}
	if ref == "" {
		return nil
	}
	target, err := o.Open(ctx, ref, filepath.Join(o.Tmp, "base"))
	var noFlake *nix.NoFlakeError
	if errors.As(err, &noFlake) {
		return &MissingError{err, "name a git revision of the flake's repository, or a flake reference"}
	}
	var d runner.Discovery
	if err == nil {
		b.Target, b.Report.Rev = target, cmp.Or(b.Report.Rev, target.Flake.Rev)
		d, err = o.Discover(ctx, target)
	}
	var eval *nixlog.EvalError
	switch {
	case errors.As(err, &eval):
		b.Base.Incomplete = diagnose.Eval(err)
		return nil
	case err != nil:
		return err
	}
	if len(d.Causes) > 0 {
		b.Base.Incomplete = d.Causes[0]
	}
	b.Base.Target, b.Base.Matrix, b.Discovery = target, d.Matrix, d
	return nil
}

// locate returns the flake reference of the base, empty if there was no flake.
func (b *Baseline) locate(ctx context.Context, o Options) (string, error) {
	if strings.Contains(o.Ref, ":") {
		return o.Ref, nil
	}
	folder := o.Flake.Folder()
	if folder == "" {
		return "", errors.New("the flake is not in a local git repository; give a flake reference as the base")
	}
	repo, err := git.Open(ctx, folder, o.Env)
	if err != nil {
		return "", err
	}
	commit, err := repo.Base(ctx, o.Ref)
	if err != nil {
		return "", err
	}
	b.Report.Rev, b.Report.Note = commit.Rev, commit.Note
	if !repo.Has(ctx, commit.Rev, "flake.nix") {
		b.Report.Note = "there was no flake yet"
		return "", nil
	}
	return o.Client.RefAt(o.Flake, commit.Rev, repo.Shallow(ctx))
}

// AddRemoved adds the selected cells of the base that are no longer among the cells of the flake.
func (b *Baseline) AddRemoved(cells []result.Cell, s matrix.Selection) {
	if b.Base == nil {
		return
	}
	selected, err := b.Base.Matrix.Select(s)
	if err != nil {
		return // the base has no selected cell
	}
	there := map[string]bool{}
	for _, c := range cells {
		there[c.ID] = true
	}
	for _, c := range selected.Cells {
		if !there[c.ID] && c.Kind != result.KindVM {
			b.Base.Removed = append(b.Base.Removed, c)
		}
	}
}
