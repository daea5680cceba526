// Package forms writes a report to files, in every form that the user asked for.
package forms

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/reports/html"
	"github.com/flakeci/flakeci/reports/junit"
	"github.com/flakeci/flakeci/reports/markdown"
	"github.com/flakeci/flakeci/reports/output"
	"github.com/flakeci/flakeci/reports/trace"
	"github.com/flakeci/flakeci/result"
)

// Form is a form of the report that a flag writes to a file.
type Form struct {
	Flag, Usage string
	Write       func(io.Writer, result.Report, Options) error
}

// All lists the forms of the report. A new one needs nothing else in cmd.
func All() []Form {
	return []Form{
		{"json", "write the full report as JSON to `FILE` (- for stdout)", func(w io.Writer, r result.Report, _ Options) error {
			return result.WriteJSON(w, r)
		}},
		{"junit", "write a JUnit report to `FILE`", func(w io.Writer, r result.Report, _ Options) error {
			return junit.Write(w, r)
		}},
		{"markdown", "write a Markdown report to `FILE`", func(w io.Writer, r result.Report, o Options) error {
			return markdown.Write(w, r, markdown.Options{File: o.Files["markdown"] != stdout})
		}},
		{"html", "write an HTML report, logs included, to `FILE`", func(w io.Writer, r result.Report, o Options) error {
			return html.Write(w, r, o.HTML())
		}},
		{"trace", "write a timeline of the run, for Perfetto or Chrome, to `FILE`", func(w io.Writer, r result.Report, _ Options) error {
			return trace.Write(w, r)
		}},
	}
}

// Options say where the forms go, and what they need besides the report.
type Options struct {
	Files   Files
	Outputs *output.Paths       // knows which of the files a stranger chose
	Stdout  io.Writer           // for "-"
	HTML    func() html.Options // called only for an HTML report
}

const stdout = "-"

// Files are the files to write reports to, by flag; "-" is stdout.
type Files map[string]string

// OnStdout reports whether a form goes to stdout.
func (f Files) OnStdout() bool { return slices.Contains(slices.Collect(maps.Values(f)), stdout) }

// Check returns an error if a file cannot be written, or two forms would go to the same.
func (f Files) Check() error {
	taken := map[string]string{} // flags by their files
	for _, form := range All() {
		flag, to := "--"+form.Flag, f[form.Flag]
		if why := output.Unwritable(to); why != "" {
			return errors.New(flag + " " + why)
		}
		if to != "" && to != stdout {
			to = filepath.Clean(to)
		}
		switch other := taken[to]; {
		case to == "" || other == "":
			taken[to] = flag
		case to == stdout:
			return errors.New(other + " and " + flag + " cannot both go to stdout")
		default:
			return errors.New(other + " and " + flag + " cannot both go to " + to)
		}
	}
	return nil
}

// Write writes every file that was asked for. The error names all those that could not be written.
func Write(r result.Report, o Options) error {
	var failed []error
	for _, form := range All() {
		failed = append(failed, o.write(form, r))
	}
	return errors.Join(failed...)
}

// write renders a report before it writes, so that one that cannot be rendered leaves no file.
func (o Options) write(form Form, r result.Report) error {
	path := o.Files[form.Flag]
	if path == "" {
		return nil
	}
	var out bytes.Buffer
	if err := safely.TryPart("the report "+path, func() error { return form.Write(&out, r, o) }); err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	if path == stdout {
		_, err := o.Stdout.Write(out.Bytes())
		return err
	}
	if err := o.Outputs.Replace(form.Flag, path, out.Bytes()); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	return nil
}
