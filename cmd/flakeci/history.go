package main

import (
	"context"
	"sync"

	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/reports/history"
	"github.com/flakeci/flakeci/reports/live"
)

// memoir is what earlier runs of a flake came to. Nothing hangs on it: if the file
// cannot be used, that is said once, and a run goes on without. Nil has no file.
type memoir struct {
	app   *App
	path  string
	flake string // its name there
	past  chan *history.Past
	once  sync.Once // for what is said
}

// remember begins to read what is known of the flake, beside whatever else is done.
func (j *job) remember(ctx context.Context) *memoir {
	f := j.target.Flake
	m := &memoir{app: j.app, path: j.app.stateFolder("history.db"), flake: f.Folder(), past: make(chan *history.Past, 1)}
	if m.path == "" {
		return nil
	}
	if m.flake == "" {
		m.flake = f.Ref
	}
	go func() {
		defer close(m.past)
		m.with(ctx, func(h *history.History) error {
			past, err := h.Past(ctx, m.flake)
			m.past <- past
			return err
		})
	}()
	return m
}

// with does something with the file.
func (m *memoir) with(ctx context.Context, do func(*history.History) error) {
	h, err := history.Open(ctx, m.path)
	if err == nil {
		if err = do(h); err == nil {
			err = h.Close()
		} else {
			_ = h.Close() // the first error says more
		}
	}
	if err != nil && ctx.Err() == nil {
		m.once.Do(func() { m.app.say("warning: earlier runs are not remembered: %v", err) })
	}
}

// estimate waits until it is known how long things took before. It is asked once.
func (m *memoir) estimate() live.Estimate {
	if m == nil {
		return nil
	}
	past := <-m.past
	return past.Estimate
}

// add says in the report since when something fails, and keeps it for later runs.
// What was done counts after an interruption, too.
func (m *memoir) add(ctx context.Context, r *reports.Report) {
	if m == nil || len(r.Cells) == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	m.with(ctx, func(h *history.History) error {
		for i := range r.Cells {
			var err error
			switch c := &r.Cells[i]; c.Status {
			case reports.Failed, reports.DependencyFailed, reports.TimedOut:
				c.Since, err = h.FailsSince(ctx, m.flake, c.ID)
			}
			if err != nil {
				return err
			}
		}
		return h.Add(ctx, m.flake, *r)
	})
}
