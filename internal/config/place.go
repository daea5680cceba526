package config

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// ErrorAt returns an error that shows the line of a key. The key is given from the root; a
// number in brackets counts the items of a list from 0, as in vm.check[1].hosts[0].
func (f File) ErrorAt(key, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	at, found := f.place(key)
	if !found {
		return &Error{Path: f.Path, Detail: message}
	}
	start := bytes.LastIndexByte(f.Text[:at.Offset], '\n') + 1
	number := fmt.Sprint(f.lineOf(at))
	line, _, _ := bytes.Cut(f.Text[start:], []byte("\n"))
	line = bytes.TrimRight(line, "\r")
	before := int(at.Offset) - start
	marks := min(int(at.Length), len(line)-before) // a text may go on in the next line
	return &Error{Path: f.Path, Detail: fmt.Sprintf("line %s: %s\n%s| %s\n%s| %s%s",
		number, message, number, line, strings.Repeat(" ", len(number)), strings.Repeat(" ", before), strings.Repeat("~", marks))}
}

// Line returns the line of the i-th text in the list of a key, 0 if it is not known.
func (f File) Line(key string, i int) int {
	at, found := f.place(fmt.Sprintf("%s[%d]", key, i))
	if !found {
		return 0
	}
	return f.lineOf(at)
}

func (f File) lineOf(at unstable.Range) int {
	return bytes.Count(f.Text[:at.Offset], []byte("\n")) + 1
}

// place finds a key. One table may stand for a list of tables, one name for a list of names.
func (f File) place(key string) (at unstable.Range, found bool) {
	places := f.findPlaces()
	key = strings.ToLower(key)
	if at, found = places[key]; !found {
		at, found = places[strings.Replace(key, "[0]", "", 1)]
	}
	return at, found
}

// places maps each key, each table and each text in a list to its place. Keys are in lower
// case, as go-toml takes Jobs for jobs.
type places map[string]unstable.Range

// findPlaces walks through the file. go-toml gives the place of what it refuses itself: syntax,
// an unknown key, a value of the wrong kind. It also gives that of an error of
// UnmarshalText, but for text alone, without the number of the [[vm.check]], and in an
// inline table without the key. Mistakes in numbers or in whole tables, and those that show
// only when the flake's hosts are known, have no place in go-toml 2.4.3.
func (f File) findPlaces() places {
	p, counts := places{}, map[string]int{} // how many [[tables]] there were of a name
	var parser unstable.Parser
	parser.Reset(f.Text)
	for table := ""; parser.NextExpression(); {
		switch e := parser.Expression(); e.Kind {
		case unstable.KeyValue:
			p.value(p.key(table, e), e.Value())
		case unstable.Table:
			table = p.key("", e)
		case unstable.ArrayTable:
			list := p.key("", e)
			table = fmt.Sprintf("%s[%d]", list, counts[list])
			p[table] = p[list]
			counts[list]++
		}
	}
	return p
}

// key notes where the key of an expression stands, and returns it from the root.
func (p places) key(table string, e *unstable.Node) string {
	name, start, end := table, uint32(0), uint32(0)
	for key := e.Key(); key.Next(); {
		n := key.Node()
		if end == 0 {
			start = n.Raw.Offset
		}
		end = n.Raw.Offset + n.Raw.Length
		name = strings.TrimPrefix(name+"."+strings.ToLower(string(n.Data)), ".")
	}
	p[name] = unstable.Range{Offset: start, Length: end - start}
	return name
}

// value notes what is inside a list or an inline table. A text that is in no list may stand
// for a list of one, so it is noted as the first of that.
func (p places) value(name string, v *unstable.Node) {
	switch v.Kind {
	case unstable.Array:
		for i, items := 0, v.Children(); items.Next(); i++ {
			p.value(fmt.Sprintf("%s[%d]", name, i), items.Node())
		}
	case unstable.InlineTable:
		p[name] = v.Raw
		for pairs := v.Children(); pairs.Next(); {
			p.value(p.key(name, pairs.Node()), pairs.Node().Value())
		}
	case unstable.String:
		if !strings.HasSuffix(name, "]") {
			name += "[0]"
		}
		p[name] = v.Raw
	}
}
