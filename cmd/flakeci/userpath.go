package main

import "path/filepath"

// statePath returns the path of a file to keep, or "" if the user has no folder for it
// (https://specifications.freedesktop.org/basedir-spec/latest/).
func (a *App) statePath(name string) string {
	return a.userPath("XDG_STATE_HOME", filepath.Join(".local", "state"), name)
}

// cachePath returns the path of a file that may be lost at any time, or "".
func (a *App) cachePath(name string) string { return a.userPath("XDG_CACHE_HOME", ".cache", name) }

// userPath returns the path of a file in the folder of a variable, or in one below HOME.
func (a *App) userPath(variable, belowHome, name string) string {
	if dir := a.env(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "flakeci", name)
	}
	if home := a.env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, belowHome, "flakeci", name)
	}
	return ""
}
