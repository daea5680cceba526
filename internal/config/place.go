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
	length := min(int(at.Length), len(line)-before) // a text may continue in the next line
	return &Error{Path: f.Path, Detail: fmt.Sprintf("line %s: %s\n%s| %s\n%s| %s%s",
		number, message, number, line, strings.Repeat(" ", len(number)), strings.Repeat(" ", before), strings.Repeat("~", length))}
}

// Line returns the line of the i-th text in the list of a key, 0 if it is unknown.
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

// place finds a key. A single table may stand for a list of tables, a single name for a list of
// names.
func (f File) place(key string) (at unstable.Range, found bool) {
	places := f.findPlaces()
	key = strings.ToLower(key)
	if at, found = places[key]; !found {
		at, found = places[strings.Replace(key, "[0]", "", 1)]
	}
	return at, found
}

// places maps keys, tables and texts in lists to their places. Keys are in lower case, as
// go-toml accepts Jobs for jobs.
type places map[string]unstable.Range

// findPlaces parses the file. go-toml reports the place of its own errors: syntax, an unknown
// key, a value of the wrong type. It also reports that of an error of UnmarshalText, but only
// for text, without the number of the [[vm.check]], and in an inline table without the key.
// go-toml 2.4.3 has no place for mistakes in numbers or in whole tables, nor for those that show
// only when the flake's hosts are known.
func (f File) findPlaces() places {
	p, counts := places{}, map[string]int{} // counts of [[tables]] by name
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

// key records the place of an expression's key, and returns the key from the root.
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

// value records the places inside a list or an inline table. A text outside a list may stand for
// a list of one, so its place is also that of the list's first item.
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
