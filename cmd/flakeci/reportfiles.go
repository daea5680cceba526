package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/internal/secretenv"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/reports/html"
	"github.com/flakeci/flakeci/reports/junit"
	"github.com/flakeci/flakeci/reports/markdown"
	"github.com/flakeci/flakeci/reports/output"
	"github.com/flakeci/flakeci/reports/trace"
	"github.com/flakeci/flakeci/result"
)

// outputFlags name files and folders to write.
var outputFlags = []string{"json", "junit", "markdown", "html", "trace", "artifacts"}

// reportFiles are the files to write reports to; "-" is stdout.
type reportFiles struct {
	json, junit, markdown, html, trace string
}

func (f *reportFiles) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.json, "json", "", "write the full report as JSON to `FILE` (- for stdout)")
	fs.StringVar(&f.junit, "junit", "", "write a JUnit report to `FILE`")
	fs.StringVar(&f.markdown, "markdown", "", "write a Markdown report to `FILE`")
	fs.StringVar(&f.html, "html", "", "write an HTML report, logs included, to `FILE`")
	fs.StringVar(&f.trace, "trace", "", "write a timeline of the run, for Perfetto or Chrome, to `FILE`")
}

// forms lists the flags with their files.
func (f reportFiles) forms() [][2]string {
	return [][2]string{{"--json", f.json}, {"--junit", f.junit}, {"--markdown", f.markdown}, {"--html", f.html}, {"--trace", f.trace}}
}

func (f reportFiles) onStdout() bool {
	return slices.ContainsFunc(f.forms(), func(form [2]string) bool { return form[1] == "-" })
}

func (f reportFiles) check() error {
	taken := map[string]string{} // flags by their files
	for _, form := range f.forms() {
		to := form[1]
		if to != "" && to != "-" {
			to = filepath.Clean(to)
		}
		switch other := taken[to]; {
		case to == "" || other == "":
			taken[to] = form[0]
		case to == "-":
			return &usageError{msg: other + " and " + form[0] + " cannot both go to stdout"}
		default:
			return &usageError{msg: other + " and " + form[0] + " cannot both go to " + to}
		}
		if why := output.Unwritable(form[1]); why != "" {
			return &usageError{msg: form[0] + " " + why}
		}
	}
	return nil
}

// checkOutputs finds, before the run, restricted paths that must not be written.
func (a *App) checkOutputs(ctx context.Context, o *runOptions) error {
	env := secretenv.Without(a.Env)
	for _, form := range o.files.forms() {
		flag := strings.TrimPrefix(form[0], "--")
		if err := o.outputs.Check(ctx, env, flag, form[1]); err != nil {
			return &usageError{msg: fmt.Sprintf("%s in %s: %v", flag, config.Name, err), hint: "name another file with " + form[0]}
		}
	}
	folder := o.outputs.Artifacts(o.artifacts, nil)
	if folder == nil {
		return nil
	}
	if err := output.CheckArtifacts(ctx, env, folder, crashFile); err != nil {
		return &usageError{msg: "cannot save full logs: " + err.Error(), hint: "name another folder with --artifacts"}
	}
	return nil
}

// writeReports writes every file that was asked for. The error names all those that could
// not be written.
func (a *App) writeReports(r result.Report, d delivery) error {
	return errors.Join(
		a.writeReport(d, "json", d.files.json, func(w io.Writer) error { return result.WriteJSON(w, r) }),
		a.writeReport(d, "junit", d.files.junit, func(w io.Writer) error { return junit.Write(w, r) }),
		a.writeReport(d, "markdown", d.files.markdown, func(w io.Writer) error {
			return markdown.Write(w, r, markdown.Options{File: d.files.markdown != "-"})
		}),
		a.writeReport(d, "html", d.files.html, func(w io.Writer) error { return html.Write(w, r, a.htmlOptions(d.artifacts)) }),
		a.writeReport(d, "trace", d.files.trace, func(w io.Writer) error { return trace.Write(w, r) }),
	)
}

// htmlOptions returns the artifacts and, in GitHub Actions, the URLs of the run and of its
// source files.
func (a *App) htmlOptions(artifacts string) html.Options {
	o := html.Options{File: func(path string) ([]byte, error) {
		data, err := safefile.EndBelow(artifacts, path, html.MaxEvidence)
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
