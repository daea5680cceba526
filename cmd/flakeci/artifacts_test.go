package main

import (
	"os"
	"testing"
)

func TestArtifactsAreHereOrBesideTheReport(t *testing.T) {
	t.Chdir(t.TempDir())
	if got := artifactsOf("night/report.json", ""); got != "night/artifacts" {
		t.Errorf("without a folder here: %s", got)
	}
	if err := os.Mkdir("artifacts", 0o755); err != nil {
		t.Fatal(err)
	}
	if got := artifactsOf("night/report.json", ""); got != "artifacts" {
		t.Errorf("with a folder here: %s", got)
	}
	if got := artifactsOf("night/report.json", "given"); got != "given" {
		t.Errorf("given: %s", got)
	}
}
