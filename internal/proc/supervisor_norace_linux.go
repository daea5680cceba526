//go:build !race

package proc

// supervisorPath is the program to start as supervisor: this one. At [os.Executable]'s
// another version may be by now.
func supervisorPath() string { return "/proc/self/exe" }
