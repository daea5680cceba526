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

// How many lines of the console are kept to show, and how long one may be.
const (
	serialLines = 400
	serialWidth = 2 << 10 // bytes
)

// maxSerialLog limits the log, in bytes: a guest that prints endlessly must not fill this
// machine's disk.
const maxSerialLog = 64 << 20

// serialCut ends a log that is incomplete.
const serialCut = "\n… (flakeci: the console printed more, which was not kept)\n"

// sign is what a line on the console says about the boot.
type sign int

const (
	signNone      sign = iota
	signPanic          // the kernel gave up
	signEmergency      // systemd or stage 1 is waiting for somebody to repair the system
	signUp             // services have started, or there is a login prompt
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

// Lines of systemd and NixOS that name what failed.
var (
	failureRE    = regexp.MustCompile(`^\[(FAILED|DEPEND| TIME )\] ?(.*)|^(?:.*: )?(Dependency failed for .*|Timed out waiting for .*)`)
	activationRE = regexp.MustCompile(`Activation script snippet '([^']*)' failed \((\d+)\)`)
)

// serial reads a guest's console. It logs what QEMU writes, and searches each line for
// signs.
type serial struct {
	first chan sign // the first panic or emergency

	mu       sync.Mutex
	log      io.Writer // gets the unchanged output
	maxLog   int64     // how many bytes may go to log
	logged   int64     // how many have
	full     bool      // log gets no more
	line     bytes.Buffer
	lines    []string
	last     time.Time // of the last write
	up       bool
	failures []string // of systemd
	printed  bool     // since guestStarts
	snippets []failedSnippet
}

// failedSnippet is a failed part of the activation script.
type failedSnippet struct {
	name, code string
	before     []string // the lines above
}

func newSerial(log io.Writer) *serial {
	return &serial{log: log, maxLog: maxSerialLog, first: make(chan sign, 1), last: time.Now()}
}

// Write reads what the guest prints.
func (s *serial) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = time.Now()
	s.printed = true
	for _, b := range p {
		if b == '\n' || s.line.Len() == serialWidth {
			s.endLine()
		}
		if b != '\n' && b != '\r' {
			s.line.WriteByte(b)
		}
	}
	// A login prompt has no newline.
	s.match(clean.Text(s.line.String()))
	s.writeLog(p)
	return len(p), nil
}

// writeLog writes to the log. An error, such as a full disk, only ends the log: reading the
// console continues.
func (s *serial) writeLog(p []byte) {
	if s.full {
		return
	}
	if room := s.maxLog - s.logged; int64(len(p)) > room {
		p, s.full = append(slices.Clone(p[:room]), serialCut...), true
	}
	n, err := s.log.Write(p)
	s.logged += int64(n)
	s.full = s.full || err != nil
}

// logSize is how many bytes are in the log.
func (s *serial) logSize() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logged
}

// guestStarts forgets the runner's own output, as the guest starts now.
func (s *serial) guestStarts() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last, s.printed = time.Now(), false
}

func (s *serial) endLine() {
	text := strings.TrimRight(clean.Text(s.line.String()), " ")
	s.line.Reset()
	if text == "" {
		return
	}
	if m := activationRE.FindStringSubmatch(text); m != nil {
		s.snippets = appendSnippet(s.snippets, failedSnippet{m[1], m[2], slices.Clone(s.lines[max(0, len(s.lines)-10):])})
	}
	if m := failureRE.FindStringSubmatch(text); m != nil && len(s.failures) < 20 {
		s.failures = append(s.failures, strings.TrimSpace(m[2]+m[3]))
	}
	if s.lines = append(s.lines, text); len(s.lines) > 2*serialLines {
		s.lines = slices.Clone(s.lines[serialLines:])
	}
	s.match(text)
}

// match searches a line, complete or not, for signs.
func (s *serial) match(text string) {
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

// silence returns the time since the last write.
func (s *serial) silence() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.last)
}

// seen reports whether the guest printed that it is up, and whether it printed anything.
func (s *serial) seen() (up, anything bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.up, s.printed
}

// tail returns the last n lines as clean text.
func (s *serial) tail(n int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := slices.Clone(s.lines)
	if rest := clean.Text(s.line.String()); rest != "" {
		lines = append(lines, rest)
	}
	return lines[max(0, len(lines)-n):]
}

// around returns the last line with the text and the lines around it, or the last lines if
// no line has it.
func (s *serial) around(text string, before, after int) []string {
	lines := s.tail(serialLines)
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.Contains(lines[i], text) {
			return lines[max(0, i-before):min(len(lines), i+1+after)]
		}
	}
	return lines[max(0, len(lines)-before-after-1):]
}

// listFailures returns the failures that systemd printed.
func (s *serial) listFailures() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.failures)
}

// listSnippets returns the failed activation snippets.
func (s *serial) listSnippets() []failedSnippet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.snippets)
}
