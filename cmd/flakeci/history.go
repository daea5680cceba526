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
	h := &runHistory{app: j.app, path: j.app.statePath("history.db"), flake: f.Folder()}
	if h.path == "" {
		return nil
	}
	if h.flake == "" {
		h.flake = j.app.secrets.Text(f.Ref)
	}
	h.open = sync.OnceValue(func() *history.History {
		db, err := history.Open(context.WithoutCancel(ctx), h.path)
		if h.setAside(err) {
			db, err = history.Open(context.WithoutCancel(ctx), h.path)
		}
		h.warn(err)
		return db
	})
	safely.Go(func() { h.open() })
	return h
}

// setAside warns of a damaged file and moves it out of the way. It reports whether a new
// file can be started.
func (h *runHistory) setAside(err error) bool {
	if !history.IsDamaged(err) {
		return false
	}
	moved, failed := history.SetAside(h.path)
	if failed != nil {
		return false
	}
	h.app.warnf("the history of earlier runs is unusable: %s: %v; starting a new one, and keeping the old file as %s", h.path, err, moved)
	return true
}

func (h *runHistory) warn(err error) {
	if err != nil {
		h.app.warnf("the history of earlier runs is unusable: %v", err)
	}
}

// estimate returns how long cells took before.
func (h *runHistory) estimate(ctx context.Context) live.Estimate {
	if h == nil || h.open() == nil {
		return nil
	}
	past, err := h.open().Past(ctx, h.flake)
	if err != nil {
		return nil // add says why
	}
	return past.Estimate
}

// add notes in the report since when cells have failed, stores it for later runs, and closes
// the file. It also does so after an interruption.
func (h *runHistory) add(ctx context.Context, r *result.Report) {
	if h == nil || h.open() == nil {
		return
	}
	err := h.since(context.WithoutCancel(ctx), r)
	if err == nil && len(r.Cells) > 0 {
		err = h.open().Add(context.WithoutCancel(ctx), h.flake, *r)
	}
	if err = errors.Join(err, h.open().Close()); err != nil && !h.setAside(err) {
		h.warn(fmt.Errorf("%s: %w", h.path, err))
	}
}

func (h *runHistory) since(ctx context.Context, r *result.Report) (err error) {
	for i := range r.Cells {
		if c := &r.Cells[i]; c.Status.BlamesFlake() {
			if c.Since, err = h.open().FailsSince(ctx, h.flake, c.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
