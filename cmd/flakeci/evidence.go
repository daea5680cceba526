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

// evidence is the folder of artifacts, as far as it is read: whole logs and pictures
// that a report names. Both the report and the folder may be a stranger's, so nothing
// outside of the folder is read, whatever a path or a link says.
type evidence string

// read returns a file, or its end if it is very large. The report may be from another
// place, where the folder had another name: of its path, as much of the end counts as
// is there.
func (folder evidence) read(path string) ([]byte, error) {
	switch st, err := os.Lstat(string(folder)); {
	case err == nil && st.Mode()&fs.ModeSymlink != 0:
		return nil, &safefile.LinkError{Path: string(folder)}
	case err == nil && !st.IsDir(): // opening waits at a pipe
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

// readEnd reads the end of a file.
func readEnd(root *os.Root, name string) ([]byte, error) {
	f, err := safefile.OpenIn(root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, _, err := safefile.End(f, html.MaxEvidence)
	return text, err
}

// evidenceOf is where the artifacts of a saved report are: in the folder that was
// given, else in the one of the usual name here, else in that beside the report.
func evidenceOf(report, given string) evidence {
	const usual = "artifacts"
	if given != "" {
		return evidence(given)
	}
	if _, err := os.Lstat(usual); err == nil {
		return usual
	}
	return evidence(filepath.Join(filepath.Dir(report), usual))
}
