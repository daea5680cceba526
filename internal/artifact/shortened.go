package artifact

import (
	"fmt"
	"io"
)

// endBytes is how much of the end of a long text is kept.
const endBytes = 1 << 20

// Shortened is a writer that passes on a text, or only the beginning and the end if the text is
// too long. It holds at most two MiB.
type Shortened struct {
	to      io.Writer
	room    int64 // for the beginning
	end     []byte
	omitted int64 // bytes that are left out
}

// NewShortened returns a writer that passes on up to about limit bytes.
func NewShortened(to io.Writer, limit int64) *Shortened {
	return &Shortened{to: to, room: max(0, limit-endBytes)}
}

// Write implements [io.Writer].
func (s *Shortened) Write(p []byte) (int, error) {
	now := p[:min(int64(len(p)), s.room)]
	if len(now) > 0 {
		n, err := s.to.Write(now)
		s.room -= int64(n)
		if err != nil {
			return n, err
		}
	}
	later := p[len(now):]
	if over := len(later) - endBytes; over > 0 {
		s.omitted += int64(over)
		later = later[over:]
	}
	s.end = append(s.end, later...)
	if over := len(s.end) - endBytes; over > endBytes {
		s.omit(over)
	}
	return len(p), nil
}

// omit drops the first n bytes of the end.
func (s *Shortened) omit(n int) {
	s.omitted += int64(n)
	s.end = s.end[:copy(s.end, s.end[n:])]
}

// Close passes on the end, after a line that says how much is left out. It does not close the
// underlying writer.
func (s *Shortened) Close() error {
	if over := len(s.end) - endBytes; over > 0 {
		s.omit(over)
	}
	if s.omitted > 0 {
		if _, err := fmt.Fprintf(s.to, "\n… (flakeci: %d bytes are left out here)\n", s.omitted); err != nil {
			return err
		}
	}
	_, err := s.to.Write(s.end)
	return err
}
