package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/reports/html"
	"github.com/flakeci/flakeci/reports/junit"
	"github.com/flakeci/flakeci/reports/markdown"
	"github.com/flakeci/flakeci/reports/trace"
	"github.com/flakeci/flakeci/result"
)

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
		if why := unwritable(form[1]); why != "" {
			return &usageError{msg: form[0] + " " + why}
		}
	}
	return nil
}

// unwritable says why a file cannot be written, as far as that is known before a run, which
// may take hours. Missing folders will be made.
func unwritable(path string) string {
	if path == "" || path == "-" {
		return ""
	}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return "takes a file, but " + path + " is a folder"
	}
	if st, err := os.Lstat(path); isDevice(path) || err == nil && st.Mode()&fs.ModeNamedPipe != 0 {
		return ""
	} else if err == nil && !st.Mode().IsRegular() && st.Mode()&fs.ModeSymlink == 0 {
		return "cannot be written: " + path + " is not a file"
	}
	folder := filepath.Dir(path)
	st, err := os.Stat(folder)
	for err != nil && folder != filepath.Dir(folder) {
		folder = filepath.Dir(folder)
		st, err = os.Stat(folder)
	}
	switch {
	case err == nil && !st.IsDir():
		return "cannot be written: " + folder + " is not a folder"
	case err == nil:
		err = unix.Access(folder, unix.W_OK|unix.X_OK)
	}
	if err != nil {
		return "cannot be written: " + folder + ": " + err.Error()
	}
	return ""
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
func (a *App) htmlOptions(artifacts artifactFolder) html.Options {
	o := html.Options{File: func(path string) ([]byte, error) {
		data, err := artifacts.read(path)
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
	if err := d.outputs.replace(flag, path, out.Bytes()); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	return nil
}

// replaceFile creates or replaces a file. It replaces a link instead of following it: the
// checkout of a pull request may hold one that leads anywhere. It writes to devices and
// pipes if the path itself names one.
func replaceFile(path string, text []byte) error {
	if isDevice(path) {
		return os.WriteFile(path, text, 0o644)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if st, err := os.Lstat(path); err == nil && st.Mode()&fs.ModeNamedPipe != 0 {
		return safefile.WritePipe(path, text, maxPipeWait)
	} else if err == nil && !st.Mode().IsRegular() && !st.IsDir() && st.Mode()&fs.ModeSymlink == 0 {
		return &fs.PathError{Op: "write", Path: path, Err: safefile.ErrNotRegular}
	}
	tmp, err := os.CreateTemp(dir, ".flakeci-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// maxPipeWait is how long to wait for a reader of a pipe.
const maxPipeWait = 10 * time.Second

// isDevice reports whether a path names a device, or a stream such as a shell's >(...).
// Below /dev/shm are files, which anybody may create.
func isDevice(path string) bool {
	path = filepath.Clean(path)
	return safefile.IsStream(path) || strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/dev/shm/")
}
