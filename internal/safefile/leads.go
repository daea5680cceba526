package safefile

import "path/filepath"

// Leads reports whether a path leads into a folder, also by way of links. No path leads into "".
func Leads(file, folder string) bool {
	if folder == "" {
		return false
	}
	for _, resolve := range []func(string) (string, error){filepath.Abs, filepath.EvalSymlinks} {
		from, err := resolve(folder)
		to, err2 := resolve(file)
		if err != nil || err2 != nil {
			continue
		}
		if isBelow(to, from) {
			return true
		}
	}
	return false
}
