package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/reports/html"
)

// artifactFolder reads the full logs and pictures that a report names. Both the report and
// the folder may be a stranger's, so it reads nothing outside of the folder, whatever a path
// or a link says.
type artifactFolder string

// read returns a file, or its end if it is very large. The report may come from another
// place, where the folder had another name: read tries ever shorter ends of the path.
func (folder artifactFolder) read(path string) ([]byte, error) {
	switch st, err := os.Lstat(string(folder)); {
	case err == nil && st.Mode()&fs.ModeSymlink != 0:
		return nil, &safefile.LinkError{Path: string(folder)}
	case err == nil && !st.IsDir(): // opening a pipe would wait
		return nil, fmt.Errorf("%s is not a folder", string(folder))
	}
	root, err := os.OpenRoot(string(folder))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	name := filepath.ToSlash(filepath.Clean(path))
	for rest, more := name, true; more; _, rest, more = strings.Cut(rest, "/") {
		if !filepath.IsLocal(filepath.FromSlash(rest)) {
			continue
		}
		data, err := readEnd(root, rest)
		if !errors.Is(err, fs.ErrNotExist) {
			return data, err
		}
	}
	return nil, fmt.Errorf("not in %s", string(folder))
}

// readEnd returns the end of a file.
func readEnd(root *os.Root, name string) ([]byte, error) {
	f, err := safefile.OpenIn(root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, _, err := safefile.End(f, html.MaxEvidence)
	return text, err
}

// artifactsOf returns the folder of a saved report's artifacts: the one given, or a folder
// of the usual name here or beside the report.
func artifactsOf(report, given string) artifactFolder {
	const usual = "artifacts"
	if given != "" {
		return artifactFolder(given)
	}
	if _, err := os.Lstat(usual); err == nil {
		return usual
	}
	return artifactFolder(filepath.Join(filepath.Dir(report), usual))
}
