package main

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/reports/crash"
	"github.com/flakeci/flakeci/reports/forms"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/reports/html"
	"github.com/flakeci/flakeci/reports/merge"
	"github.com/flakeci/flakeci/reports/output"
	"github.com/flakeci/flakeci/result"
)

// takesPath reports whether a flag names a file or a folder to write. flakeci.toml may name
// only some, see [applyConfig].
func takesPath(flag *pflag.Flag) bool {
	name, _ := pflag.UnquoteUsage(flag)
	return name == "FILE" || name == "FOLDER"
}

// fileValue is the flag of one form.
type fileValue struct {
	files forms.Files
	flag  string
}

func (v fileValue) Set(path string) error { v.files[v.flag] = path; return nil }
func (v fileValue) String() string        { return v.files[v.flag] }
func (v fileValue) Type() string          { return "string" }

// addFiles adds a flag for each form, and returns the files that they will name.
func addFiles(fs *pflag.FlagSet) forms.Files {
	files := forms.Files{}
	for _, form := range forms.All() {
		fs.Var(fileValue{files, form.Flag}, form.Flag, form.Usage)
	}
	return files
}

func checkFiles(files forms.Files) error {
	if err := files.Check(); err != nil {
		return &usageError{msg: err.Error()}
	}
	return nil
}

// checkOutputs finds, before the run, restricted paths that must not be written.
func (a *App) checkOutputs(ctx context.Context, o *runOptions, artifacts *artifact.Folder) error {
	env := a.publicEnv()
	for _, form := range forms.All() {
		if err := o.outputs.Check(ctx, env, form.Flag, o.files[form.Flag]); err != nil {
			return &usageError{msg: fmt.Sprintf("%s in %s: %v", form.Flag, config.Name, err), hint: "name another file with --" + form.Flag}
		}
	}
	if artifacts == nil {
		return nil
	}
	if err := output.CheckArtifacts(ctx, env, artifacts, crash.File); err != nil {
		return &usageError{msg: "cannot save full logs: " + err.Error(), hint: "name another folder with " + o.artifactsFlag()}
	}
	return nil
}

// writeReports writes every file that was asked for.
func (a *App) writeReports(r result.Report, d delivery) error {
	return forms.Write(r, a.formOptions(d))
}

func (a *App) formOptions(d delivery) forms.Options {
	return forms.Options{Files: d.files, Outputs: d.outputs, Stdout: a.Stdout, HTML: func() html.Options { return a.htmlOptions(d) }}
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
