package main

import "path/filepath"

// statePath is a path of flakeci's for what is to stay, or "" if the user has no place for
// it (https://specifications.freedesktop.org/basedir-spec/latest/).
func (a *App) statePath(name string) string {
	return a.userPath("XDG_STATE_HOME", filepath.Join(".local", "state"), name)
}

// cachePath is a path of flakeci's for what may be lost at any time, or "" likewise.
func (a *App) cachePath(name string) string { return a.userPath("XDG_CACHE_HOME", ".cache", name) }

// userPath joins a name to the folder that a variable names, or to one below HOME.
func (a *App) userPath(variable, belowHome, name string) string {
	if dir := a.env(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "flakeci", name)
	}
	if home := a.env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, belowHome, "flakeci", name)
	}
	return ""
}
