package nix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/proc"
)

// BuildResult is what one `nix build` did. Failures are its leaves; what only
// suffered from them is in Victims.
type BuildResult struct {
	// Built lists the derivations whose builder was started, in order.
	Built    []string
	Failures []BuildFailure
	Victims  []string
	Usage    proc.Usage
}

// BuildFailure is a derivation that could not be built, and why.
type BuildFailure struct {
	// DrvPath is empty for a fault that is not of one derivation.
	DrvPath string
	Kind    FailureKind
	// ExitCode and Signal are the builder's; 0 where it did not end so.
	ExitCode, Signal int
	// Message is Nix's word on it.
	Message string
	// Tail is the end of the builder's log, oldest line first.
	Tail []string
}

// FailureKind sorts failures by what there is to do about them. The words are
// those of a cause's kind in the report.
type FailureKind string

// The kinds of failure that a build can end in.
const (
	FailBuilder     FailureKind = "build"
	FailHash        FailureKind = "hash-mismatch"
	FailFeature     FailureKind = "missing-feature"
	FailSystem      FailureKind = "unsupported-system"
	FailDisk        FailureKind = "disk-full"
	FailTimeout     FailureKind = "timeout"
	FailDaemon      FailureKind = "daemon"
	FailSubstituter FailureKind = "substituter"
	FailRemote      FailureKind = "builder"
	FailOther       FailureKind = "infra"
)

// BuildWatcher is told what a build does while it does it. Both fields may be
// nil. Lines are as the builder wrote them: clean them before showing them.
type BuildWatcher struct {
	Start func(drv string)
	Log   func(drv, line string)
}

// Build realises a derivation and goes on after a failure as far as it can. A
// failed build is a result; the error is for a build that could not be done or
// was interrupted.
func (c *Client) Build(ctx context.Context, drv string, w BuildWatcher) (BuildResult, error) {
	p := buildLog{watch: w, drvOf: map[uint64]string{}, tails: map[string]*tail{}}
	usage, err := c.run(ctx, call{
		sub: []string{"build"},
		args: []string{c.Version.installable(drv), "--no-link", "--keep-going", "--log-format", "internal-json", "-v",
			// How often, in seconds, to look whether another nix is done with a
			// derivation that both need; the default of 5 is felt.
			"--option", "build-poll-interval", "1"},
		line: p.line,
	})
	res := p.result()
	res.Usage = usage
	switch {
	case err == nil:
		return res, nil
	case ctx.Err() != nil:
		return res, err
	}
	var died *proc.Error
	if len(res.Failures) == 0 && errors.As(err, &died) {
		res.Failures = []BuildFailure{classify(p.lastWord(died))}
	}
	return res, nil
}

// lastWord is what to say of a nix that failed without naming a derivation.
func (p *buildLog) lastWord(died *proc.Error) string {
	if len(p.errors) > 0 {
		return p.errors[len(p.errors)-1]
	}
	if p.plain != "" {
		return p.plain
	}
	return fmt.Sprintf("nix build: %v", died)
}

// TailLines is how many of the last lines of a builder's log are kept.
const TailLines = 20

// A builder may print a line of any length; this much of its end is kept, in
// bytes.
const tailLineBytes = 2048

// tail keeps the last lines of one builder.
type tail struct{ lines []string }

func (t *tail) add(line string) {
	if len(line) > tailLineBytes {
		line = fmt.Sprintf("… (%d bytes left out) %s", len(line)-tailLineBytes, line[len(line)-tailLineBytes:])
	}
	t.lines = append(t.lines, line)
	if len(t.lines) > TailLines {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
}

// buildLog follows the internal-json log of one `nix build`. Activity ids are
// unique within a process only.
type buildLog struct {
	watch  BuildWatcher
	drvOf  map[uint64]string
	tails  map[string]*tail
	built  []string
	errors []string
	plain  string
}

func (p *buildLog) line(line []byte) {
	r, ok := parseRecord(line)
	if !ok {
		if text := strings.TrimSpace(stripSGR(string(line))); text != "" {
			p.plain = strings.TrimPrefix(text, "error: ")
		}
		return
	}
	switch {
	case r.Action == "start" && r.Type == activityBuild:
		p.start(r)
	case r.Action == "result" && (r.Type == resultLogLine || r.Type == resultPostHook):
		p.log(r)
	case r.Action == "msg" && r.Level == levelError:
		if text := r.text(); text != "" && !slices.Contains(p.errors, text) {
			p.errors = append(p.errors, text)
		}
	}
}

func (p *buildLog) start(r record) {
	drv := r.field(0)
	p.drvOf[r.ID] = drv
	p.tails[drv] = &tail{}
	p.built = append(p.built, drv)
	if p.watch.Start != nil {
		p.watch.Start(drv)
	}
}

func (p *buildLog) log(r record) {
	drv, ok := p.drvOf[r.ID]
	if !ok {
		return
	}
	line := r.field(0)
	p.tails[drv].add(line)
	if p.watch.Log != nil {
		p.watch.Log(drv, line)
	}
}

// result sorts the error messages into leaves and victims.
func (p *buildLog) result() BuildResult {
	res := BuildResult{Built: p.built}
	for _, text := range p.errors {
		if drv, ok := victim(text); ok {
			res.Victims = append(res.Victims, drv)
			continue
		}
		if f := classify(text); f.DrvPath != "" {
			f.addTail(p.tails[f.DrvPath])
			res.Failures = append(res.Failures, f)
		}
	}
	return res
}

func (f *BuildFailure) addTail(t *tail) {
	if t == nil {
		return
	}
	f.Tail = t.lines
	// The builder's own program reports the full disk; Nix only sees it exit.
	if f.Kind == FailBuilder && slices.ContainsFunc(t.lines, diskFull) {
		f.Kind = FailDisk
	}
}

// Log writes the whole log of a derivation that was built or failed before.
func (c *Client) Log(ctx context.Context, drv string, w io.Writer) error {
	_, err := c.run(ctx, call{sub: []string{"log"}, args: []string{drv}, stdout: w})
	return err
}
