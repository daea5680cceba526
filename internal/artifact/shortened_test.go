package artifact_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/artifact"
)

const mib = 1 << 20

// For writes of any size, the beginning and the end remain, the bytes in between are counted, and
// a short text stays unchanged.
func TestShortened(t *testing.T) {
	for _, size := range []int{0, 1, mib, 3*mib - 1, 3 * mib, 3*mib + 1, 4 * mib, 10*mib + 7} {
		text := make([]byte, size)
		for i := range text {
			text[i] = byte('a' + i*i%23)
		}
		for range 5 {
			var out bytes.Buffer
			s := artifact.NewShortened(&out, 3*mib)
			for rest := text; len(rest) > 0; {
				n := min(len(rest), 1+rand.IntN(3*mib))
				if _, err := s.Write(rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			want := string(text)
			if size > 3*mib {
				want = fmt.Sprintf("%s\n… (flakeci: %d bytes are left out here)\n%s", text[:2*mib], size-3*mib, text[size-mib:])
			}
			if out.String() != want {
				t.Errorf("%d bytes became %d, want %d", size, out.Len(), len(want))
			}
		}
	}
}

// Any write may return the error of a full disk.
func TestShortenedOntoAFullDisk(t *testing.T) {
	for _, most := range []int64{0, 3 * mib} {
		s := artifact.NewShortened(full{}, most)
		_, err := io.Copy(s, strings.NewReader(strings.Repeat("x", 5*mib)))
		if err = errors.Join(err, s.Close()); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("error is %v", err)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
