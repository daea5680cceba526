package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/internal/secretenv"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/reports/html"
	"github.com/flakeci/flakeci/reports/junit"
	"github.com/flakeci/flakeci/reports/markdown"
	"github.com/flakeci/flakeci/reports/merge"
	"github.com/flakeci/flakeci/reports/output"
	"github.com/flakeci/flakeci/reports/trace"
	"github.com/flakeci/flakeci/result"
)

// form is a form of the report that a flag writes to a file.
type form struct {
	flag, usage string
	write       func(a *App, w io.Writer, r result.Report, d delivery) error
}

// forms lists the forms of the report. A new one needs nothing else in cmd.
func forms() []form {
	return []form{
		{"json", "write the full report as JSON to `FILE` (- for stdout)", func(_ *App, w io.Writer, r result.Report, _ delivery) error {
			return result.WriteJSON(w, r)
		}},
		{"junit", "write a JUnit report to `FILE`", func(_ *App, w io.Writer, r result.Report, _ delivery) error {
			return junit.Write(w, r)
		}},
		{"markdown", "write a Markdown report to `FILE`", func(_ *App, w io.Writer, r result.Report, d delivery) error {
			return markdown.Write(w, r, markdown.Options{File: d.files["markdown"] != "-"})
		}},
		{"html", "write an HTML report, logs included, to `FILE`", func(a *App, w io.Writer, r result.Report, d delivery) error {
			return html.Write(w, r, a.htmlOptions(d))
		}},
		{"trace", "write a timeline of the run, for Perfetto or Chrome, to `FILE`", func(_ *App, w io.Writer, r result.Report, _ delivery) error {
			return trace.Write(w, r)
		}},
	}
}

// takesPath reports whether a flag names a file or a folder to write. flakeci.toml may name
// only some, see [applyConfig].
func takesPath(flag *pflag.Flag) bool {
	name, _ := pflag.UnquoteUsage(flag)
	return name == "FILE" || name == "FOLDER"
}

// reportFiles are the files to write reports to, by flag; "-" is stdout.
type reportFiles map[string]string

// fileValue is the flag of one form.
type fileValue struct {
	files reportFiles
	flag  string
}

func (v fileValue) Set(path string) error { v.files[v.flag] = path; return nil }
func (v fileValue) String() string        { return v.files[v.flag] }
func (v fileValue) Type() string          { return "string" }

func (f *reportFiles) add(fs *pflag.FlagSet) {
	*f = reportFiles{}
	for _, form := range forms() {
		fs.Var(fileValue{*f, form.flag}, form.flag, form.usage)
	}
}

func (f reportFiles) onStdout() bool { return slices.Contains(slices.Collect(maps.Values(f)), "-") }

func (f reportFiles) check() error {
	taken := map[string]string{} // flags by their files
	for _, form := range forms() {
		flag, to := "--"+form.flag, f[form.flag]
		if why := output.Unwritable(to); why != "" {
			return &usageError{msg: flag + " " + why}
		}
		if to != "" && to != "-" {
			to = filepath.Clean(to)
		}
		switch other := taken[to]; {
		case to == "" || other == "":
			taken[to] = flag
		case to == "-":
			return &usageError{msg: other + " and " + flag + " cannot both go to stdout"}
		default:
			return &usageError{msg: other + " and " + flag + " cannot both go to " + to}
		}
	}
	return nil
}

// checkOutputs finds, before the run, restricted paths that must not be written.
func (a *App) checkOutputs(ctx context.Context, o *runOptions, artifacts *artifact.Folder) error {
	env := secretenv.Without(a.Env)
	for _, form := range forms() {
		if err := o.outputs.Check(ctx, env, form.flag, o.files[form.flag]); err != nil {
			return &usageError{msg: fmt.Sprintf("%s in %s: %v", form.flag, config.Name, err), hint: "name another file with --" + form.flag}
		}
	}
	if artifacts == nil {
		return nil
	}
	if err := output.CheckArtifacts(ctx, env, artifacts, crashFile); err != nil {
		return &usageError{msg: "cannot save full logs: " + err.Error(), hint: "name another folder with --artifacts"}
	}
	return nil
}

// writeReports writes every file that was asked for. The error names all those that could
// not be written.
func (a *App) writeReports(r result.Report, d delivery) error {
	var failed []error
	for _, form := range forms() {
		failed = append(failed, a.writeReport(d, form.flag, d.files[form.flag], func(w io.Writer) error { return form.write(a, w, r, d) }))
	}
	return errors.Join(failed...)
}

// htmlOptions returns the artifacts and, in GitHub Actions, the URLs of the run and of its
// source files.
func (a *App) htmlOptions(d delivery) html.Options {
	o := html.Options{File: func(path string) ([]byte, error) {
		folder := d.artifacts
		if len(d.merged) > 0 {
			folder = merge.Artifacts(d.merged, d.artifacts, path)
		}
		data, err := safefile.EndBelow(folder, path, html.MaxEvidence)
		return a.secrets.File(data), err
	}}
	if a.env("GITHUB_ACTIONS") != "true" {
		return o
	}
	if job, err := github.FromActions(a.env, readEvent); err == nil {
		o.RunURL, o.SourceURL = job.RunURL(), job.SourceURL()
	}
	return o
}

// writeReport renders a report before it writes, so that one that cannot be rendered leaves
// no file.
func (a *App) writeReport(d delivery, flag, path string, render func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	var out bytes.Buffer
	if err := catchCrash("the report "+path, func() error { return render(&out) }); err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	if path == "-" {
		_, err := a.Stdout.Write(out.Bytes())
		return err
	}
	if err := d.outputs.Replace(flag, path, out.Bytes()); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	return nil
}
