//go:build !race

package proc

// supervisorPath returns the program to start as supervisor: this one. By now there may be
// another version at [os.Executable].
func supervisorPath() string { return "/proc/self/exe" }
