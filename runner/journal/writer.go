package journal

import (
	"encoding/json"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Writer writes the journal of a run. An error ends the journal and not the run;
// [Writer.Close] returns it.
type Writer struct {
	file   *os.File
	redact func([]byte) []byte
	causes map[*result.Cause]int
	done   map[string]bool // cells whose results were written
	err    error

	dirty  chan struct{} // something must be synced
	ending chan struct{} // closed with the journal
	synced sync.WaitGroup
}

// syncInterval is the least time between two syncs of the journal.
const syncInterval = 100 * time.Millisecond

// create begins a journal that replaces the one at path. The old one stays until the new one
// holds everything that is taken over from it.
func create(path string, redact func([]byte) []byte, h Head, offer []result.Cell, earlier *runner.EarlierRun) (*Writer, error) {
	f, err := safefile.Create(path + ".new")
	if err != nil {
		return nil, err
	}
	w := &Writer{file: f, redact: redact, causes: map[*result.Cause]int{}, done: map[string]bool{}, dirty: make(chan struct{}, 1), ending: make(chan struct{})}
	h.Schema = Schema
	w.write(record{Head: &h})
	if !h.Looking {
		w.writeOffer(offer)
	}
	if earlier != nil {
		w.writeEarlier(earlier)
	}
	err = w.err
	if earlier != nil { // otherwise nothing of the old one is kept
		err = errors.Join(err, f.Sync())
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path+".new"))
	}
	w.synced.Go(safely.Func(func() {
		for range w.dirty {
			_ = f.Sync() // an error matters only if the power fails
			select {
			case <-w.ending:
			case <-time.After(syncInterval):
			}
		}
	}))
	return w, nil
}

// writeOffer writes the cells of the flake.
func (w *Writer) writeOffer(list []result.Cell) {
	var cells []cell
	for _, c := range list {
		cells = append(cells, *cellOf(c))
	}
	w.write(record{Offer: cells})
}

// writeEarlier writes what may be taken over from an earlier run. This run may be killed before
// it does so.
func (w *Writer) writeEarlier(e *runner.EarlierRun) {
	for _, h := range e.Homes {
		w.write(record{Found: cellOf(h)})
	}
	for _, res := range e.Passed {
		w.write(record{Earlier: encode(res, w.number)})
	}
}

// Record writes an event, if the journal keeps events of its type.
func (w *Writer) Record(e event.Event) {
	switch e := e.(type) {
	case event.Added:
		w.writeOffer(e.Cells)
	case event.Found:
		w.write(record{Found: cellOf(e.Home)})
	case event.Started:
		if !e.AtBase { // those are not phases of the cell itself
			w.write(record{Start: &start{*cellOf(e.Cell), e.Phase}})
		}
	case event.Finished:
		w.finish(e.Result)
	case event.Compared:
		w.finish(e.Result)
	}
}

func (w *Writer) finish(res outcome.Result) {
	w.done[res.Cell.ID] = true
	w.write(record{Done: encode(res, w.number)})
	w.sync()
}

// sync requests a sync of what was written. The run does not wait for it.
func (w *Writer) sync() {
	select {
	case w.dirty <- struct{}{}:
	default: // a sync is due already
	}
}

// End writes that the run came to its end, with the results that no event had, and what its
// report says about the run.
func (w *Writer) End(o outcome.Run, about json.RawMessage) {
	for _, res := range o.Results {
		if !w.done[res.Cell.ID] {
			w.finish(res)
		}
	}
	w.write(record{End: &end{o.Interrupted, about}})
	w.sync()
}

// Close returns the error that ended the journal, if one did.
func (w *Writer) Close() error {
	close(w.dirty)
	close(w.ending)
	w.synced.Wait()
	return errors.Join(w.err, w.file.Close())
}

// number returns the number of a cause, and writes the cause if it is new.
func (w *Writer) number(c *result.Cause) int {
	n, known := w.causes[c]
	if !known {
		n = len(w.causes) + 1
		w.causes[c] = n
		w.write(record{Cause: &cause{n, *c}})
	}
	return n
}

// write writes a line. No line may follow one that was cut off.
func (w *Writer) write(r record) {
	if w.err != nil {
		return
	}
	r.At = time.Now()
	line, err := json.Marshal(r)
	if err == nil && w.redact != nil {
		line = w.redact(line)
	}
	if err == nil {
		_, err = w.file.Write(append(addSum(line), '\n'))
	}
	w.err = err
}
