package junit

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/result"
)

// junitFiles writes every input of testdata as JUnit and returns the totals by file.
func junitFiles(t *testing.T) map[string]junitTotals {
	t.Helper()
	folder, files := t.TempDir(), map[string]junitTotals{}
	sample.EachInput(t, func(t *testing.T, name string, r result.Report) {
		text := sample.Written(t, Write, r)
		path := filepath.Join(folder, name+".xml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		files[path] = checkJUnit(t, text)
	})
	return files
}

func TestJUnitIsWellFormedToXMLLint(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("skipped: xmllint is not installed (Debian: libxml2-utils)")
	}
	args := []string{"--noout", "--nonet"}
	for path := range junitFiles(t) {
		args = append(args, path)
	}
	if out, err := exec.Command(xmllint, args...).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// People read JUnit files with programs such as these two.
func TestJUnitIsReadByOthers(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: node is not installed")
	}
	modules, err := filepath.Abs(filepath.Join(lanes.Root(t), ".cache/npm/node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"junit2json", "test-results-parser"} {
		if _, err := os.Stat(filepath.Join(modules, name)); err != nil {
			t.Skipf("skipped: npm's %s is not installed (scripts/setup test)", name)
		}
	}
	files := junitFiles(t)
	args := []string{sample.Data(t, "consumers.js")}
	for path := range files {
		args = append(args, path)
	}
	cmd := exec.Command(node, args...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	checkAnswers(t, out, files)
}

// answers is what testdata/consumers.js prints for one file.
type answers struct {
	JUnit2JSON struct{ Suites, Cases junitTotals }
	Parser     struct {
		Suites                  junitTotals
		Passed, Failed, Skipped struct{ Total, Cases int }
	}
}

func checkAnswers(t *testing.T, out []byte, files map[string]junitTotals) {
	t.Helper()
	var found map[string]answers
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for path, want := range files {
		name, got := filepath.Base(path), found[path]
		if got.JUnit2JSON.Suites != want || got.JUnit2JSON.Cases != want {
			t.Errorf("%s: junit2json reads %+v, want %+v", name, got.JUnit2JSON, want)
		}
		p := got.Parser
		if p.Suites != want {
			t.Errorf("%s: test-results-parser reads %+v, want %+v", name, p.Suites, want)
		}
		if p.Passed.Total != p.Passed.Cases || p.Failed.Total != p.Failed.Cases || p.Skipped.Total != p.Skipped.Cases {
			t.Errorf("%s: test-results-parser counts %+v", name, p)
		}
	}
}
