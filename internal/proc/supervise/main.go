// Command supervise is a flakeci that supervises and does nothing else, for tests with
// the race detector (see supervisorPath).
package main

import _ "github.com/flakeci/flakeci/internal/proc" // supervises before there is a main

func main() {}
