package proc

import (
	"errors"
	"io"
	"os"

	"github.com/flakeci/flakeci/internal/safely"
)

// pipes is the files of one start that have to be closed: the child's ends in
// any case, ours where the child does not come to be.
type pipes struct {
	childEnds, ourEnds []*os.File
	onStart            []func() // what to do with our ends once the child runs
}

// connect gives the process its standard input and outputs.
func (c *Cmd) connect(p *process) (*pipes, error) {
	w := &pipes{}
	err := errors.Join(w.stdin(c, p), w.stdout(c, p), w.stderr(c, p))
	if err != nil {
		w.started(err)
	}
	return w, err
}

// started closes what is not needed any more after an attempt to start.
func (w *pipes) started(err error) {
	closeAll(w.childEnds)
	if err != nil {
		closeAll(w.ourEnds)
		return
	}
	for _, begin := range w.onStart {
		begin()
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // pipes only; nothing is lost
	}
}

// stdin connects the input. It is not left to exec.Cmd, whose Wait would wait
// for a reader that never ends.
func (w *pipes) stdin(c *Cmd, p *process) error {
	if f, ok := c.Stdin.(*os.File); ok || c.Stdin == nil {
		if f != nil {
			p.cmd.Stdin = f
		}
		return nil
	}
	theirs, ours, err := os.Pipe()
	if err != nil {
		return err
	}
	p.cmd.Stdin = theirs
	w.childEnds, w.ourEnds = append(w.childEnds, theirs), append(w.ourEnds, ours)
	from := c.Stdin // the copying may go on when the caller has c back
	w.onStart = append(w.onStart, func() {
		safely.Go(func() {
			_, _ = io.Copy(ours, from) // a program need not read all it could
			_ = ours.Close()
		})
	})
	return nil
}

func (w *pipes) stdout(c *Cmd, p *process) error {
	f, isFile := c.Stdout.(*os.File)
	switch {
	case c.Stdout == nil && c.OnStdout == nil:
		return nil
	case isFile && c.OnStdout == nil:
		p.cmd.Stdout = f
		return nil
	}
	o, theirs, err := w.output(p)
	if err != nil {
		return err
	}
	p.cmd.Stdout = theirs
	o.raw = c.Stdout
	o.lines = lines{max: c.maxLine(), on: c.OnStdout}
	return nil
}

func (w *pipes) stderr(c *Cmd, p *process) error {
	o, theirs, err := w.output(p)
	if err != nil {
		return err
	}
	p.cmd.Stderr = theirs
	o.lines = lines{max: c.maxLine(), on: func(line []byte) {
		p.last.add(line)
		if c.OnStderr != nil {
			c.OnStderr(line)
		}
	}}
	return nil
}

func (c *Cmd) maxLine() int {
	if c.MaxLine > 0 {
		return c.MaxLine
	}
	return DefaultMaxLine
}

// output makes a pipe to be read from.
func (w *pipes) output(p *process) (*output, *os.File, error) {
	ours, theirs, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	w.childEnds, w.ourEnds = append(w.childEnds, theirs), append(w.ourEnds, ours)
	o := &output{pipe: ours}
	p.outputs = append(p.outputs, o)
	return o, theirs, nil
}
