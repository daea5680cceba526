package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/flakeci/flakeci/internal/nix/evalcache"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/internal/tmpdir"
	"github.com/flakeci/flakeci/result"
)

// The files in the folder of a plan: the plan, the report of what needs no shard, and the store
// with the derivations.
const (
	planFile   = "plan.json"
	ReportFile = "report.json"
	storeDir   = "store"
)

// maxBytes limits how much of a plan is read. That of 6,000 cells has some 20 MB.
const maxBytes = 256 << 20

// FolderError says that a folder cannot hold a new plan.
type FolderError struct{ Folder, Reason string }

func (e *FolderError) Error() string { return e.Folder + " " + e.Reason }

// Prepare makes a folder for a plan, and empties one with an earlier plan. The error is a
// [*FolderError] if something else is there.
func Prepare(dir string) error {
	dir = filepath.Clean(dir) // a slash at the end would follow a link
	st, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.MkdirAll(dir, 0o755)
	case err != nil:
		return err
	case !st.IsDir():
		return &FolderError{dir, "is not a folder"}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	if len(entries) > 0 && !names[planFile] && !isUnfinished(dir, names) {
		return &FolderError{dir, "has files that are not of a plan"}
	}
	for _, name := range []string{planFile, ReportFile, storeDir} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// isUnfinished reports whether a folder has nothing but a file that keeps git from tracking it, and
// what is left if there was nothing to plan: a report, with its logs.
func isUnfinished(dir string, names map[string]bool) bool {
	for name := range names {
		if !slices.Contains([]string{".gitignore", ReportFile, storeDir, "logs"}, name) {
			return false
		}
	}
	if len(names) == 1 && names[".gitignore"] {
		return true
	}
	f, err := safefile.Open(filepath.Join(dir, ReportFile))
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = result.ReadJSON(f)
	return err == nil
}

// withStore calls a function with the URL of the store in the folder of a plan. Nix 2.8 takes an
// escaped URL literally and would make a folder a%20b, and no Nix takes an unescaped one, so a
// folder with such a name gets a link with a plain one.
func withStore(dir string, f func(url string) error) error {
	path, err := filepath.Abs(filepath.Join(dir, storeDir))
	if err != nil {
		return err
	}
	if fileURL(path) == "file://"+path {
		return f(fileURL(path))
	}
	tmp, remove, err := tmpdir.New()
	if err != nil {
		return err
	}
	defer remove()
	link := filepath.Join(tmp, storeDir)
	if err := os.Symlink(path, link); err != nil {
		return err
	}
	return f(fileURL(link))
}

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// Write writes the plan into its folder.
func (p *Plan) Write(dir string) error {
	p.Schema = Schema
	sum, err := p.sum()
	if err != nil {
		return err
	}
	p.Sum = sum
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, planFile), append(text, '\n'), 0o644)
}

// WriteReport writes the report of a plan into its folder, also if there is nothing to plan: it
// says why.
func WriteReport(r result.Report, dir string) error {
	file, err := os.Create(filepath.Join(dir, ReportFile))
	if err != nil {
		return err
	}
	return errors.Join(result.WriteJSON(file, r), file.Close())
}

// sum returns the checksum of all but itself.
func (p *Plan) sum() (string, error) {
	plain := *p
	plain.Sum = ""
	text, err := json.Marshal(plain)
	return evalcache.Hash(text), err
}

// UnusableError says why a plan cannot be used.
type UnusableError struct{ Folder, Reason, Hint string }

func (e *UnusableError) Error() string { return fmt.Sprintf("the plan in %s %s", e.Folder, e.Reason) }

// Read reads the plan in a folder. The error is an [*UnusableError].
func Read(dir string) (*Plan, error) {
	text, err := safefile.ReadTarget(filepath.Join(dir, planFile), maxBytes)
	if err != nil {
		return nil, &UnusableError{dir, "cannot be read: " + err.Error(), "give the folder that flakeci plan wrote"}
	}
	p, why := parse(text)
	if why != "" {
		return nil, &UnusableError{dir, why, "make it again with flakeci plan"}
	}
	return p, nil
}

func parse(text []byte) (p *Plan, why string) {
	var head struct{ Schema string }
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, "is damaged: " + err.Error()
	}
	if head.Schema != Schema {
		return nil, fmt.Sprintf("has the schema %.50q, not %q", head.Schema, Schema)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, "is damaged: " + err.Error()
	}
	if sum, err := p.sum(); err != nil || sum != p.Sum {
		return nil, "is damaged: the checksum does not match"
	}
	for _, c := range p.Cells {
		for _, drv := range []string{c.DrvPath, c.BaseDrvPath} {
			if drv != "" && !storepath.IsDerivation(drv) {
				return nil, fmt.Sprintf("says that %.50q has the derivation %.50q", c.ID, drv)
			}
		}
	}
	return p, ""
}
