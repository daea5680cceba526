package disk

import (
	"path/filepath"
	"strings"
	"syscall"
)

// Root returns the folder below which the files of a store are, as --store names it: empty for the
// machine's own. Ok is false if the store is not on this machine, or is no store to build in.
func Root(store string) (root string, ok bool) {
	kind, query, _ := strings.Cut(store, "?")
	for field := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(field, "="); name == "root" {
			root = value
		}
	}
	switch {
	case kind == "" || kind == "auto" || kind == "daemon" || kind == "local" || kind == "local://" || strings.HasPrefix(kind, "unix://"):
		return root, true
	case strings.Contains(kind, "://"):
		return "", false
	case strings.HasPrefix(kind, "/") || strings.HasPrefix(kind, "."):
		return filepath.Clean(kind), true
	}
	return "", false
}

// space is the state of a file system, in bytes.
type space struct{ free, size int64 }

// measure asks for the space that is left for the store's files.
func measure(folder string) (space, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return space{}, err
	}
	block := uint64(s.Bsize) // its type differs between systems
	return space{free: int64(s.Bavail * block), size: int64(s.Blocks * block)}, nil
}

// The free space that is kept for Nix's database and for files that builders make and remove again.
const (
	reserveShare = 20 // a part of the file system
	maxReserve   = 1 << 30
)

func (s space) reserve() int64 { return min(s.size/reserveShare, maxReserve) }

// floor returns how many bytes Nix needs to go on working: half of the reserve, or a quarter of what
// is free at the beginning of the run, on a disk that is nearly full.
func (s space) floor() int64 { return min(s.reserve()/2, s.free/4) }
