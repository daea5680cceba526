package proc

import (
	"errors"
	"io"
	"os"

	"github.com/flakeci/flakeci/internal/safely"
)

// pipes holds the files of one start to close: the child's ends always, ours if the start fails.
type pipes struct {
	childEnds, ourEnds []*os.File
	onStart            []func() // called once the child runs
}

// connect connects the process's standard input and outputs.
func (c *Cmd) connect(p *process) (*pipes, error) {
	w := &pipes{}
	err := errors.Join(w.stdin(c, p), w.stdout(c, p), w.stderr(c, p))
	if err != nil {
		w.started(err)
	}
	return w, err
}

// started closes the files that are no longer needed after an attempt to start.
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
		_ = f.Close() // only pipes; nothing is lost
	}
}

// stdin connects the input. exec.Cmd could do that, but its Wait would wait for a reader that
// never ends.
func (w *pipes) stdin(c *Cmd, p *process) error {
	if f, ok := c.Stdin.(*os.File); ok || c.Stdin == nil {
		if f != nil {
			p.cmd.Stdin = f
		}
		return nil
	}
	childEnd, ourEnd, err := os.Pipe()
	if err != nil {
		return err
	}
	p.cmd.Stdin = childEnd
	w.childEnds, w.ourEnds = append(w.childEnds, childEnd), append(w.ourEnds, ourEnd)
	from := c.Stdin // the caller may reuse c during the copying
	w.onStart = append(w.onStart, func() {
		safely.Go(func() {
			_, _ = io.Copy(ourEnd, from) // a program need not read all it could
			_ = ourEnd.Close()
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
	o, childEnd, err := w.output(p)
	if err != nil {
		return err
	}
	p.cmd.Stdout = childEnd
	o.raw = c.Stdout
	o.lines = lines{max: c.maxLine(), on: c.OnStdout}
	return nil
}

func (w *pipes) stderr(c *Cmd, p *process) error {
	o, childEnd, err := w.output(p)
	if err != nil {
		return err
	}
	p.cmd.Stderr = childEnd
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
	return defaultMaxLine
}

// output makes a pipe for one output.
func (w *pipes) output(p *process) (*output, *os.File, error) {
	ourEnd, childEnd, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	w.childEnds, w.ourEnds = append(w.childEnds, childEnd), append(w.ourEnds, ourEnd)
	o := &output{pipe: ourEnd}
	p.outputs = append(p.outputs, o)
	return o, childEnd, nil
}
