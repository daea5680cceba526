// Package artifact writes files below folders that a stranger may have prepared.
//
// The folder of artifacts, and those that a flakeci.toml names, may lie in a checkout
// that holds a link, put there to have what a builder or a guest prints written to
// wherever it leads. So no link is followed.
package artifact

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Folder is where whole logs and other evidence of a run go. Nil keeps none. It may
// be used by several goroutines at once.
type Folder struct {
	// Path is the folder as the user named it, from where flakeci runs.
	Path string
	// Below is a folder that Path has to lie below, with no link on the way. It is
	// empty for a Path that the user chose, which may be a link.
	Below string
	// Redact wraps the writer of a text, so that no secret gets into it. Nil leaves
	// texts as they are.
	Redact func(io.Writer) io.WriteCloser

	mu   sync.Mutex
	lost map[string]bool // files that could not be written
	why  error           // why the first of them could not be written
}

// subfolders are those that flakeci makes below the folder of artifacts.
func subfolders() []string { return []string{"logs", "vm"} }

// Check gives an error if a link is in the way of what will be written.
func (f *Folder) Check() error {
	if f.Below != "" {
		rel, err := f.fromBelow()
		if err != nil {
			return err
		}
		if err := Check(f.Below, rel); err != nil {
			return err
		}
	}
	for _, name := range subfolders() {
		if err := Check(f.Path, name); err != nil {
			return err
		}
	}
	return nil
}

// Paths lists the paths below which the folder's files lie.
func (f *Folder) Paths() []string {
	var paths []string
	for _, name := range subfolders() {
		paths = append(paths, filepath.Join(f.Path, name))
	}
	return paths
}

// Text makes a file, has the function fill it, and gives its path. Each part of its
// name goes through [Name]. Half a file would pass for the whole, so a failure leaves
// none.
func (f *Folder) Text(fill func(io.Writer) error, parts ...string) (path string, err error) {
	if f == nil {
		return "", nil
	}
	return f.write(func(w io.Writer) error {
		if f.Redact == nil {
			return fill(w)
		}
		through := f.Redact(w)
		return errors.Join(fill(through), through.Close())
	}, parts)
}

// Binary is [Folder.Text] for what is not a text, such as a picture.
func (f *Folder) Binary(fill func(io.Writer) error, parts ...string) (path string, err error) {
	if f == nil {
		return "", nil
	}
	return f.write(fill, parts)
}

// Lost says how many files could not be written, and why the first of them could not.
// What there was nothing to write of does not count.
func (f *Folder) Lost() (files int, why error) {
	if f == nil {
		return 0, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.lost), f.why
}

func (f *Folder) write(fill func(io.Writer) error, parts []string) (string, error) {
	var folders []string
	for _, part := range parts[:len(parts)-1] {
		folders = append(folders, folderName(part))
	}
	base := Name(parts[len(parts)-1])
	path := filepath.Join(f.Path, filepath.Join(folders...), base)
	root, err := f.open(folders)
	if err != nil {
		return "", f.recordLost(path, err)
	}
	defer root.Close()
	file, err := create(root, base)
	if err != nil {
		return "", f.recordLost(path, err)
	}
	disk := &errorWriter{to: file}
	filled := fill(disk)
	if err := errors.Join(disk.err, file.Close()); err != nil {
		return "", errors.Join(f.recordLost(path, err), root.Remove(base))
	}
	if filled != nil {
		return "", errors.Join(filled, root.Remove(base))
	}
	f.clearLost(path)
	return path, nil
}

// open opens the folder that a file is to lie in.
func (f *Folder) open(parts []string) (*os.Root, error) {
	within, path := f.Path, "."
	if f.Below != "" {
		var err error
		if path, err = f.fromBelow(); err != nil {
			return nil, err
		}
		within = f.Below
	}
	return openBelow(within, filepath.Join(append([]string{path}, parts...)...))
}

func (f *Folder) fromBelow() (string, error) { return filepath.Rel(f.Below, f.Path) }

// recordLost counts a file that could not be written.
func (f *Folder) recordLost(path string, why error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.lost) == 0 {
		f.lost, f.why = map[string]bool{}, why
	}
	f.lost[path] = true
	return why
}

// clearLost forgets that a file could not be written: another try wrote it.
func (f *Folder) clearLost(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.lost, path)
}

// errorWriter remembers errors of writing, to tell a full disk from a source that failed.
type errorWriter struct {
	to  io.Writer
	err error
}

func (w *errorWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// create makes a file in place of what has its name.
func create(root *os.Root, name string) (*os.File, error) {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}
