package nixlog

import (
	"bytes"
	"strconv"
	"strings"
)

// Answer reads a line that may be an answer of the evaluator: a trace of a mark, a number and a
// text. If the line has the mark, but another program wrote into it, the number is -1: the answer
// is lost, and the next one does not belong to the next question.
func Answer(line []byte, mark string) (number int, text string, ok bool) {
	if !bytes.Contains(line, []byte(mark)) {
		return 0, "", false
	}
	r, ok := parseRecord(line)
	switch {
	case !ok: // a record that is cut off is no answer but an error that quotes the question
		return -1, "", len(line) < MaxRecord
	case r.Action != "msg":
		return 0, "", false
	}
	text, ok = strings.CutPrefix(r.Msg, "trace: "+mark)
	digits, text, _ := strings.Cut(text, " ")
	number, err := strconv.Atoi(digits)
	return number, text, ok && err == nil
}
