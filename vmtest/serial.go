package vmtest

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
)

// How many lines of the console are kept for showing, and how long one may be.
const (
	serialLines = 400
	serialWidth = 2 << 10 // bytes
)

// The most that is written to the log, in bytes. A guest that prints without end
// must not fill the disk of this machine.
const mostSerial = 64 << 20

// serialCut ends a log that is not whole.
const serialCut = "\n… (flakeci: the console printed more, which was not kept)\n"

// sign is what a line on the console means for the boot.
type sign int

const (
	signNone      sign = iota
	signPanic          // the kernel gave up
	signEmergency      // systemd, or stage 1, waits for somebody to mend it
	signUp             // services are started or a login is offered
)

var signs = []struct {
	sign sign
	re   *regexp.Regexp
}{
	{signPanic, regexp.MustCompile(`Kernel panic - not syncing`)},
	// systemd's emergency and rescue shells, and NixOS' scripted stage 1.
	{signEmergency, regexp.MustCompile(`You are in (?:emergency|rescue) mode|Cannot open access to console, the root account is locked|An error occurred in stage 1 of the boot process`)},
	{signUp, regexp.MustCompile(`Reached target .*[Mm]ulti-[Uu]ser|^\S+ login: ?$`)},
}

// Lines that name what went wrong, as systemd and NixOS print them.
var (
	troubleRE    = regexp.MustCompile(`^\[(FAILED|DEPEND| TIME )\] ?(.*)|^(?:.*: )?(Dependency failed for .*|Timed out waiting for .*)`)
	activationRE = regexp.MustCompile(`Activation script snippet '([^']*)' failed \((\d+)\)`)
)

// serial is the console of a guest. It is written to by QEMU, may be written
// to a log as a whole, and is searched for signs line by line.
type serial struct {
	first chan sign // the first panic or emergency

	mu      sync.Mutex
	log     io.Writer // gets all of it, as it is, for as long as it takes it
	most    int64     // bytes that it takes
	logged  int64     // bytes in it
	full    bool      // it takes no more
	line    bytes.Buffer
	lines   []string
	last    time.Time // when something was last written
	up      bool
	trouble []string // what systemd says failed
	talked  bool     // since it began
	broken  []brokenSnippet
}

// brokenSnippet is a piece of the activation script that failed.
type brokenSnippet struct {
	name, code string
	before     []string // the lines above
}

func newSerial(log io.Writer) *serial {
	return &serial{log: log, most: mostSerial, first: make(chan sign, 1), last: time.Now()}
}

// Write takes in what the guest prints.
func (s *serial) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = time.Now()
	s.talked = true
	for _, b := range p {
		if b == '\n' || s.line.Len() == serialWidth {
			s.endLine()
		}
		if b != '\n' && b != '\r' {
			s.line.WriteByte(b)
		}
	}
	// A prompt has no end of line.
	s.look(clean.Text(s.line.String()))
	s.keep(p)
	return len(p), nil
}

// keep writes to the log. A full disk must not take the console from the guest, and
// from us, so that an error only ends the log.
func (s *serial) keep(p []byte) {
	if s.full {
		return
	}
	if room := s.most - s.logged; int64(len(p)) > room {
		p, s.full = append(slices.Clone(p[:room]), serialCut...), true
	}
	n, err := s.log.Write(p)
	s.logged += int64(n)
	s.full = s.full || err != nil
}

// inLog is how many bytes are in the log.
func (s *serial) inLog() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logged
}

// begin says that the guest starts: what was printed before is its runner's.
func (s *serial) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last, s.talked = time.Now(), false
}

func (s *serial) endLine() {
	text := strings.TrimRight(clean.Text(s.line.String()), " ")
	s.line.Reset()
	if text == "" {
		return
	}
	if m := activationRE.FindStringSubmatch(text); m != nil {
		s.broken = withSnippet(s.broken, brokenSnippet{m[1], m[2], slices.Clone(s.lines[max(0, len(s.lines)-10):])})
	}
	if m := troubleRE.FindStringSubmatch(text); m != nil && len(s.trouble) < 20 {
		s.trouble = append(s.trouble, strings.TrimSpace(m[2]+m[3]))
	}
	if s.lines = append(s.lines, text); len(s.lines) > 2*serialLines {
		s.lines = slices.Clone(s.lines[serialLines:])
	}
	s.look(text)
}

// look searches a line, whole or not yet, for signs.
func (s *serial) look(text string) {
	for _, known := range signs {
		if !known.re.MatchString(text) {
			continue
		}
		if known.sign == signUp {
			s.up = true
			continue
		}
		select {
		case s.first <- known.sign:
		default:
		}
	}
}

// silent is how long nothing was written.
func (s *serial) silent() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.last)
}

// seen says whether the guest printed that it is up, and whether it printed
// anything.
func (s *serial) seen() (up, anything bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.up, s.talked
}

// tail gives the last n lines, without what is no text.
func (s *serial) tail(n int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := slices.Clone(s.lines)
	if rest := clean.Text(s.line.String()); rest != "" {
		lines = append(lines, rest)
	}
	return lines[max(0, len(lines)-n):]
}

// around gives the lines before and after the last one that holds the text, or
// the end where none does.
func (s *serial) around(text string, before, after int) []string {
	lines := s.tail(serialLines)
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.Contains(lines[i], text) {
			return lines[max(0, i-before):min(len(lines), i+1+after)]
		}
	}
	return lines[max(0, len(lines)-before-after-1):]
}

// troubles lists what systemd said had failed.
func (s *serial) troubles() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.trouble)
}

// snippets lists the activation snippets that failed.
func (s *serial) snippets() []brokenSnippet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.broken)
}
