// Command supervise only supervises. Tests with the race detector start it in place of
// flakeci (see supervisorPath in internal/proc).
package main

import _ "github.com/flakeci/flakeci/internal/proc/supervisor" // supervises before there is a main

func main() {}
