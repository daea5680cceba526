package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// ErrNoReader is wrapped in the error for a pipe without a reader.
var ErrNoReader = errors.New("nobody reads from this pipe")

// WritePipe writes a text into a named pipe, and gives up if nobody reads from it for the
// duration of timeout. It follows no link.
func WritePipe(path string, text []byte, timeout time.Duration) error {
	f, err := openPipe(path, timeout)
	if err != nil {
		return err
	}
	const part = 4 << 10 // the kernel writes it all or nothing
	for len(text) > 0 && err == nil {
		n := min(part, len(text))
		if err = f.SetWriteDeadline(time.Now().Add(timeout)); err == nil {
			n, err = f.Write(text[:n])
			text = text[n:]
		}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = noReader(path, timeout)
	}
	return errors.Join(err, f.Close())
}

// openPipe opens a pipe once it has a reader.
func openPipe(path string, timeout time.Duration) (*os.File, error) {
	const pause = 20 * time.Millisecond
	for end := time.Now().Add(timeout); ; time.Sleep(pause) {
		f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
		switch {
		case errors.Is(err, syscall.ENXIO) && time.Now().Before(end):
			continue
		case errors.Is(err, syscall.ENXIO):
			return nil, noReader(path, timeout)
		case err != nil:
			return nil, err
		}
		st, err := f.Stat()
		if err == nil && st.Mode()&fs.ModeNamedPipe == 0 {
			err = &fs.PathError{Op: "open", Path: path, Err: errors.New("no longer a pipe")}
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
}

func noReader(path string, timeout time.Duration) error {
	return &fs.PathError{Op: "write", Path: path, Err: fmt.Errorf("%w for %s", ErrNoReader, timeout)}
}
