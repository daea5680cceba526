// Package drvfile reads from the file of a derivation what it makes and what it needs.
package drvfile

import (
	"errors"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/storepath"
)

// Derivation is what a file says. Paths that are known only after the build are left out.
type Derivation struct {
	Outputs []string // paths
	Inputs  []string // derivations that it needs directly
}

// ErrFormat says that a text is not a derivation as Nix writes it.
var ErrFormat = errors.New("not a derivation")

// Parse reads the text of a .drv file: a call of Derive, or of DrvWithVersion with a name before the
// rest, whose first two lists are the outputs and the derivations it needs. Nothing after them is
// read.
func Parse(text string) (d Derivation, err error) {
	p := parser{rest: text}
	switch {
	case p.skip("Derive("):
	case p.skip("DrvWithVersion("):
		p.text()
		p.expect(",")
	default:
		return d, ErrFormat
	}
	p.list(func() {
		p.text() // its name
		p.expect(",")
		if path := p.text(); storepath.Is(path) {
			d.Outputs = append(d.Outputs, path)
		}
		p.until(')')
	})
	p.expect(",")
	p.list(func() {
		if path := p.text(); storepath.IsDerivation(path) {
			d.Inputs = append(d.Inputs, path)
		}
		p.until(')')
	})
	if p.failed {
		return Derivation{}, ErrFormat
	}
	return d, nil
}

// parser reads a text from its beginning. After a failure it reads nothing.
type parser struct {
	rest   string
	failed bool
}

func (p *parser) skip(text string) bool {
	rest, ok := strings.CutPrefix(p.rest, text)
	if ok && !p.failed {
		p.rest = rest
	}
	return ok && !p.failed
}

func (p *parser) expect(text string) {
	if !p.skip(text) {
		p.failed = true
	}
}

// text reads a text in quotes, as it is between them: store paths need no escapes.
func (p *parser) text() string {
	p.expect(`"`)
	for i := 0; i < len(p.rest) && !p.failed; i++ {
		switch p.rest[i] {
		case '\\':
			i++
		case '"':
			text := p.rest[:i]
			p.rest = p.rest[i+1:]
			return text
		}
	}
	p.failed = true
	return ""
}

// until reads up to a byte that is not in a text, and past it.
func (p *parser) until(end byte) {
	for !p.failed && p.rest != "" {
		switch p.rest[0] {
		case end:
			p.rest = p.rest[1:]
			return
		case '"':
			p.text()
		default:
			p.rest = p.rest[1:]
		}
	}
	p.failed = true
}

// list reads a list of tuples. Item reads one, after the opening parenthesis, up to and with the
// closing one.
func (p *parser) list(item func()) {
	p.expect("[")
	for n := 0; !p.failed && !p.skip("]"); n++ {
		if n > 0 {
			p.expect(",")
		}
		p.expect("(")
		if !p.failed {
			item()
		}
	}
}
