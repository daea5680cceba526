package nixlog

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
)

// BuildLog follows the internal-json log of one `nix build`.
type BuildLog struct {
	// Built lists the derivations whose builder started, in order.
	Built []string
	// Store is the machine that has the store and builds everything, as scheme://host. It is empty
	// for this machine.
	Store string

	watch BuildWatcher
	// running maps the id of an activity, which is unique only within a process, to the derivation
	// of its running builder.
	running map[uint64]string
	tails   map[string]*tail // of the builders that have not succeeded
	errors  []buildError
	stopped string // the last derivation whose builder stopped without success
	// Newer versions log that a builder stopped before they say what is wrong with its output,
	// older ones after that. So one of the two waits for the other: the derivation that stopped
	// without an error of its own, or the error (its index + 1) without a derivation.
	unexplained string
	unassigned  int
	// original maps the derivation that Nix builds, once the content-addressed inputs are known,
	// to the one that it was asked for.
	original map[string]string
	plain    string // the last error that was not a record
	remotes  remotes
	given    remoteBuilds
	count    buildCount
	hooks    hooks
}

// BuildWatcher has functions that a [BuildLog] calls during the build. Any of them may be
// nil. Lines are as the builder wrote them: clean them before you show them.
type BuildWatcher struct {
	// Start is called when its builder starts, with the remote builder that it runs on, such as
	// ssh-ng://host. That is empty for this machine.
	Start func(drv, builder string)
	End   func(drv string) // its builder has ended, successfully or not
	// Done is called when the outputs are in the store. Versions before 2.34 do not log
	// that for the derivations that were asked for.
	Done func(drv string)
	Log  func(drv, line string)
	// Unsigned is called for a path that nobody trusted has signed, so that Nix does not take it
	// from this binary cache.
	Unsigned func(cache string)
}

// setExpected ends the records that announce how much there is to do. They make up a third of what
// Nix writes, and flakeci does not use them.
var setExpected = []byte(`"type":106}`)

// NewBuildLog returns the log of a build that is about to start.
func NewBuildLog(w BuildWatcher) *BuildLog {
	return &BuildLog{watch: w, running: map[uint64]string{}, tails: map[string]*tail{}, original: map[string]string{}, given: newRemoteBuilds()}
}

// Line reads one line.
func (l *BuildLog) Line(line []byte) {
	if bytes.HasSuffix(line, setExpected) {
		return
	}
	r, ok := parseRecord(line)
	if !ok {
		l.remotes.said.plain(line)
		if text, found := plainError(line); found {
			l.plain = text
		}
		return
	}
	l.record(r)
}

// Stuck reports whether the Nix may never end, see [ErrorLog.Stuck].
func (l *BuildLog) Stuck() bool { return FewFiles(l.plain) }

func (l *BuildLog) record(r record) {
	l.hooks.record(r)
	switch {
	case r.Action == "start" && r.Type == activityBuild:
		l.start(r)
	case r.Action == "start" && r.Type == activityResolved:
		l.original[r.stringField(1)] = r.stringField(0)
	case r.Action == "start" && r.Type == activityBuilds:
		if l.count.id == 0 { // else a remote builder counts, too
			l.count = buildCount{id: r.ID}
		}
	case r.Action == "stop" && r.ID == l.count.id:
		l.count.id = 0
	case r.Action == "stop" && l.given.inner[r.ID] != "":
		delete(l.given.inner, r.ID)
	case r.Action == "result" && r.Type == resultProgress && r.ID == l.count.id:
		l.count.update(r)
	case r.Action == "stop" && l.running[r.ID] != "":
		l.stop(r.ID)
	case r.Action == "result" && (r.Type == resultLogLine || r.Type == resultPostHook):
		l.log(r)
	case r.isError():
		l.error(r)
	case r.Action == "msg" && r.Level <= levelWarning:
		text := stripSGR(r.Msg)
		if cache := unsigned(text); cache != "" && l.watch.Unsigned != nil {
			l.watch.Unsigned(cache)
		}
		l.remotes.message(text)
		l.given.copyFailed(text)
	}
}

func (l *BuildLog) start(r record) {
	drv, builder := l.asked(r.stringField(0)), StripCredentials(r.stringField(1))
	if l.given.builder[drv] != "" && slices.Contains(slices.Collect(maps.Values(l.running)), drv) {
		l.given.inner[r.ID] = drv
		return
	}
	l.running[r.ID] = drv
	l.given.builder[drv] = builder
	l.given.last = cmp.Or(builder, l.given.last)
	l.tails[drv] = &tail{}
	l.Built = append(l.Built, drv)
	if l.watch.Start != nil {
		l.watch.Start(drv, builder)
	}
}

func (l *BuildLog) stop(id uint64) {
	drv := l.running[id]
	delete(l.running, id)
	if l.watch.End != nil {
		l.watch.End(drv)
	}
	l.assign(drv)
	failed := slices.ContainsFunc(l.errors, func(e buildError) bool { return e.drv == drv })
	if !l.count.stop() || failed {
		l.stopped = drv
		if !failed {
			l.unexplained = drv
		}
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
	drv := cmp.Or(l.running[r.ID], l.given.inner[r.ID])
	if drv == "" {
		return
	}
	line := r.stringField(0)
	l.tails[drv].add(line)
	if l.watch.Log != nil {
		l.watch.Log(drv, line)
	}
}

// asked returns the derivation that Nix was asked for, given the one that it builds.
func (l *BuildLog) asked(drv string) string {
	if original := l.original[drv]; original != "" {
		return original
	}
	return drv
}
