package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// ErrNoReader is found by errors.Is in the error for a pipe without a reader.
var ErrNoReader = errors.New("nobody reads from this pipe")

// WritePipe writes a text into a named pipe, and gives up when nobody has read from it for
// as long as patience. It follows no link.
func WritePipe(path string, text []byte, patience time.Duration) error {
	f, err := openPipe(path, patience)
	if err != nil {
		return err
	}
	const part = 4 << 10 // is taken as a whole or not at all
	for len(text) > 0 && err == nil {
		n := min(part, len(text))
		if err = f.SetWriteDeadline(time.Now().Add(patience)); err == nil {
			n, err = f.Write(text[:n])
			text = text[n:]
		}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = noReader(path, patience)
	}
	return errors.Join(err, f.Close())
}

// openPipe waits for somebody who reads.
func openPipe(path string, patience time.Duration) (*os.File, error) {
	const again = 20 * time.Millisecond
	for end := time.Now().Add(patience); ; time.Sleep(again) {
		f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
		switch {
		case errors.Is(err, syscall.ENXIO) && time.Now().Before(end):
			continue
		case errors.Is(err, syscall.ENXIO):
			return nil, noReader(path, patience)
		case err != nil:
			return nil, err
		}
		st, err := f.Stat()
		if err == nil && st.Mode()&fs.ModeNamedPipe == 0 {
			err = &fs.PathError{Op: "open", Path: path, Err: errors.New("not a pipe any more")}
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
}

func noReader(path string, patience time.Duration) error {
	return &fs.PathError{Op: "write", Path: path, Err: fmt.Errorf("%w for %s", ErrNoReader, patience)}
}
