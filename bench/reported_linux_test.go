package bench_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func seconds(list ...float64) (runs []usage) {
	for _, s := range list {
		runs = append(runs, usage{wall: time.Duration(s * float64(time.Second))})
	}
	return runs
}

func TestTargets(t *testing.T) {
	got := results{flakeci.name: seconds(9, 1, 2), xargs.name: seconds(8, 4, 2, 2)}
	tests := []struct {
		target target
		want   string
	}{
		{got.ratio(flakeci, xargs, 0.6), "wall time of flakeci / `xargs -P2 nix build`: 0.667, at most 0.6: **misses**"},
		{got.ratio(flakeci, xargs, 0.7), "wall time of flakeci / `xargs -P2 nix build`: 0.667, at most 0.7: holds"},
		{target{what: "peak", value: 512, limit: 512, unit: " MiB"}, "peak: 512 MiB, at most 512 MiB: holds"},
		{got.ratio(flakeci, loop, 0.7), "wall time of flakeci / a loop of `nix build`: not measured"},
	}
	for _, tt := range tests {
		if s := tt.target.String(); s != tt.want {
			t.Errorf("got  %s\nwant %s", s, tt.want)
		}
	}
}

func TestReplace(t *testing.T) {
	path, other := filepath.Join(t.TempDir(), "doc.md"), filepath.Join(t.TempDir(), "other.md")
	const text = "# Doc\n<!-- one -->\nold\n<!-- end of one -->\n<!-- two -->\n<!-- end of two -->\n"
	for name, content := range map[string]string{path: text, other: "# Other\n"} {
		if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []string{"first\n", "second\n"} {
		if err := replace([]string{other, path}, "one", table); err != nil {
			t.Fatal(err)
		}
	}
	doc, err := os.ReadFile(path)
	if want := strings.Replace(text, "old\n", "second\n", 1); err != nil || string(doc) != want {
		t.Errorf("got %s, %v", doc, err)
	}
	if err := replace([]string{other, path}, "three", ""); err == nil {
		t.Error("a scenario without a place is no error")
	}
}
