package nixlog

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// A long message, as a flake can throw, is cut and remains a message. A builder's line is
// left whole.
func TestLongMessagesAreCut(t *testing.T) {
	const mark = " [cut]"
	long := strings.Repeat("ü", 4<<20)
	said := Shorten([]byte(`@nix {"action":"msg","column":7,"file":"flake.nix","level":0,"line":3,"msg":"`+long+`","raw_msg":"`+long+`","trace":[{"raw_msg":"while"}]}`), mark)
	r, ok := parseRecord(said)
	if !ok || len(said) > longestMessage || r.Level != 0 || r.Line != 3 || r.Column != 7 || len(r.Trace) != 1 {
		t.Errorf("%d bytes, %t: %+v", len(said), ok, r.Position)
	}
	if !strings.HasPrefix(r.Msg, "üü") || !strings.HasSuffix(r.RawMsg, "ü"+mark) {
		t.Errorf("it begins with %.20s", r.Msg)
	}
	for _, line := range []string{`@nix {"action":"result","fields":["` + long + `"],"id":1,"type":101}`, long, `@nix {"action":"msg",` + long} {
		if got := Shorten([]byte(line), mark); string(got) != line {
			t.Errorf("of %.30s, %d of %d bytes are left", line, len(got), len(line))
		}
	}
}

// A line that another program wrote into is a lost answer. One that is cut off because of
// its length is an error that quotes the question.
func TestSpoiledAnswers(t *testing.T) {
	line := append([]byte("@nix {MARK"), bytes.Repeat([]byte("x"), MaxRecord)...)
	if _, _, ok := Answer(line[:MaxRecord], "MARK"); ok {
		t.Error("a record that was cut off is an answer")
	}
	if i, _, ok := Answer(line[:100], "MARK"); !ok || i != -1 {
		t.Errorf("a spoiled line is the answer to %d, %t", i, ok)
	}
}

func eachLine(data []byte, f func(line []byte)) {
	for line := range bytes.Lines(data) {
		f(bytes.TrimSuffix(line, []byte("\n")))
	}
}

// errorRecord is an error as Nix logs it.
func errorRecord(text string) []byte {
	fields, err := json.Marshal(map[string]any{"action": "msg", "level": levelError, "msg": "error: " + text, "raw_msg": text})
	if err != nil {
		panic(err)
	}
	return append(slices.Clip(recordPrefix), fields...)
}
