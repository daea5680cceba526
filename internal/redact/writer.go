package redact

import (
	"bytes"
	"io"
	"strings"
)

// Writer returns a writer that masks secrets. It holds back a line until it is complete; of a
// long line it holds back as much as a secret may need. Close writes the rest, and does not close
// w.
func (s *Secrets) Writer(w io.Writer) io.WriteCloser { return &writer{secrets: s, to: w} }

type writer struct {
	secrets *Secrets
	to      io.Writer
	held    []byte
}

// A line of more than maxLine bytes is written, except the last maxSecret bytes.
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

// cut returns where to cut a long line: not inside a secret.
func (w *writer) cut() int {
	at := len(w.held) - maxSecret
	masked := w.secrets.Text(string(w.held))
	// A cut is inside a secret if masking both sides separately gives a result other than
	// masking the line. It tries only a few, as each try searches the whole line.
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

// Close writes what was held back.
func (w *writer) Close() error { return w.flush(len(w.held)) }
