package proc

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
)

// Soon after the leader's end its pipes are empty. If a pipe is still open then, a process that
// left the group holds it. Reading stops after idleTime without a byte, or after idleBytes,
// more than a pipe can hold.
const (
	idleTime  = 500 * time.Millisecond
	idleBytes = 1 << 20
)

// output is one stream from the process.
type output struct {
	pipe  *os.File
	raw   io.Writer // may be nil
	lines lines
	over  atomic.Bool // the leader has ended
	err   error       // valid after the last read
}

// readAll reads all outputs to the end.
func (p *process) readAll() {
	var readers sync.WaitGroup
	for _, o := range p.outputs {
		readers.Go(safely.Func(func() {
			o.err = o.read()
			o.lines.flush()
			_ = o.pipe.Close() // tells the program about a failed write
		}))
	}
	readers.Wait()
	close(p.outputEnded)
}

// drain waits for the outputs of a process that has ended.
func (p *process) drain() error {
	for _, o := range p.outputs {
		// In this order: read sets its own deadlines only once over is true, so this one
		// cannot replace them.
		_ = o.pipe.SetReadDeadline(time.Now()) // fails only after the last read
		o.over.Store(true)
	}
	<-p.outputEnded
	for _, o := range p.outputs {
		if o.err != nil {
			return o.err
		}
	}
	return nil
}

// read passes on the output until its end.
func (o *output) read() error {
	buffer := make([]byte, 4<<10) // Nix writes line by line
	for late := 0; late < idleBytes; {
		over := o.over.Load()
		if over {
			_ = o.pipe.SetReadDeadline(time.Now().Add(idleTime))
		}
		n, err := o.pipe.Read(buffer)
		if over {
			late += n
		}
		if err := o.passOn(buffer[:n]); err != nil {
			return err
		}
		switch {
		case err == nil, errors.Is(err, os.ErrDeadlineExceeded) && !over:
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, io.EOF):
			return nil
		default:
			return err
		}
	}
	return nil
}

// passOn passes on some bytes.
func (o *output) passOn(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if o.lines.on != nil {
		o.lines.write(b)
	}
	if o.raw == nil {
		return nil
	}
	_, err := o.raw.Write(b)
	return err
}
