package nixlog

import (
	"bytes"
	"regexp"
	"slices"

	"github.com/flakeci/flakeci/result"
)

// BuildLog follows the internal-json log of one `nix build`.
type BuildLog struct {
	// Built lists the derivations whose builder started, in order.
	Built []string

	watch BuildWatcher
	// running has the derivation of each running builder by the id of its activity, which
	// is unique within a process only.
	running map[uint64]string
	tails   map[string]*tail // of the builders that have not succeeded
	errors  []buildError
	stopped string // the last derivation whose builder stopped without success
	plain   string // the last error that was not a record
	remote  string // the last message about a remote builder out of reach
	count   buildCount
	hooks   hooks
}

// BuildWatcher has functions that a [BuildLog] calls during the build. Any of them may be
// nil. Lines are as the builder wrote them: clean them before you show them.
type BuildWatcher struct {
	Start func(drv string) // its builder starts
	End   func(drv string) // its builder has ended, successfully or not
	// Done is called when the outputs are in the store. Versions before 2.34 do not log
	// that for the derivations that were asked for.
	Done func(drv string)
	Log  func(drv, line string)
}

// buildError is an error message, with the derivation that it is about if there is one.
type buildError struct {
	text, drv string
	victim    bool // it failed only because a dependency did
	// relayed is set for a message that Nix passed on. What a daemon says about all failed
	// derivations but the last arrives this way, but a builder can write anything in Nix's
	// log format too.
	relayed bool
}

// setExpected ends the records that announce how much there is to do. They are a third of
// what Nix writes, and not used.
var setExpected = []byte(`"type":106}`)

// maxErrors limits the messages that are kept, as a builder can make Nix relay endless
// messages.
const maxErrors = 1000

// NewBuildLog returns the log of a build that is about to start.
func NewBuildLog(w BuildWatcher) *BuildLog {
	return &BuildLog{watch: w, running: map[uint64]string{}, tails: map[string]*tail{}}
}

// Line reads one line.
func (l *BuildLog) Line(line []byte) {
	if bytes.HasSuffix(line, setExpected) {
		return
	}
	r, ok := parseRecord(line)
	if !ok {
		if text, found := plainError(line); found {
			l.plain = text
		}
		return
	}
	l.record(r)
}

func (l *BuildLog) record(r record) {
	l.hooks.record(r)
	switch {
	case r.Action == "start" && r.Type == activityBuild:
		l.start(r)
	case r.Action == "start" && r.Type == activityBuilds:
		l.count.id = r.ID
	case r.Action == "result" && r.Type == resultProgress && r.ID == l.count.id:
		l.count.update(r)
	case r.Action == "stop" && l.running[r.ID] != "":
		l.stop(r.ID)
	case r.Action == "result" && (r.Type == resultLogLine || r.Type == resultPostHook):
		l.log(r)
	case r.isError():
		l.error(r)
	case r.Action == "msg" && r.Level == levelError && remoteRE.MatchString(stripSGR(r.Msg)):
		l.remote = stripSGR(r.Msg)
	}
}

func (l *BuildLog) start(r record) {
	drv := r.stringField(0)
	l.running[r.ID] = drv
	l.tails[drv] = &tail{}
	l.Built = append(l.Built, drv)
	if l.watch.Start != nil {
		l.watch.Start(drv)
	}
}

func (l *BuildLog) stop(id uint64) {
	drv := l.running[id]
	delete(l.running, id)
	if l.watch.End != nil {
		l.watch.End(drv)
	}
	failed := slices.ContainsFunc(l.errors, func(e buildError) bool { return e.drv == drv })
	if !l.count.stop() || failed {
		l.stopped = drv
		return
	}
	delete(l.tails, drv)
	if l.watch.Done != nil {
		l.watch.Done(drv)
	}
}

// Finish ends the log when the process has ended. A Nix that was killed, or that lost its
// daemon, does not log that its builders stopped.
func (l *BuildLog) Finish() {
	for _, drv := range l.running {
		if l.watch.End != nil {
			l.watch.End(drv)
		}
	}
}

func (l *BuildLog) log(r record) {
	drv, ok := l.running[r.ID]
	if !ok {
		return
	}
	line := r.stringField(0)
	l.tails[drv].add(line)
	if l.watch.Log != nil {
		l.watch.Log(drv, line)
	}
}

func (l *BuildLog) error(r record) {
	e := buildError{text: r.text(), relayed: r.RawMsg == ""}
	if drv, ok := victim(e.text); ok {
		e.drv, e.victim = drv, true
	} else if f := Classify(e.text); f.DrvPath != "" {
		e.drv = f.DrvPath
	} else if f.Kind == result.CauseTimeout {
		// Nix 2.34 does not name the derivation whose time is up, but has just stopped it.
		e.drv = l.stopped
	}
	if e.text != "" && (!e.relayed || len(l.errors) < maxErrors) && !slices.Contains(l.errors, e) {
		l.errors = append(l.errors, e)
	}
}

// Failures sorts the derivations that failed into leaves, whose own build failed, and
// victims, which lack a dependency. Relayed messages count only if Nix itself names no
// leaf, as under a daemon: a builder can forge failures only where Nix knows of none.
func (l *BuildLog) Failures() (leaves []BuildFailure, victims []string) {
	for _, relayed := range []bool{false, true} {
		for _, e := range l.errors {
			if e.relayed != relayed || e.drv == "" {
				continue
			}
			if e.victim {
				victims = append(victims, e.drv)
				continue
			}
			f := Classify(e.text)
			f.DrvPath = e.drv
			f.addTail(l.tails[f.DrvPath])
			f.addSubstituter(l.errors)
			f.addRemote(l.remote)
			leaves = append(leaves, f)
		}
		if len(leaves) > 0 {
			break
		}
	}
	return leaves, victims
}

// failureBehind returns the failure that caused an evaluation error, or nil. Evaluation
// builds the derivations that the flake imports from. The error may be about a dependent
// of the derivation that failed.
func (l *BuildLog) failureBehind(text string) *BuildFailure {
	for _, e := range l.errors {
		if e.text != text || e.drv == "" {
			continue
		}
		leaves, _ := l.Failures()
		for _, f := range leaves {
			if (e.victim || f.DrvPath == e.drv) && l.confirms(f, text) {
				return &f
			}
		}
	}
	return nil
}

// confirms reports whether the log shows a failure by more than the text of an evaluation
// error, which may be a flake's own. That is not needed for a failure that the flake could
// also cause by importing from such a derivation.
func (l *BuildLog) confirms(f BuildFailure, text string) bool {
	switch f.Kind {
	case result.CauseBuild, result.CauseHash, result.CauseFeature, result.CauseSystem:
		return true
	case result.CauseDisk, result.CauseTimeout, result.CauseMemory:
		return l.tails[f.DrvPath] != nil // its builder started, and did not succeed
	case result.CauseSubstituter:
		return slices.ContainsFunc(l.errors, func(e buildError) bool { return e.text != text && downloadRE.MatchString(e.text) })
	case result.CauseBuilder:
		return l.remote != ""
	}
	return false
}

// LastError returns the error to show for a Nix that failed without naming a derivation
// that did: the last one that is not about a victim, if possible. It is "" if there is no
// error at all.
func (l *BuildLog) LastError() string {
	last := l.plain
	for _, e := range l.errors {
		if !e.victim {
			last = e.text
		}
	}
	if last == "" && len(l.errors) > 0 {
		return l.errors[0].text
	}
	return last
}

var (
	downloadRE = regexp.MustCompile(`unable to download '([a-z0-9+.-]+://[^/']*)[^']*': ([^\n]*)`)
	remoteRE   = regexp.MustCompile(`^cannot build on '([^']*)': (?:error: )?([^\n]*)`)
)
