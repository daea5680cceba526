// Package message prints flakeci's messages to its user.
package message

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/flakeci/flakeci/internal/clean"
)

// Printer prints messages, and holds them back while a live view has the terminal. Several
// goroutines may use it at once.
type Printer struct {
	to     io.Writer
	redact func(string) string

	mu      sync.Mutex
	holding bool
	lines   []string // held back
}

// New returns a printer that writes to a stream and masks credentials with a function.
func New(to io.Writer, redact func(string) string) *Printer {
	return &Printer{to: to, redact: redact}
}

// Printf prints a message. Names in it may contain anything, but no line of it may become a
// command to GitHub's runner.
func (p *Printer) Printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := "flakeci: " + clean.Text(p.redact(fmt.Sprintf(format, args...))) + "\n"
	for line := range strings.Lines(text) {
		p.lines = append(p.lines, clean.Line(line))
	}
	if !p.holding {
		p.flush()
	}
}

// Warnf prints a warning.
func (p *Printer) Warnf(format string, args ...any) { p.Printf("warning: "+format, args...) }

// Error prints an error and, unless it is empty, a hint about what to do.
func (p *Printer) Error(msg, hint string) {
	p.Printf("error: %s", msg)
	if hint != "" {
		p.Printf("hint: %s", hint)
	}
}

// Hold holds messages back until it is called with false.
func (p *Printer) Hold(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.holding = on; !on {
		p.flush()
	}
}

// flush prints what was held back. The caller has locked the printer.
func (p *Printer) flush() {
	for _, line := range p.lines {
		fmt.Fprint(p.to, line)
	}
	p.lines = nil
}

// Raw writes text in one piece, even while messages are held back.
func (p *Printer) Raw(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprint(p.to, p.redact(text))
}
