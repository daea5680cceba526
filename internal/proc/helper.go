package proc

import "os"

// A process that was started to keep a terminal does that before the packages of flakeci
// are set up, so that neither main nor the tests of any package can forget it.
func init() {
	if code, asked := guard(os.Args); asked {
		os.Exit(code)
	}
}
