package redact

import (
	"bytes"
	"io"
	"strings"
)

// Writer masks what is secret in what is written through it. A line is held back
// until it is whole, and of one without end as much as a secret may be long. Close
// writes the rest, and leaves the other writer open.
func (s *Secrets) Writer(w io.Writer) io.WriteCloser { return &writer{secrets: s, to: w} }

type writer struct {
	secrets *Secrets
	to      io.Writer
	held    []byte
}

// When a line is this long its beginning is written, and this much of its end is held
// back.
const (
	maxLine   = 64 << 10
	maxSecret = 8 << 10
)

func (w *writer) Write(p []byte) (int, error) {
	w.held = append(w.held, p...)
	if end := bytes.LastIndexByte(w.held, '\n') + 1; end > 0 {
		if err := w.flush(end); err != nil {
			return 0, err
		}
	}
	if len(w.held) > maxLine {
		if err := w.flush(w.cut()); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// cut is where a long line may be cut, which is not inside a secret.
func (w *writer) cut() int {
	at := len(w.held) - maxSecret
	masked := w.secrets.Text(string(w.held))
	// A cut is inside a secret if what is masked on both sides of it is not what is
	// masked of the whole. Only a few are tried: each goes through the whole line.
	for range 3 {
		if w.secrets.Text(string(w.held[:at]))+w.secrets.Text(string(w.held[at:])) == masked {
			return at
		}
		at -= maxSecret
	}
	return len(w.held)
}

func (w *writer) flush(end int) error {
	text := string(w.held[:end])
	w.held = append(w.held[:0], w.held[end:]...)
	_, err := io.Copy(w.to, strings.NewReader(w.secrets.Text(text)))
	return err
}

// Close writes what is held back.
func (w *writer) Close() error { return w.flush(len(w.held)) }
