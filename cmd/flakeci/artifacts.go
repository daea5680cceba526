package main

import (
	"os"
	"path/filepath"
)

// artifactsOf returns the folder of a saved report's artifacts: the one given, or a folder
// of the usual name here or next to the report.
func artifactsOf(report, given string) string {
	const usual = "artifacts"
	if given != "" {
		return given
	}
	if _, err := os.Lstat(usual); err == nil {
		return usual
	}
	return filepath.Join(filepath.Dir(report), usual)
}
