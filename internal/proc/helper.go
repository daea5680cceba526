package proc

import "os"

// A process that was started to help flakeci, as the supervisor of a program or the
// keeper of a terminal, is that before the packages of flakeci are set up. That
// would take it three times as long as all else it does, for each build of a
// matrix, and so neither main nor the tests of any package can forget it.
func init() {
	for _, help := range []func([]string) (code int, asked bool){supervise, keep} {
		if code, asked := help(os.Args); asked {
			os.Exit(code)
		}
	}
}
