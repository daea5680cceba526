package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/reports"
)

// reportFiles are where reports go besides the terminal; "-" is stdout.
type reportFiles struct {
	json, junit string
}

func (f *reportFiles) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.json, "json", "", "write the whole report as JSON to `FILE`")
	fs.StringVar(&f.junit, "junit", "", "write a JUnit report to `FILE`")
}

func (f reportFiles) onStdout() bool { return f.json == "-" || f.junit == "-" }

func (f reportFiles) check() error {
	if f.json == "-" && f.junit == "-" {
		return &usageError{msg: "--json and --junit cannot both go to stdout"}
	}
	return nil
}

// writeReports writes every file that was asked for, and tells of all that
// could not be written.
func (a *App) writeReports(r reports.Report, files reportFiles) error {
	return errors.Join(
		a.writeReport(files.json, func(w io.Writer) error { return reports.WriteJSON(w, r) }),
		a.writeReport(files.junit, func(w io.Writer) error { return reports.WriteJUnit(w, r) }),
	)
}

// writeReport renders in memory first, so that a file is whole or not there.
func (a *App) writeReport(path string, render func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	var out bytes.Buffer
	if err := render(&out); err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	if path == "-" {
		_, err := a.Stdout.Write(out.Bytes())
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("report cannot be written: %w", err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("report cannot be written: %w", err)
	}
	return nil
}
