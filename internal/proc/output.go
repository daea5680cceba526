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

// After the leader's death its pipes are empty soon. One that is still open
// after that is held by somebody who left the group, and is not listened to for
// longer than this without a byte, nor for more bytes than a pipe can hold.
const (
	idleTime  = 500 * time.Millisecond
	idleBytes = 1 << 20
)

// output is one stream from the process.
type output struct {
	pipe  *os.File
	raw   io.Writer // nil for none
	lines lines
	over  atomic.Bool // the leader is dead
	err   error       // what went wrong, valid once it is read to the end
}

// readAll reads all outputs to their ends.
func (p *process) readAll() {
	var readers sync.WaitGroup
	for _, o := range p.outputs {
		readers.Go(safely.Func(func() {
			o.err = o.read()
			o.lines.flush()
			_ = o.pipe.Close() // after a failed write this tells the writer
		}))
	}
	readers.Wait()
	close(p.outputEnded)
}

// drain waits for the outputs of a dead process.
func (p *process) drain() error {
	for _, o := range p.outputs {
		// In this order: read sets deadlines of its own only when over is true,
		// so that this one cannot replace one of them.
		_ = o.pipe.SetReadDeadline(time.Now()) // fails only if it is read to the end already
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

// read hands on what comes until the end.
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

// passOn hands on some bytes.
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
