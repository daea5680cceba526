// Command supervise is only a supervisor. Tests with the race detector start it instead of
// flakeci (see supervisorPath in internal/proc).
package main

import _ "github.com/flakeci/flakeci/internal/proc/supervisor" // supervises before main

func main() {}
