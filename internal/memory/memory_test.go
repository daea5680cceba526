package memory

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestAvailableAndResident(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is read on Linux alone")
	}
	held := make([]byte, 64<<20)
	for i := range held {
		held[i] = 1
	}
	own, free := Resident(os.Getpid()), Available()
	if own < int64(len(held)) || own > 8<<30 || free < 16<<20 {
		t.Errorf("resident %d, available %d", own, free)
	}
	runtime.KeepAlive(held)
	if gone := Resident(1 << 30); gone != 0 {
		t.Errorf("nobody has %d", gone)
	}
}

// The smallest limit of the groups around a process applies.
func TestLeftInGroup(t *testing.T) {
	root := t.TempDir()
	write := func(path, text string) {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a/memory.max", "1000\n")
	write("a/memory.current", "300\n")
	write("a/b/memory.max", "max\n")
	write("a/b/memory.current", "200\n")
	for own, want := range map[string]int64{
		"0::/a/b\n":            700,
		"0::/a\n":              700,
		"0::/\n":               math.MaxInt64,
		"0::/elsewhere\n":      math.MaxInt64,
		"5:memory:/a\n0::/a\n": 700,
		"":                     math.MaxInt64,
	} {
		if got := cgroupAvailable(root, own); got != want {
			t.Errorf("%q: %d, want %d", own, got, want)
		}
	}
	write("a/memory.stat", "anon 100\nfile 200\ninactive_file 120\nactive_file 80\nworkingset_activate_file 7\n")
	if got := cgroupAvailable(root, "0::/a/b\n"); got != 900 {
		t.Errorf("what was read is in the way: %d", got)
	}
	write("a/b/memory.max", "150\n")
	if got := cgroupAvailable(root, "0::/a/b\n"); got != 0 {
		t.Errorf("over the limit: %d", got)
	}
}
