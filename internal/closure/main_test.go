package closure_test

import (
	"os"
	"testing"

	"github.com/flakeci/flakeci/internal/proc"
)

func TestMain(m *testing.M) {
	if code, asked := proc.Supervise(os.Args); asked {
		os.Exit(code)
	}
	m.Run()
}
