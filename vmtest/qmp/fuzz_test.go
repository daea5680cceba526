package qmp

import (
	"bytes"
	"os"
	"testing"
)

func FuzzDecode(f *testing.F) {
	recorded, err := os.ReadFile("testdata/qemu-7.2.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(recorded) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := decode(line)
		if err != nil {
			return
		}
		if m.Event == "" && m.Greeting == nil && m.ID == nil {
			t.Error("a reply without an id")
		}
		_ = m.event()
		var into struct {
			Status string `json:"status"`
		}
		_ = m.result("query-status", &into)
	})
}

func FuzzPPM(f *testing.F) {
	f.Add([]byte("P6\n1 2\n255\n123456"))
	f.Add([]byte("P6\n640 480\n255\n"))
	f.Add([]byte("P6\n0 1\n255\n"))
	f.Add([]byte("P6\n99999999 99999999\n255\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		picture, err := decodePPM(data)
		if err == nil && 3*len(picture.Pix) > 4*len(data) {
			t.Errorf("%d bytes of %d", len(picture.Pix), len(data))
		}
	})
}

func TestPPM(t *testing.T) {
	picture, err := decodePPM([]byte("P6\n1 2\n255\nabc\n\n\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(picture.Pix); got != "abc\xff\n\n\n\xff" {
		t.Errorf("pixels %q", got)
	}
}

// Every recorded line is a known message, except QEMU's reply to invalid JSON.
func TestRecordedLines(t *testing.T) {
	recorded, err := os.ReadFile("testdata/qemu-7.2.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(recorded) {
		if _, err := decode(line); (err != nil) != bytes.Contains(line, []byte("JSON parse error")) {
			t.Errorf("%s: %v", line, err)
		}
	}
}
