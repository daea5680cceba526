package sample

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/result"
)

// Data returns the path of a file in reports/testdata, which has reports and every form of each.
func Data(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(lanes.Root(t), "reports", "testdata", name)
}

// Input reads one of the reports in reports/testdata, named without its extension.
func Input(t testing.TB, name string) result.Report {
	t.Helper()
	file, err := os.Open(Data(t, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := result.ReadJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// EachInput runs a test for every report in reports/testdata.
func EachInput(t *testing.T, test func(t *testing.T, name string, r result.Report)) {
	t.Helper()
	inputs, err := filepath.Glob(Data(t, "*.json"))
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	for _, path := range inputs {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) { test(t, name, Input(t, name)) })
	}
}

// Golden compares a form of every report in reports/testdata with the file that has the suffix.
// UPDATE_GOLDEN=1 go test ./reports/... rewrites the files; look at the diff.
func Golden(t *testing.T, suffix string, write func(io.Writer, result.Report) error) {
	t.Helper()
	EachInput(t, func(t *testing.T, name string, r result.Report) {
		GoldenFile(t, name+suffix, Written(t, write, r))
	})
}

// GoldenFile compares a text with a file in reports/testdata, or writes the file, as
// [Golden] does.
func GoldenFile(t *testing.T, name string, got []byte) {
	t.Helper()
	GoldenPath(t, Data(t, name), got)
}

// GoldenPath compares a text with a file of the test's own, or writes the file, as [Golden]
// does.
func GoldenPath(t *testing.T, path string, got []byte) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (UPDATE_GOLDEN=1 writes it)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (UPDATE_GOLDEN=1 rewrites it), got:\n%s", path, got)
	}
}

// Written returns a form of a report.
func Written(t *testing.T, write func(io.Writer, result.Report) error, r result.Report) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
