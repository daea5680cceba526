package container

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
)

// GiveBack gives the files of a run to the user who started flakeci with sudo, as an engine often
// requires, and with them the folders of the artifacts. Without sudo it does nothing.
func GiveBack(env func(string) string, folder string, files []string) error {
	uid, err1 := strconv.Atoi(env("SUDO_UID"))
	gid, err2 := strconv.Atoi(env("SUDO_GID"))
	if sudo := err1 == nil && err2 == nil && os.Geteuid() == 0; !sudo {
		return nil
	}
	owned := map[string]bool{}
	for _, file := range files {
		owned[file] = true
		for dir := filepath.Dir(file); folder != "" && isWithin(dir, folder); dir = filepath.Dir(dir) {
			owned[dir] = true
		}
	}
	var failed []error
	for path := range owned {
		if st, err := os.Lstat(path); err == nil && (st.IsDir() || st.Mode().IsRegular()) {
			failed = append(failed, os.Lchown(path, uid, gid))
		}
	}
	return errors.Join(failed...)
}

// isWithin reports whether a path is a folder or below it.
func isWithin(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}
