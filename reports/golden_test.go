package reports

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/result"
)

// sinks are the forms for people, by the ends of their golden files' names.
func sinks() map[string]func(io.Writer, result.Report) error {
	return map[string]func(io.Writer, result.Report) error{
		".table.txt":   func(w io.Writer, r result.Report) error { return WriteTable(w, r, TableOptions{}) },
		".table80.txt": func(w io.Writer, r result.Report) error { return WriteTable(w, r, TableOptions{Width: 80}) },
		".junit.xml":   WriteJUnit,
		".md":          func(w io.Writer, r result.Report) error { return WriteMarkdown(w, r, MarkdownOptions{}) },
		".grid.txt":    func(w io.Writer, r result.Report) error { return WriteGrid(w, withoutResults(r), TableOptions{}) },
	}
}

// Each input in testdata has what every sink makes of it beside it.
// UPDATE_GOLDEN=1 go test ./reports/... rewrites them; look at the difference.
func TestGolden(t *testing.T) {
	forEachInput(t, func(t *testing.T, name string, r result.Report) {
		for suffix, write := range sinks() {
			golden(t, filepath.Join("testdata", name+suffix), written(t, write, r))
		}
		checkEverySink(t, r)
	})
}

func written(t *testing.T, write func(io.Writer, result.Report) error, r result.Report) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// forEachInput runs a test for every report in testdata.
func forEachInput(t *testing.T, test func(t *testing.T, name string, r result.Report)) {
	t.Helper()
	inputs, err := filepath.Glob("testdata/*.json")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	for _, path := range inputs {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) { test(t, name, readInput(t, name)) })
	}
}

func readInput(t *testing.T, name string) result.Report {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name+".json"))
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

// golden compares with a file, or writes it if that is asked for.
func golden(t *testing.T, path string, got []byte) {
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

// withoutResults is the report as `flakeci matrix` has it.
func withoutResults(r result.Report) result.Report {
	r.Causes = nil
	r.Cells = each(r.Cells, func(c result.Cell) result.Cell {
		c.Status, c.How, c.Note, c.Phases = "", "", "", nil
		return c
	})
	return r
}
