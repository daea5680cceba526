// Package artifact writes files below folders that may have hostile content.
//
// The folder of artifacts, or one that flakeci.toml names, may lie in a checkout with a link
// that would redirect the output of a builder or a guest to any other file. So this package
// follows no link.
package artifact

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Folder is the folder for full logs and other evidence of a run. A nil Folder keeps none.
// Several goroutines may use it at once.
type Folder struct {
	// Path is the folder as the user named it, relative to the working directory.
	Path string
	// Below is a folder that Path must be below, without a link in between. It is empty if the
	// user chose Path, which may then be a link.
	Below string
	// Redact wraps the writer of a text to mask secrets. Nil leaves texts unchanged.
	Redact func(io.Writer) io.WriteCloser

	mu   sync.Mutex
	lost map[string]bool // files that could not be written
	err  error           // of the first of them
}

// subfolders lists the folders that flakeci makes in the folder of artifacts.
func subfolders() []string { return []string{"logs", "vm"} }

// Check returns an error if a link is in the way of files to write.
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

// Paths lists the folders of the files.
func (f *Folder) Paths() []string {
	var paths []string
	for _, name := range subfolders() {
		paths = append(paths, filepath.Join(f.Path, name))
	}
	return paths
}

// Text creates a file, lets a function fill it, and returns its path. Each part of its name goes
// through [Name]. If it fails, it removes the file, which could pass for complete.
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

// Binary is like [Folder.Text] for content that is not text, such as a screenshot.
func (f *Folder) Binary(fill func(io.Writer) error, parts ...string) (path string, err error) {
	if f == nil {
		return "", nil
	}
	return f.write(fill, parts)
}

// Lost returns how many files could not be written, and the first error. Files whose content
// was unavailable do not count.
func (f *Folder) Lost() (files int, err error) {
	if f == nil {
		return 0, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.lost), f.err
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

// open opens the folder for a file.
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

// recordLost records a file that could not be written.
func (f *Folder) recordLost(path string, err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.lost) == 0 {
		f.lost, f.err = map[string]bool{}, err
	}
	f.lost[path] = true
	return err
}

// clearLost forgets the failure of a file that was written later.
func (f *Folder) clearLost(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.lost, path)
}

// errorWriter remembers the first error of writing, to tell a full disk from a failed source.
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

// create creates a file, and replaces whatever has its name.
func create(root *os.Root, name string) (*os.File, error) {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}
