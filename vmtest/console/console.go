// Package console lends the user's terminal to a guest.
package console

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"github.com/flakeci/flakeci/vmtest"
)

// resetTerminal undoes what a guest's firmware and programs leave on a terminal: long lines
// cut off, colors, no cursor, the prompt after that of the guest.
const resetTerminal = "\x1b[?7h\x1b[?25h\x1b[0m\r\n"

// Lend returns a console that passes each key on to the guest, except Ctrl-C, which calls
// leave. Until restore is called, the terminal is raw. Input that is not a terminal is passed
// on unchanged.
func Lend(in io.Reader, out io.Writer, leave func()) (c vmtest.Console, restore func()) {
	f, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return vmtest.Console{In: in, Out: out}, func() {}
	}
	c = vmtest.Console{In: &ctrlCReader{from: in, leave: leave}, Out: out}
	before, err := term.MakeRaw(int(f.Fd()))
	if err != nil {
		return c, func() {}
	}
	return c, sync.OnceFunc(func() {
		fmt.Fprint(out, resetTerminal)
		_ = term.Restore(int(f.Fd()), before)
	})
}

// ctrlCReader passes input on until Ctrl-C.
type ctrlCReader struct {
	from  io.Reader
	leave func()
}

const ctrlC = 3

func (r *ctrlCReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if i := bytes.IndexByte(p[:n], ctrlC); i >= 0 {
		r.leave()
		return i, io.EOF
	}
	return n, err
}
