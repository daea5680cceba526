package proc

import "os"

// A process that was started as a terminal's guard acts before main, so that neither main nor
// the tests of any package can forget it.
func init() {
	if code, asked := guard(os.Args); asked {
		os.Exit(code)
	}
}
