package container

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/container/inside"
	"github.com/flakeci/flakeci/result"
)

// maxArtifacts limits what is copied out of a container, in bytes: a build can write there.
const maxArtifacts = 8 << 30

// results copies the report and the artifacts out.
func (b *box) results(ctx context.Context, code int, dir string, artifacts *artifact.Folder) (Result, error) {
	r := Result{Code: code}
	archive, from, err := b.copyOut(ctx, inside.ReportPath)
	if err != nil || archive == nil {
		return r, err
	}
	defer from.Close()
	if _, err := archive.Next(); err != nil {
		return r, fmt.Errorf("cannot copy the report out of the container: %w", err)
	}
	report, err := result.ReadJSON(archive)
	if err != nil {
		return r, fmt.Errorf("the report of the container is unusable: %w", err)
	}
	r.Report = &report
	if artifacts == nil {
		return r, nil
	}
	path := artifacts.Path // as here
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	archive, files, err := b.copyOut(ctx, path)
	if err != nil || archive == nil {
		return r, err
	}
	defer files.Close()
	r.Artifacts, err = unpack(archive, artifacts)
	return r, err
}

// unpack writes the regular files of an archive into a folder, each at the same place below it.
func unpack(archive *tar.Reader, to *artifact.Folder) (written []string, err error) {
	left := int64(maxArtifacts)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return written, nil
		}
		if err != nil {
			return written, fmt.Errorf("cannot copy the artifacts out of the container: %w", err)
		}
		// The first part is the name of the folder itself.
		_, name, found := strings.Cut(path.Clean(h.Name), "/")
		if h.Typeflag != tar.TypeReg || !found {
			continue
		}
		if left -= h.Size; left < 0 {
			return written, fmt.Errorf("the artifacts have more than %d GiB; the rest stayed in the container", maxArtifacts>>30)
		}
		file, err := to.Binary(func(w io.Writer) error {
			_, err := io.Copy(w, archive)
			return err
		}, strings.Split(name, "/")...)
		if err != nil {
			return written, err
		}
		written = append(written, file)
	}
}
