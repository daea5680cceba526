package nix

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// A recording is what one Nix printed in one scenario: a file for each stream
// of each call, such as eval.2/stderr. It lies in testdata/VERSION/SCENARIO.txtar.
//
// What is recorded is what the client really called: testdata/record stands
// where the binary is expected. UPDATE_RECORDINGS=1 go test ./internal/nix
// records anew with every lane.
type recording map[string][]byte

// neutral are the folders of a scenario under the names they have in
// recordings.
type neutral []struct{ name, real string }

func (n neutral) hide(b []byte) []byte {
	for _, p := range n {
		b = bytes.ReplaceAll(b, []byte(p.real), []byte(p.name))
	}
	return b
}

func (n neutral) show(b []byte) []byte {
	for _, p := range n {
		b = bytes.ReplaceAll(b, []byte(p.name), []byte(p.real))
	}
	return b
}

// keep stores what a recording script left in dir.
func keep(t *testing.T, dir, file string, n neutral) {
	t.Helper()
	rec := recording{}
	paths, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
		if strings.HasPrefix(name, "show-config.") && strings.HasSuffix(name, "/stdout") {
			data = readSettings(t, data)
		}
		// What deletes from the store speaks of all the machine.
		if strings.HasPrefix(name, "store.") && strings.HasSuffix(name, "/stderr") {
			data = nil
		}
		rec[name] = n.hide(data)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, rec.format(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// readSettings leaves of all settings the values of those that are read; the
// others tell much of the machine, and their descriptions are long.
func readSettings(t *testing.T, out []byte) []byte {
	t.Helper()
	type setting struct {
		Value json.RawMessage `json:"value"`
	}
	var all map[string]setting
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	some := map[string]setting{}
	for _, name := range []string{"system", "extra-platforms", "builders", "substituters", "substitute"} {
		some[name] = all[name]
	}
	out, err := json.Marshal(some)
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

func (r recording) format() []byte {
	var a txtar.Archive
	for _, name := range slices.Sorted(maps.Keys(r)) {
		a.Files = append(a.Files, txtar.File{Name: name, Data: r[name]})
	}
	return txtar.Format(&a)
}

// unpack lays a recording out for a replay script.
func (r recording) unpack(t *testing.T, dir string, n neutral) {
	t.Helper()
	for name, data := range r {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, n.show(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
