package proc

import (
	"os"
	"path/filepath"
)

// LookUp finds a program like a shell with this PATH, or returns "". It skips relative folders,
// which differ for each process, and files that refuse refuses. Refuse may be nil.
func LookUp(name, path string, refuse func(file string) bool) string {
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		st, err := os.Stat(file)
		if err != nil || !filepath.IsAbs(dir) || !st.Mode().IsRegular() || st.Mode()&0o111 == 0 {
			continue
		}
		if refuse == nil || !refuse(file) {
			return file
		}
	}
	return ""
}
