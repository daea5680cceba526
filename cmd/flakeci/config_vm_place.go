package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// configFile is a configuration that could be read, to show lines of.
type configFile struct {
	path string
	text []byte
}

var checkKeyRE = regexp.MustCompile(`^vm\.check\[(\d+)\]`)

// wrong says what is wrong with a value and shows its line. The key is given
// from the root, with the number of a table in a list of them: vm.check[1].port.
func (f configFile) wrong(key, format string, args ...any) *configError {
	message := fmt.Sprintf(format, args...)
	if m := checkKeyRE.FindStringSubmatch(key); m != nil {
		n, _ := strconv.Atoi(m[1])
		// What is said of the whole check goes on after its number.
		colon := ":"
		if m[0] == key {
			colon = ""
		}
		message = fmt.Sprintf("the %s [[vm.check]]%s %s", ordinal(n+1), colon, message)
	}
	at, ok := f.places()[key]
	if !ok {
		return &configError{Path: f.path, Detail: message}
	}
	start := bytes.LastIndexByte(f.text[:at.Offset], '\n') + 1
	number := fmt.Sprint(bytes.Count(f.text[:start], []byte("\n")) + 1)
	line, _, _ := bytes.Cut(f.text[start:], []byte("\n"))
	line = bytes.TrimRight(line, "\r")
	before := int(at.Offset) - start
	marks := min(int(at.Length), len(line)-before) // a text may go on in the next line
	return &configError{Path: f.path, Detail: fmt.Sprintf("line %s: %s\n%s| %s\n%s| %s%s",
		number, message, number, line, strings.Repeat(" ", len(number)), strings.Repeat(" ", before), strings.Repeat("~", marks))}
}

// line is that of a key's value, the i-th of several; 0 if it is not known.
func (f configFile) line(key string, i int) int {
	places := f.places()
	at, ok := places[fmt.Sprintf("%s[%d]", key, i)]
	if !ok {
		at, ok = places[key]
	}
	if !ok {
		return 0
	}
	return bytes.Count(f.text[:at.Offset], []byte("\n")) + 1
}

// places tells where keys stand. The library gives places of its own complaints
// only, and not of a value that is of the right kind and wrong all the same.
func (f configFile) places() map[string]unstable.Range {
	w := walker{places: map[string]unstable.Range{}, tables: map[string]int{}}
	w.parser.Reset(f.text)
	for table := ""; w.parser.NextExpression(); {
		switch e := w.parser.Expression(); e.Kind {
		case unstable.Table:
			table, _ = w.name("", e.Key())
		case unstable.ArrayTable:
			list, at := w.name("", e.Key())
			table = fmt.Sprintf("%s[%d]", list, w.tables[list])
			w.tables[list]++
			w.places[table] = at
		case unstable.KeyValue:
			w.pair(table, e)
		}
	}
	return w.places
}

// walker goes through a file.
type walker struct {
	parser unstable.Parser
	places map[string]unstable.Range
	tables map[string]int // how many [[tables]] there were of a name
}

// name joins a key to that of its table and says where it stands.
func (w *walker) name(table string, key unstable.Iterator) (name string, at unstable.Range) {
	var words []string
	if table != "" {
		words = append(words, table)
	}
	for first := true; key.Next(); first = false {
		n := key.Node()
		words = append(words, string(n.Data))
		if first {
			at = n.Raw
		}
		at.Length = n.Raw.Offset + n.Raw.Length - at.Offset
	}
	return strings.Join(words, "."), at
}

// pair notes a key, and those inside its value.
func (w *walker) pair(table string, e *unstable.Node) {
	name, at := w.name(table, e.Key())
	w.places[name] = at
	w.value(name, e.Value())
}

// value goes into lists and inline tables. A list of one word may be given as
// the word, so that stands for its first.
func (w *walker) value(name string, v *unstable.Node) {
	switch v.Kind {
	case unstable.Array:
		for i, children := 0, v.Children(); children.Next(); i++ {
			w.value(fmt.Sprintf("%s[%d]", name, i), children.Node())
		}
	case unstable.InlineTable:
		w.places[name] = v.Raw
		for children := v.Children(); children.Next(); {
			w.pair(name, children.Node())
		}
	case unstable.String:
		if strings.HasSuffix(name, "]") {
			w.places[name] = v.Raw
		} else {
			w.places[name+"[0]"] = v.Raw
		}
	}
}
