package nix

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"

	"github.com/flakeci/flakeci/internal/safefile"
)

// answers are results of evaluations of one flake as it is, kept from one run to
// the next. Without a look at the machine an evaluation of the same flake, with
// the same inputs, by the same Nix with the same settings gives the same. Errors
// are not kept: what could not be fetched may be there the next time.
type answers struct {
	path  string // empty keeps nothing
	mu    sync.Mutex
	known map[string]json.RawMessage // by the hash of what was asked
	added map[string]json.RawMessage
	// damage is why the file could not be used, nil where it could or was not there.
	damage error
}

// answersFile is what is in the file. It has a checksum, for a flipped bit in a path
// would make it that of another derivation.
type answersFile struct {
	Sum     string          `json:"sum"`
	Answers json.RawMessage `json:"answers"`
}

// Files with other names come from a flakeci that wrote no checksum.
const answersSuffix = ".answers"

// answersOf is the file for a flake, or "" where nothing may be kept: what the
// evaluation looks at is not known, or the user has Nix keep nothing either.
func (c *Client) answersOf(ctx context.Context, f Flake, o FlakeOptions) string {
	settings, err := c.showConfig(ctx)
	keep, pure := true, true
	if c.answers == "" || o.Impure || err != nil || decodeSettings(settings, map[string]any{"eval-cache": &keep, "pure-eval": &pure}) != nil || !keep || !pure {
		return ""
	}
	name := hashOf(append([][]byte{[]byte(c.Version.String()), settings}, f.identity()...)...)
	return filepath.Join(c.answers, name+answersSuffix)
}

// identity is all that an evaluation of the flake depends on: what of it is
// visible to itself, its files by the hash in their path, and its inputs.
func (f Flake) identity() [][]byte {
	var m struct {
		Locked, Locks json.RawMessage
		Path          string
	}
	_ = json.Unmarshal(f.described, &m) // what was decoded before
	return [][]byte{m.Locked, m.Locks, []byte(m.Path), []byte(f.Dir)}
}

func hashOf(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		sum := sha256.Sum256(p)
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// openAnswers reads a file, if it is there and in order.
func openAnswers(path string) *answers {
	a := &answers{path: path, added: map[string]json.RawMessage{}}
	a.known, a.damage = a.read()
	return a
}

// read gives what is in the file, or nothing and an error.
func (a *answers) read() (map[string]json.RawMessage, error) {
	none := map[string]json.RawMessage{}
	if a.path == "" {
		return none, nil
	}
	text, err := safefile.Read(a.path, maxAnswer)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	var file answersFile
	known := map[string]json.RawMessage{}
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err == nil && file.Sum != hashOf(file.Answers) {
		err = errors.New("the checksum does not match")
	}
	if err == nil {
		err = json.Unmarshal(file.Answers, &known)
	}
	if err != nil || known == nil {
		return none, fmt.Errorf("%s is damaged: %w", a.path, cmp.Or(err, errNull))
	}
	return known, nil
}

// Damage is why what earlier runs evaluated could not be used, so that it is evaluated
// again; nil where it could.
func (t *Target) Damage() error { return t.answers.damage }

// get decodes the answer to a question and says whether there is one.
func (a *answers) get(question string, into any) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	raw, ok := a.known[hashOf([]byte(question))]
	return ok && unmarshalWhole(raw, into) == nil
}

// add takes in an answer.
func (a *answers) add(question string, answer any) {
	raw, err := json.Marshal(answer)
	if err != nil || a.path == "" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	key := hashOf([]byte(question))
	a.known[key], a.added[key] = raw, raw
}

// Flakes whose answers are kept at most, those that were used last.
const maxAnswers = 64

// save writes what was added to what is in the file by now, which may be more
// than was read: runs go on side by side.
func (a *answers) save() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.path == "" || len(a.added) == 0 {
		return nil
	}
	all, _ := a.read() // a damaged file is replaced; Damage has said so
	maps.Copy(all, a.added)
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if text, err = json.Marshal(answersFile{Sum: hashOf(text), Answers: text}); err != nil {
		return err
	}
	dir := filepath.Dir(a.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".new-")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), a.path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the error is told
		return err
	}
	return a.prune(dir)
}

// prune removes the files that were not written for longest.
func (a *answers) prune(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) <= maxAnswers {
		return err
	}
	var files []fs.FileInfo
	for _, e := range entries {
		if st, err := e.Info(); err == nil { // else another run was faster
			files = append(files, st)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	for _, st := range files[min(maxAnswers, len(files)):] {
		_ = os.Remove(filepath.Join(dir, st.Name())) // likewise
	}
	return nil
}

// changed is the error for a flake that is not what it was when the run began.
func (f Flake) changed(now Flake) error {
	text := "its files changed meanwhile, so cells may be of more than one state of them"
	if f.StorePath == now.StorePath {
		text = "an input changed meanwhile, so cells may be of more than one state of it"
	}
	return errors.New(text)
}

// IsOne says whether all evaluations are of the same files of the flake itself: by its
// revision, or by Nix's copy of it. A tree that is not committed may be edited
// meanwhile.
func (f *Flake) IsOne() bool { return f.Rev != "" || f.reference() == f.copy }

// inputsAreOne says likewise of its inputs, by its lock file. One that is overridden,
// or not in there, is looked up anew each time.
func (f *Flake) inputsAreOne() bool {
	var locks struct{ Locks any }
	var file any
	err := errors.Join(json.Unmarshal(f.described, &locks), json.Unmarshal([]byte(f.read(filepath.Join(f.Dir, "flake.lock"))), &file))
	return err == nil && reflect.DeepEqual(file, locks.Locks)
}

// Save keeps what was evaluated for the next run. A flake of which anything may have
// changed is looked at once more: what was evaluated may be of a later state of it.
func (t *Target) Save(ctx context.Context) error {
	if len(t.answers.added) == 0 {
		return nil
	}
	if own := t.Flake.IsOne(); !own || !t.Flake.inputsAreOne() {
		now, err := t.client.Resolve(ctx, t.Flake.reference(), t.options)
		if err != nil {
			return err
		}
		then, later := t.Flake.identity(), now.identity()
		if own {
			then, later = then[1:], later[1:] // which may be written otherwise
		}
		if !slices.EqualFunc(then, later, slices.Equal[[]byte]) {
			return t.Flake.changed(now)
		}
	}
	return t.answers.save()
}

// Known gives what an earlier run evaluated, if its derivations are in the store
// still.
func (t *Target) Known(q Question) (Instance, bool) {
	var in Instance
	if !t.answers.get(asking(q.expr()), &in) || q.finish(&in, t.client.store) != nil {
		return Instance{}, false
	}
	drvs := []string{in.DrvPath}
	for _, h := range in.Homes {
		drvs = append(drvs, h.Instance.DrvPath)
	}
	for _, drv := range drvs {
		if drv == "" {
			continue // a package that is left out
		}
		if _, err := os.Lstat(drv); err != nil {
			return Instance{}, false
		}
	}
	return in, true
}
