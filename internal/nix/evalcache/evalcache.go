// Package evalcache keeps the results of evaluations for later runs.
package evalcache

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/flakeci/flakeci/internal/safefile"
)

// Cache holds the answers to questions about one state of a flake. Several goroutines may
// use it. The zero value works, and saves nothing.
type Cache struct {
	path  string // empty: nothing is kept
	mu    sync.Mutex
	known map[string]json.RawMessage // by the hash of the question
	added map[string]json.RawMessage
	given map[string]Answer // by another run; see [Cache.Use]
	asked map[string]Answer // what this run knows or has learned
	// damage is why the file could not be used. It is nil if it could, or does not exist.
	damage error
}

// file is the content of a cache file. The checksum is there because a flipped bit in a
// path could turn it into the path of another derivation.
type file struct {
	Sum     string          `json:"sum"`
	Answers json.RawMessage `json:"answers"`
}

// Suffix ends the name of a cache file. Files with other names are from a flakeci that
// wrote no checksum.
const Suffix = ".answers"

// maxBytes limits how much of a file is read.
const maxBytes = 128 << 20

// Hash returns a hash of all parts together.
func Hash(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		sum := sha256.Sum256(p)
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Open reads the file at a path, if it exists and is intact. With an empty path, the cache keeps
// nothing.
func Open(path string) *Cache {
	c := &Cache{path: path}
	c.known, c.damage = c.read()
	return c
}

// read returns the content of the file. If that cannot be used it is empty, and the error
// says why.
func (c *Cache) read() (map[string]json.RawMessage, error) {
	none := map[string]json.RawMessage{}
	if c.path == "" {
		return none, nil
	}
	text, err := safefile.Read(c.path, maxBytes)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return none, nil
	}
	var f file
	known := map[string]json.RawMessage{}
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err == nil && f.Sum != Hash(f.Answers) {
		err = errors.New("the checksum does not match")
	}
	if err == nil {
		err = json.Unmarshal(f.Answers, &known)
	}
	if err != nil || known == nil {
		return none, fmt.Errorf("%s is damaged: %w", c.path, cmp.Or(err, errors.New("it is null")))
	}
	return known, nil
}

// Damage returns why the results of earlier runs could not be used, or nil if they could.
func (c *Cache) Damage() error { return c.damage }

// Changed reports whether there are answers to save.
func (c *Cache) Changed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.added) > 0
}

// Get returns the answer to a question, if it is known.
func (c *Cache) Get(question string) (json.RawMessage, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	hash := Hash([]byte(question))
	raw, ok := c.known[hash]
	if a := c.given[hash]; a.Value != nil {
		raw, ok = a.Value, true
	}
	if ok {
		c.note(hash, Answer{Value: raw})
	}
	return raw, ok
}

// Add adds the answer to a question.
func (c *Cache) Add(question string, answer any) {
	raw, err := json.Marshal(answer)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := Hash([]byte(question))
	c.note(key, Answer{Value: raw})
	if c.path == "" {
		return
	}
	if c.added == nil {
		c.added = map[string]json.RawMessage{}
	}
	c.known[key], c.added[key] = raw, raw
}

// maxFiles limits how many files are kept, one for each state of a flake.
const maxFiles = 64

// Save merges the answers that were added into the file, which another run may have written in the
// meantime.
func (c *Cache) Save() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.path == "" || len(c.added) == 0 {
		return nil
	}
	all, _ := c.read() // a damaged file is replaced; Damage has reported it
	maps.Copy(all, c.added)
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if text, err = json.Marshal(file{Sum: Hash(text), Answers: text}); err != nil {
		return err
	}
	dir := filepath.Dir(c.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".new-")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), c.path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the first error is the one to report
		return err
	}
	return prune(dir)
}

// prune removes the files that were written longest ago.
func prune(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) <= maxFiles {
		return err
	}
	var files []fs.FileInfo
	for _, e := range entries {
		if st, err := e.Info(); err == nil { // on an error, another run has removed it
			files = append(files, st)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	for _, st := range files[min(maxFiles, len(files)):] {
		_ = os.Remove(filepath.Join(dir, st.Name())) // or another run has
	}
	return nil
}
