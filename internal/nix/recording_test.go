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

// recording is what one Nix printed in one scenario: a file for each stream of each call,
// such as eval.2/stderr. It is stored in testdata/VERSION/SCENARIO.txtar.
//
// The script testdata/record replaces the binary, so the calls are those that the client
// really makes. UPDATE_RECORDINGS=1 go test ./internal/nix records again with every lane.
type recording map[string][]byte

// neutral maps the folders of a scenario to their names in recordings.
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
		// A command that deletes from the store prints much about the machine.
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

// readSettings keeps only the values of settings that flakeci reads. The others reveal much
// about the machine, and their descriptions are long.
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

// unpack writes a recording for the script that replays it.
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
