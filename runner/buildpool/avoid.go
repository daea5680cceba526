package buildpool

import (
	"maps"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/graph"
)

// Nix itself builds without a remote builder that it cannot reach. From one that fails during a build,
// it goes nowhere else.

// avoid reports whether a process that failed can build elsewhere, without the remote builders that
// were to blame. A builder that was lost may come back: only this process builds without it.
func (p *Pool) avoid(w *process, built nix.BuildResult) bool {
	var names []string
	for _, f := range built.Failures {
		began := f.Kind == result.CauseBuilder && f.DrvPath != "" && slices.Contains(built.Built, f.DrvPath)
		if !began || f.Server == "" || f.IsStore || slices.Contains(w.avoided, f.Server) {
			return false
		}
		names = append(names, f.Server)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	without := slices.Concat(w.avoided, p.avoided, names)
	if len(names) == 0 || !p.canAvoid(w, without) {
		return false
	}
	w.avoided = without
	return true
}

// canAvoid reports whether what a process is to build can be built without some remote builders. The
// caller holds the lock.
func (p *Pool) canAvoid(w *process, names []string) bool {
	others := p.o.Machine.Without(names)
	return !slices.ContainsFunc(w.Goals, func(id graph.Goal) bool { return !others.BuildsFor(p.goals[id].Cell.System) })
}

// giveUp says that the run goes on without the remote builders that failed.
func (p *Pool) giveUp(failures []nixlog.BuildFailure) {
	for _, f := range failures {
		if f.Fault != nixlog.BuilderLost {
			p.mu.Lock()
			p.avoided = append(p.avoided, f.Server)
			p.mu.Unlock()
		}
		reason := f.Reason
		if f.Fault != "" {
			reason = "it " + string(f.Fault)
		}
		p.drop(event.BuilderDropped{Builder: f.Server, Reason: reason})
	}
}

// client returns the client that a process builds with.
func (p *Pool) client(w *process) *nix.Client {
	p.mu.Lock()
	defer p.mu.Unlock()
	without := slices.Concat(w.avoided, p.avoided)
	if !p.canAvoid(w, without) {
		without = w.avoided // the only builder for another system; if it is to blame again, that is the cause
	}
	if len(without) == 0 {
		return p.o.Client
	}
	return p.o.Client.With(p.o.Machine.Without(without))
}

// dropBuilders reports the remote builders that Nix continues without, each once. Those that
// a failure blames have a cause.
func (p *Pool) dropBuilders(built nix.BuildResult) {
	for _, builder := range slices.Sorted(maps.Keys(built.Unreachable)) {
		blamed := slices.ContainsFunc(built.Failures, func(f nixlog.BuildFailure) bool { return strings.Contains(f.Server, builder) })
		if !blamed {
			p.drop(event.BuilderDropped{Builder: builder, Reason: built.Unreachable[builder]})
		}
	}
}

// drop reports a remote builder that the run goes on without, once.
func (p *Pool) drop(e event.BuilderDropped) {
	if _, known := p.dropped.LoadOrStore(e.Builder, true); known {
		return
	}
	p.mu.Lock()
	p.warnings = append(p.warnings, result.Warning{Text: e.String()})
	p.mu.Unlock()
	p.o.Events.Send(e)
}
