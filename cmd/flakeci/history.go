package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/reports/history"
	"github.com/flakeci/flakeci/reports/live"
	"github.com/flakeci/flakeci/result"
)

// memoir is what earlier runs of a flake came to. Nothing hangs on it: if the file
// cannot be used, that is said once, and a run goes on without. Nil has no file.
type memoir struct {
	app   *App
	path  string
	flake string // its name there
	open  func() *history.History
}

// remember begins to open the file, beside whatever else is done.
func (j *job) remember(ctx context.Context) *memoir {
	f := j.target.Flake
	m := &memoir{app: j.app, path: j.app.statePath("history.db"), flake: f.Folder()}
	if m.path == "" {
		return nil
	}
	if m.flake == "" {
		m.flake = j.app.secrets.Text(f.Ref)
	}
	m.open = sync.OnceValue(func() *history.History {
		h, err := history.Open(context.WithoutCancel(ctx), m.path)
		if m.setAside(err) {
			h, err = history.Open(context.WithoutCancel(ctx), m.path)
		}
		m.complain(err)
		return h
	})
	safely.Go(func() { m.open() })
	return m
}

// setAside moves a damaged file out of the way and says so. It reports whether a new
// one can be begun.
func (m *memoir) setAside(err error) bool {
	if !history.IsDamaged(err) {
		return false
	}
	aside, failed := history.SetAside(m.path)
	if failed != nil {
		return false
	}
	m.app.say("warning: the history of earlier runs is unusable: %s: %v; starting a new one, and keeping the old file as %s", m.path, err, aside)
	return true
}

func (m *memoir) complain(err error) {
	if err != nil {
		m.app.say("warning: the history of earlier runs is unusable: %v", err)
	}
}

// estimate says how long things took before.
func (m *memoir) estimate(ctx context.Context) live.Estimate {
	if m == nil || m.open() == nil {
		return nil
	}
	past, err := m.open().Past(ctx, m.flake)
	if err != nil {
		return nil // add says why
	}
	return past.Estimate
}

// add says in the report since when something fails, keeps it for later runs, and
// closes the file. What was done counts after an interruption, too.
func (m *memoir) add(ctx context.Context, r *result.Report) {
	if m == nil || m.open() == nil {
		return
	}
	err := m.since(context.WithoutCancel(ctx), r)
	if err == nil && len(r.Cells) > 0 {
		err = m.open().Add(context.WithoutCancel(ctx), m.flake, *r)
	}
	if err = errors.Join(err, m.open().Close()); err != nil && !m.setAside(err) {
		m.complain(fmt.Errorf("%s: %w", m.path, err))
	}
}

func (m *memoir) since(ctx context.Context, r *result.Report) (err error) {
	for i := range r.Cells {
		if c := &r.Cells[i]; c.Status.BlamesFlake() {
			if c.Since, err = m.open().FailsSince(ctx, m.flake, c.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
