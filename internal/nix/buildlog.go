package nix

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

// buildLog follows the internal-json log of one `nix build`. Activity ids are
// unique within a process only.
type buildLog struct {
	watch  BuildWatcher
	drvOf  map[uint64]string // of the builders that run
	tails  map[string]*tail
	built  []string
	errors []buildError
	// stopped is the builder that ended last and was not done, plain an error that was
	// no record.
	stopped, plain string
	// remote is what was said of a remote builder that is out of reach.
	remote string
	tally  tally
}

// buildError is an error message and the derivation it is about, which is empty
// where there is none.
type buildError struct {
	text, drv string
	victim    bool
	// relayed is a message that Nix only passed on. What a daemon says of all but
	// the last derivation comes so, but a builder may write anything in Nix's own
	// log format too.
	relayed bool
}

// setExpected ends records that say how much is to be done in all: a third of what
// Nix writes, and nothing that is used.
var setExpected = []byte(`"type":106}`)

// A builder can make Nix pass on messages without end.
const maxErrors = 1000

func newBuildLog(w BuildWatcher) *buildLog {
	return &buildLog{watch: w, drvOf: map[uint64]string{}, tails: map[string]*tail{}}
}

func (p *buildLog) line(line []byte) {
	if bytes.HasSuffix(line, setExpected) {
		return
	}
	r, ok := parseRecord(line)
	if !ok {
		if text, found := plainError(line); found {
			p.plain = text
		}
		return
	}
	p.record(r)
}

func (p *buildLog) record(r record) {
	switch {
	case r.Action == "start" && r.Type == activityBuild:
		p.start(r)
	case r.Action == "start" && r.Type == activityBuilds:
		p.tally.id = r.ID
	case r.Action == "result" && r.Type == resultProgress && r.ID == p.tally.id:
		p.tally.count(r)
	case r.Action == "stop" && p.drvOf[r.ID] != "":
		p.stop(r.ID)
	case r.Action == "result" && (r.Type == resultLogLine || r.Type == resultPostHook):
		p.log(r)
	case r.isError():
		p.error(r)
	case r.Action == "msg" && r.Level == levelError && remoteRE.MatchString(stripSGR(r.Msg)):
		p.remote = stripSGR(r.Msg)
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

func (p *buildLog) stop(id uint64) {
	drv := p.drvOf[id]
	delete(p.drvOf, id)
	if p.watch.End != nil {
		p.watch.End(drv)
	}
	failed := slices.ContainsFunc(p.errors, func(e buildError) bool { return e.drv == drv })
	if !p.tally.take() || failed {
		p.stopped = drv
		return
	}
	delete(p.tails, drv)
	if p.watch.Done != nil {
		p.watch.Done(drv)
	}
}

// end is told that the process has ended. One that was killed, or lost its daemon,
// has not said of all builders that they stopped.
func (p *buildLog) end() {
	for _, drv := range p.drvOf {
		if p.watch.End != nil {
			p.watch.End(drv)
		}
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

func (p *buildLog) error(r record) {
	e := buildError{text: r.text(), relayed: r.RawMsg == ""}
	if drv, ok := victim(e.text); ok {
		e.drv, e.victim = drv, true
	} else if f := classify(e.text); f.DrvPath != "" {
		e.drv = f.DrvPath
	} else if f.Kind == result.CauseTimeout {
		// Nix 2.34 does not say whose time is up, right after it stopped it.
		e.drv = p.stopped
	}
	if e.text != "" && (!e.relayed || len(p.errors) < maxErrors) && !slices.Contains(p.errors, e) {
		p.errors = append(p.errors, e)
	}
}

// result sorts the error messages into leaves and victims. What was passed on
// counts only where Nix itself names no leaf, as under a daemon: a builder that
// forges failures has at least to hide none of its own.
func (p *buildLog) result() BuildResult {
	res := BuildResult{Built: p.built}
	for _, relayed := range []bool{false, true} {
		for _, e := range p.errors {
			if e.relayed != relayed || e.drv == "" {
				continue
			}
			if e.victim {
				res.Victims = append(res.Victims, e.drv)
				continue
			}
			f := classify(e.text)
			f.DrvPath = e.drv
			f.addTail(p.tails[f.DrvPath])
			f.addDownload(p.errors)
			f.addRemote(p.remote)
			res.Failures = append(res.Failures, f)
		}
		if len(res.Failures) > 0 {
			break
		}
	}
	return res
}

// behind is the failure that is behind an error of evaluation, which builds what the
// flake imports from a derivation; nil is none. The error may be about what needed the
// one that failed.
func (p *buildLog) behind(text string) *BuildFailure {
	for _, e := range p.errors {
		if e.text != text || e.drv == "" {
			continue
		}
		for _, f := range p.result().Failures {
			if (e.victim || f.DrvPath == e.drv) && p.vouchesFor(f, text) {
				return &f
			}
		}
	}
	return nil
}

// vouchesFor says whether there is more for a failure than the words of the error of
// evaluation, which may be a flake's own. What a flake can have as well by importing such
// a derivation needs no more.
func (p *buildLog) vouchesFor(f BuildFailure, text string) bool {
	switch f.Kind {
	case result.CauseBuild, result.CauseHash, result.CauseFeature, result.CauseSystem:
		return true
	case result.CauseDisk, result.CauseTimeout, result.CauseMemory:
		return p.tails[f.DrvPath] != nil // its builder began, and was not done
	case result.CauseSubstituter:
		return slices.ContainsFunc(p.errors, func(e buildError) bool { return e.text != text && downloadRE.MatchString(e.text) })
	case result.CauseBuilder:
		return p.remote != ""
	}
	return false
}

// lastWord is what to say of a nix that failed without naming a derivation that
// did.
func (p *buildLog) lastWord(died *proc.Error) string {
	word := p.plain
	for _, e := range p.errors {
		if !e.victim {
			word = e.text
		}
	}
	switch {
	case word != "":
		return word
	case len(p.errors) > 0:
		return p.errors[0].text
	}
	return fmt.Sprintf("nix build: %v", died)
}

var downloadRE = regexp.MustCompile(`unable to download '([a-z0-9+.-]+://[^/']*)[^']*': ([^\n]*)`)

// addDownload says which server a substitute could not be had from. Nix tells that
// apart from what it stops.
func (f *BuildFailure) addDownload(said []buildError) {
	if f.Kind != result.CauseSubstituter {
		return
	}
	for _, e := range said {
		if m := downloadRE.FindStringSubmatch(e.text); m != nil {
			f.Server, f.Reason = userRE.ReplaceAllString(m[1], "://"), strings.TrimSpace(m[2])
			return
		}
	}
}

var remoteRE = regexp.MustCompile(`^cannot build on '([^']*)': (?:error: )?([^\n]*)`)

// addRemote says which remote builder was out of reach, if one was. Nix tells that apart,
// and of the derivation then only that this machine cannot build it.
func (f *BuildFailure) addRemote(said string) {
	m := remoteRE.FindStringSubmatch(said)
	if m == nil || f.Kind != result.CauseSystem && f.Kind != result.CauseFeature {
		return
	}
	f.Kind, f.Message = result.CauseBuilder, said+"\n"+f.Message
	f.Server, f.Reason = userRE.ReplaceAllString(m[1], "://"), strings.TrimSpace(m[2])
}

func (f *BuildFailure) addTail(t *tail) {
	if t == nil {
		return
	}
	f.Tail, f.Log = t.lines, string(t.log)
	if len(f.Tail) > 0 {
		f.Message = logLinesRE.Split(f.Message, 2)[0]
	}
	// The builder's own program reports the full disk; Nix only sees it exit.
	if f.Kind == result.CauseBuild && slices.ContainsFunc(t.lines, noSpaceRE.MatchString) {
		f.Kind = result.CauseDisk
	}
}

// TailLines is how many of the last lines of a builder's log are kept.
const TailLines = 20

// A builder may print a line of any length; this much of its end is kept, in
// bytes.
const tailLineBytes = 2048

// logBytes is how much of a builder's log is kept at least, in bytes, and logCut
// begins one that is not whole.
const (
	logBytes = 128 << 10
	logCut   = "… (only the end of the log was kept)\n"
)

// tail keeps the last lines of one builder, and more of its log.
type tail struct {
	lines []string
	log   []byte
}

func (t *tail) add(line string) {
	t.log = append(append(t.log, line[max(len(line)-logBytes/2, 0):]...), '\n')
	if len(t.log) > 2*logBytes {
		_, end, _ := bytes.Cut(t.log[len(t.log)-logBytes-1:], []byte{'\n'})
		t.log = slices.Concat([]byte(logCut), end)
	}
	if cut := len(line) - tailLineBytes; cut > 0 {
		line = fmt.Sprintf("… (%d bytes left out) %s", cut, strings.ToValidUTF8(line[cut:], ""))
	}
	t.lines = append(t.lines, line)
	if len(t.lines) > TailLines {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
}
