package vmtest

import (
	"os"
	"testing"

	"github.com/flakeci/flakeci/internal/proc"
)

// QEMU runs below a supervisor, which is this program started again.
func TestMain(m *testing.M) {
	if code, asked := proc.Supervise(os.Args); asked {
		os.Exit(code)
	}
	os.Exit(m.Run())
}
