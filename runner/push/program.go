package push

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/secretenv"
)

// program pushes with cachix or attic. Both ask their server what it lacks, and leave out what
// cache.nixos.org has.
type program struct {
	target Target
	file   string // the program's path, or empty if there is none
	dir    string
	env    []string
	redact func(string) string
}

func newProgram(t Target, o Options) *program {
	p := &program{target: t, dir: o.Tmp, redact: o.Redact}
	path := ""
	for _, e := range o.Env {
		if value, found := strings.CutPrefix(e, "PATH="); found {
			path = value
		}
	}
	p.file = proc.LookUp(t.program, path, o.Refuse)
	if p.file == "" && o.Printf != nil {
		o.Printf("%s is not on PATH: nothing will be pushed to %s", t.program, t.Name) // now, not when everything is built
	}
	p.env = append(secretenv.Without(o.Env, secretenv.AWS), t.owner.Of(o.Env)...)
	if o.Store != "" {
		p.env = append(p.env, "NIX_REMOTE="+o.Store)
	}
	return p
}

// errNoProgram is wrapped in the error of a target whose program is not installed.
var errNoProgram = errors.New("not on PATH")

// programError is why a program failed, with the end of what it said.
type programError struct {
	err  error
	tail []string
}

func (e *programError) Error() string { return e.err.Error() }
func (e *programError) Unwrap() error { return e.err }

// maxTail is how many lines of a program are kept.
const maxTail = 40

// Cachix says "Pushing 5 paths (7 are already present) using zstd to cache c", attic "Pushing 5
// paths to "c" on "s" (7 already cached, 3 in upstream)...". With nothing to do, they say "Nothing
// to push - all store paths are already on Cachix." and "All done! (7 already cached, 3 in
// upstream)".
var (
	pushingRE = regexp.MustCompile(`Pushing (\d+) paths `)
	nothingRE = regexp.MustCompile(`Nothing to push - |All done! \(`)
)

func (p *program) push(ctx context.Context, outputs []string, alive func()) (sent, error) {
	if p.file == "" {
		return sent{}, fmt.Errorf("%s is %w", p.target.program, errNoProgram)
	}
	var s sent
	var tail []string
	cmd := &proc.Cmd{
		Path: p.file, Args: slices.Concat([]string{"push", p.target.cache}, outputs), Dir: p.dir, Env: p.env, Supervised: true,
		OnStderr: func(line []byte) {
			alive()
			text := strings.TrimSpace(p.redact(string(line)))
			if m := pushingRE.FindStringSubmatch(text); m != nil {
				s.paths, _ = strconv.Atoi(m[1]) // a number that is too long counts as none
			}
			s.nothing = s.nothing || nothingRE.MatchString(text)
			if text != "" {
				tail = append(tail[max(0, len(tail)-maxTail+1):], text)
			}
		},
	}
	if _, err := cmd.Run(ctx); err != nil {
		return sent{}, &programError{err, tail}
	}
	return s, nil
}
