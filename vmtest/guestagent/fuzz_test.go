package guestagent

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

// recorded returns the output of a real agent.
func recorded(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/qemu-ga-7.2.bin")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// replies are the variables that replies are decoded into.
func replies() []any {
	return []any{nil, new(int64), new(status), new(struct {
		Data []byte `json:"buf-b64"`
		EOF  bool   `json:"eof"`
	})}
}

func FuzzDecode(f *testing.F) {
	for line := range bytes.Lines(recorded(f)) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, into := range replies() {
			err := decode(line, "x", into)
			if e := (*Error)(nil); errors.As(err, &e) && e.Command != "x" {
				t.Errorf("error %+v", e)
			}
			if s, ok := into.(*status); ok && err == nil {
				_, _ = s.result()
			}
		}
	})
}

// The scanner finds the reply that follows a stream that breaks off anywhere.
func FuzzSync(f *testing.F) {
	f.Add(recorded(f))
	for line := range bytes.Lines(recorded(f)) {
		f.Add(line)
		f.Add(line[:len(line)/2])
	}
	f.Fuzz(func(t *testing.T, before []byte) {
		var s syncScanner
		for _, b := range before {
			s.next(b)
			if len(s.text) > maxSyncReply {
				t.Fatalf("it keeps %d bytes", len(s.text))
			}
		}
		var got []int64
		for _, b := range []byte("\xff{\"return\": 42}\n") {
			if id, found := s.next(b); found {
				got = append(got, id)
			}
		}
		if len(got) != 1 || got[0] != 42 {
			t.Errorf("found %v", got)
		}
	})
}

// Every recorded line is a reply, except those with a sentinel.
func TestRecordedLines(t *testing.T) {
	for line := range bytes.Lines(recorded(t)) {
		err := decode(line, "x", nil)
		understood := err == nil || errors.As(err, new(*Error))
		if understood == (line[0] == sentinel) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestRecordedSyncs(t *testing.T) {
	var s syncScanner
	var got []int64
	for _, b := range recorded(t) {
		if id, found := s.next(b); found {
			got = append(got, id)
		}
	}
	if len(got) != 3 || got[0] != 123 || got[1] != 1<<63-1 || got[2] != -1 {
		t.Errorf("found %v", got)
	}
}
