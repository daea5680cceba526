package nixfile

import (
	"slices"
	"sort"
	"strings"
)

// bindings returns what a text sets, in order. Sets that a function makes belong to the
// attribute that they are the value of, as in x = mkIf enabled { y = 1; } or x = [ { y = 1; } ].
func bindings(text string) []binding {
	r := reader{scanner: scanner{text: text}, lines: lineStarts(text)}
	r.read()
	return r.found
}

// maxDepth is deeper than any file that a person wrote nests its sets.
const maxDepth = 200

// maxNames limits the names of one path, so that a broken file cannot make each binding long.
const maxNames = 100

// maxAllNames limits the names of all bindings of one file, because a file of 1 MiB can have a
// thousand times as many. Files that a person wrote have fewer.
const maxAllNames = 1 << 19

type reader struct {
	scanner
	lines []int // the offset of each line
	scope []scope
	found []binding
	names int // of all bindings
}

// scope is what a bracket, or a let, opens.
type scope struct {
	around []name // the names of the sets around it
	path   []name // of the binding that is read
	value  bool   // its = was read
	number int    // of the binding in what was found, from 1; 0 if there is none
	let    bool
}

func (r *reader) read() {
	r.scope = []scope{{}}
	for {
		t := r.next()
		here := &r.scope[len(r.scope)-1]
		switch {
		case t.kind == end:
			return
		case t.kind == word && t.text == "let":
			r.open(true)
		case t.kind == word && t.text == "in":
			if here.let {
				r.close()
			}
		case t.kind == word && t.text == "inherit" && !here.value:
			r.inherit()
		case t.kind != sign:
			if !here.value {
				here.path = append(here.path, name{t.text, r.position(t.at)})
				if len(here.path) > maxNames {
					here.path = nil
				}
			}
		case t.text == "{", t.text == "(", t.text == "[":
			r.open(false)
		case t.text == "}", t.text == ")", t.text == "]":
			for r.scope[len(r.scope)-1].let && len(r.scope) > 1 {
				r.close()
			}
			r.close()
		case t.text == "=" && !here.value:
			here.value = len(here.path) > 0
			before := len(r.found)
			r.add(here.path)
			if here.number = 0; len(r.found) > before {
				here.number = len(r.found)
			}
		case t.text == ";":
			if here.number > 0 {
				r.found[here.number-1].last = r.position(t.at).Line
			}
			here.path, here.value, here.number = nil, false, 0
		case t.text != "." && !here.value:
			here.path = nil // what was read is not the path of a binding
		}
	}
}

func (r *reader) open(let bool) {
	here := r.scope[len(r.scope)-1]
	next := scope{let: let}
	if here.value && !let {
		next.around = slices.Concat(here.around, here.path)
	} else if !let {
		next.around = here.around
	}
	if len(r.scope) >= maxDepth || len(next.around) > maxNames {
		next.around = nil
	}
	r.scope = append(r.scope, next)
}

func (r *reader) close() {
	if len(r.scope) > 1 {
		r.scope = r.scope[:len(r.scope)-1]
	}
	if here := &r.scope[len(r.scope)-1]; !here.value {
		here.path = nil
	}
}

// inherit reads the names of an inherit, each of which is set.
func (r *reader) inherit() {
	depth := 0
	for {
		t := r.next()
		switch {
		case t.kind == end, depth == 0 && t.kind == sign && t.text == ";":
			return
		case t.kind == sign && t.text == "(":
			depth++
		case t.kind == sign && t.text == ")":
			depth--
		case depth == 0 && (t.kind == word || t.kind == quoted):
			r.add([]name{{t.text, r.position(t.at)}})
		}
	}
}

func (r *reader) add(path []name) {
	if len(path) == 0 {
		return
	}
	here := r.scope[len(r.scope)-1]
	if r.names += len(here.around) + len(path); r.names > maxAllNames {
		return
	}
	r.found = append(r.found, binding{names: slices.Concat(here.around, path), own: len(path)})
}

func (r *reader) position(offset int) Position {
	line := sort.SearchInts(r.lines, offset+1)
	return Position{Line: line, Column: offset - r.lines[line-1] + 1}
}

func lineStarts(text string) []int {
	starts := []int{0}
	for i := 0; ; {
		n := strings.IndexByte(text[i:], '\n')
		if n < 0 {
			return starts
		}
		i += n + 1
		starts = append(starts, i)
	}
}
