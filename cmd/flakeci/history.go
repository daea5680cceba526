package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/reports/history"
	"github.com/flakeci/flakeci/reports/progress/live"
	"github.com/flakeci/flakeci/result"
)

// runHistory has the results of earlier runs of a flake. If its file cannot be used, a run
// warns once and goes on without it. Nil has no file.
type runHistory struct {
	app   *App
	path  string
	flake string // its name in the file
	open  func() *history.History
}

// openHistory begins to open the file, in the background.
func (j *job) openHistory(ctx context.Context) *runHistory {
	f := j.target.Flake
	m := &runHistory{app: j.app, path: j.app.statePath("history.db"), flake: f.Folder()}
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
		m.warn(err)
		return h
	})
	safely.Go(func() { m.open() })
	return m
}

// setAside warns of a damaged file and moves it out of the way. It reports whether a new
// file can be started.
func (m *runHistory) setAside(err error) bool {
	if !history.IsDamaged(err) {
		return false
	}
	moved, failed := history.SetAside(m.path)
	if failed != nil {
		return false
	}
	m.app.warnf("the history of earlier runs is unusable: %s: %v; starting a new one, and keeping the old file as %s", m.path, err, moved)
	return true
}

func (m *runHistory) warn(err error) {
	if err != nil {
		m.app.warnf("the history of earlier runs is unusable: %v", err)
	}
}

// estimate returns how long cells took before.
func (m *runHistory) estimate(ctx context.Context) live.Estimate {
	if m == nil || m.open() == nil {
		return nil
	}
	past, err := m.open().Past(ctx, m.flake)
	if err != nil {
		return nil // add says why
	}
	return past.Estimate
}

// add notes in the report since when cells have failed, stores it for later runs, and closes
// the file. It also does so after an interruption.
func (m *runHistory) add(ctx context.Context, r *result.Report) {
	if m == nil || m.open() == nil {
		return
	}
	err := m.since(context.WithoutCancel(ctx), r)
	if err == nil && len(r.Cells) > 0 {
		err = m.open().Add(context.WithoutCancel(ctx), m.flake, *r)
	}
	if err = errors.Join(err, m.open().Close()); err != nil && !m.setAside(err) {
		m.warn(fmt.Errorf("%s: %w", m.path, err))
	}
}

func (m *runHistory) since(ctx context.Context, r *result.Report) (err error) {
	for i := range r.Cells {
		if c := &r.Cells[i]; c.Status.BlamesFlake() {
			if c.Since, err = m.open().FailsSince(ctx, m.flake, c.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
