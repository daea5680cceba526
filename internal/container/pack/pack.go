// Package pack writes what a run in a container needs as a tar archive: the flake, with its git
// repository, and the files and folders that flags name. Everything has the same path there.
//
// Files are copied, not mounted, since the engine may be on another machine. All belong to root in
// the archive, so that git and Nix trust them.
package pack

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/safefile"
)

// Writer writes an archive to be unpacked in the root folder.
type Writer struct {
	// Env is the environment for git.
	Env []string
	// Skip is a folder to leave out of checkouts, as an absolute path; it may be empty.
	Skip string

	tar  *tar.Writer
	done map[string]bool
}

// New returns a writer of an archive.
func New(w io.Writer, env []string) *Writer {
	return &Writer{Env: env, tar: tar.NewWriter(w), done: map[string]bool{}}
}

// Close ends the archive.
func (w *Writer) Close() error { return w.tar.Close() }

// Folder adds an empty folder, unless something was written below it.
func (w *Writer) Folder(path string) error {
	if path == "/" {
		return nil
	}
	for name := range w.done {
		if name == path || strings.HasPrefix(name, path+"/") {
			return nil
		}
	}
	return w.header(path, tar.Header{Typeflag: tar.TypeDir, Mode: 0o755})
}

// Tree adds a file, or a folder with everything in it but git repositories, with another path in the
// archive. A repository may have credentials; [Writer.Checkout] leaves these out.
func (w *Writer) Tree(from, at string) error {
	return w.walk(from, at, func(rel string, _ fs.DirEntry) (bool, error) { return filepath.Base(rel) != ".git", nil })
}

// walk adds a file or folder. The function says whether to add an entry; of a folder it leaves
// out all.
func (w *Writer) walk(from, at string, add func(rel string, d fs.DirEntry) (bool, error)) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path != from {
			return nil // it was just removed
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if wanted, err := add(rel, d); err != nil || !wanted {
			if d.IsDir() && err == nil {
				return fs.SkipDir
			}
			return err
		}
		return w.entry(path, filepath.Join(at, rel), rel != ".")
	})
}

// entry adds one file, link or folder; other things, such as sockets, are left out. The folder at
// the top may exist already, with a mode of its own.
func (w *Writer) entry(path, at string, below bool) error {
	st, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || w.done[at] {
		return err
	}
	switch {
	case st.Mode().IsRegular():
		return w.file(path, at)
	case st.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return w.header(at, tar.Header{Typeflag: tar.TypeSymlink, Linkname: to, Mode: 0o777})
	case st.IsDir() && below:
		return w.header(at, tar.Header{Typeflag: tar.TypeDir, Mode: 0o755})
	}
	return nil
}

// file adds a regular file. Of its mode only the executable bit counts, as in git and in Nix.
func (w *Writer) file(path, at string) error {
	f, err := safefile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	mode := int64(0o644)
	if st.Mode()&0o100 != 0 {
		mode = 0o755
	}
	if err := w.header(at, tar.Header{Typeflag: tar.TypeReg, Mode: mode, Size: st.Size(), ModTime: st.ModTime()}); err != nil {
		return err
	}
	if _, err := io.CopyN(w.tar, f, st.Size()); err != nil {
		return fmt.Errorf("%s changed while it was read: %w", path, err)
	}
	return nil
}

// Bytes adds a file with a text.
func (w *Writer) Bytes(at string, text []byte) error {
	if err := w.header(at, tar.Header{Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}); err != nil {
		return err
	}
	_, err := w.tar.Write(text)
	return err
}

// Program adds an executable file.
func (w *Writer) Program(path, at string) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := safefile.OpenNamed(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := w.header(at, tar.Header{Typeflag: tar.TypeReg, Mode: 0o755, Size: st.Size()}); err != nil {
		return err
	}
	_, err = io.CopyN(w.tar, f, st.Size())
	return err
}

func (w *Writer) header(at string, h tar.Header) error {
	w.done[at] = true
	h.Name = strings.TrimPrefix(at, "/")
	if h.Typeflag == tar.TypeDir {
		h.Name += "/"
	}
	return w.tar.WriteHeader(&h)
}

// Checkout adds the git repository of a folder: the files that git tracks or would track, and the
// repository itself without hooks, credentials and what else names programs.
func (w *Writer) Checkout(ctx context.Context, dir string) error {
	repo, err := git.Open(ctx, dir, w.Env)
	if err != nil {
		return err
	}
	files, err := repo.Files(ctx)
	if err != nil {
		return err
	}
	for _, name := range append(files, ".git") {
		path := filepath.Join(repo.Root(), name)
		st, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist): // deleted, but not in the index
		case w.Skip != "" && strings.HasPrefix(path, w.Skip+"/"):
		case err != nil:
			return err
		case name != ".git" && !strings.HasSuffix(name, "/") && st.IsDir() && git.Root(path) == path: // a submodule
			if err := w.Checkout(ctx, path); err != nil {
				return err
			}
		case name == ".git" && st.IsDir(), strings.HasSuffix(name, "/"): // the repository follows; one in it is not of it
		default:
			if err := w.entry(path, path, true); err != nil {
				return err
			}
		}
	}
	for _, dir := range repo.Dirs() {
		if err := w.repository(ctx, dir); err != nil {
			return err
		}
	}
	return nil
}
