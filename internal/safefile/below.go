package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// EndBelow returns at most the last limit bytes of a file in a folder. Both the path and the
// folder may be a stranger's, so it reads nothing outside the folder, whatever a path or a link
// says. The path may come from another machine, where the folder had another name, so EndBelow
// tries ever shorter ends of the path.
func EndBelow(folder, path string, limit int64) ([]byte, error) {
	switch st, err := os.Lstat(folder); {
	case err == nil && st.Mode()&fs.ModeSymlink != 0:
		return nil, &LinkError{Path: folder}
	case err == nil && !st.IsDir(): // opening a pipe would wait
		return nil, fmt.Errorf("%s is not a folder", folder)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	name := filepath.ToSlash(filepath.Clean(path))
	for rest, more := name, true; more; _, rest, more = strings.Cut(rest, "/") {
		if !filepath.IsLocal(filepath.FromSlash(rest)) {
			continue
		}
		data, err := endIn(root, rest, limit)
		if !errors.Is(err, fs.ErrNotExist) {
			return data, err
		}
	}
	return nil, fmt.Errorf("not in %s", folder)
}

// endIn returns the end of a file in a folder.
func endIn(root *os.Root, name string, limit int64) ([]byte, error) {
	f, err := OpenIn(root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, _, err := End(f, limit)
	return text, err
}
