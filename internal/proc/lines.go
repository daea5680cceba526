package proc

import "bytes"

// CutMark ends a line that was cut.
const CutMark = " [flakeci: line cut here]"

// lines splits a stream into lines and never holds more than max bytes of one.
type lines struct {
	max  int
	on   func(line []byte)
	part []byte // the beginning of an incomplete line
	cut  bool   // part has lost bytes
}

// write adds the next bytes of the stream.
func (l *lines) write(b []byte) {
	for len(b) > 0 {
		line, rest, ended := bytes.Cut(b, []byte{'\n'})
		if ended && len(l.part) == 0 && len(line) <= l.max {
			l.on(line)
		} else {
			l.add(line)
			if ended {
				l.emit()
			}
		}
		b = rest
	}
}

// flush passes on a last line without a newline.
func (l *lines) flush() {
	if len(l.part) > 0 {
		l.emit()
	}
}

func (l *lines) add(b []byte) {
	if room := l.max - len(l.part); len(b) > room {
		b, l.cut = b[:room], true
	}
	l.part = append(l.part, b...)
}

func (l *lines) emit() {
	if l.cut {
		l.part = append(l.part, CutMark...)
	}
	l.on(l.part)
	l.cut = false
	l.part = l.part[:0]
	if cap(l.part) > defaultMaxLine {
		l.part = nil // frees the memory of a huge line
	}
}
