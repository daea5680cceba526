package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Journal is what was read from a file.
type Journal struct {
	Head Head
	// Last is when the last line was written.
	Last time.Time
	// Damaged means that a line was changed since, and everything after it is lost. A last line
	// that is cut off does not count: the journal of a killed run ends like that.
	Damaged bool
	// Ended means that the run came to its end, Interrupted that an interruption ended it.
	Ended, Interrupted bool

	offer   []result.Cell
	homes   []result.Cell // found inside hosts
	results map[string]outcome.Result
	earlier map[string]outcome.Result
	begun   map[string]outcome.Phase // of cells that are not finished, the last phase
}

// Looking reports whether no cells are known: the flake was still being inspected, or they are
// lost.
func (j *Journal) Looking() bool { return j.Head.Looking || len(j.offer) == 0 }

// FormatError reports that a file is not a journal, or comes from another version of flakeci.
type FormatError struct {
	Reason string
}

func (e *FormatError) Error() string { return e.Reason }

// maxJournal limits how much of a journal is read, in bytes.
const maxJournal = 256 << 20

// Read reads a journal up to the first line that is not intact. If the head is not, the error is
// a [*FormatError].
func Read(r io.Reader) (*Journal, error) {
	data, err := safefile.All(r, maxJournal)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	j := &Journal{results: map[string]outcome.Result{}, earlier: map[string]outcome.Result{}, begun: map[string]outcome.Phase{}}
	causes := map[int]*result.Cause{}
	first, sums := true, false
	for line := range bytes.Lines(data) {
		var rec record
		err := json.Unmarshal(line, &rec)
		if first {
			sums = hasSum(line)
			if err := checkHead(line, rec, err); err != nil {
				return nil, err
			}
		}
		first = false
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		if err != nil || !isIntact(line, sums) || j.add(rec, causes) != nil {
			j.Damaged = len(bytes.Trim(line, "\x00\n")) > 0 // a machine that died leaves zeros
			break
		}
		j.Last = rec.At
	}
	if first {
		return nil, &FormatError{"not a journal: it is empty"}
	}
	return j, nil
}

// checkHead returns an error if the first line is not the head of a journal.
func checkHead(line []byte, rec record, err error) error {
	switch {
	case err != nil || rec.Head == nil || rec.Head.Schema == "" || !bytes.HasSuffix(line, []byte("\n")):
		return &FormatError{"not a journal"}
	case rec.Head.Schema != Schema:
		return &FormatError{fmt.Sprintf("a journal of schema %q; this flakeci reads %s", rec.Head.Schema, Schema)}
	case !isIntact(line, hasSum(line)):
		return &FormatError{"its first line is damaged"}
	}
	return nil
}

// add adds a line.
func (j *Journal) add(rec record, causes map[int]*result.Cause) (err error) {
	switch {
	case rec.Head != nil:
		j.Head = *rec.Head
	case rec.Offer != nil:
		for _, c := range rec.Offer {
			j.offer = append(j.offer, c.plain())
		}
	case rec.Found != nil:
		j.homes = append(j.homes, rec.Found.plain())
	case rec.Start != nil:
		c := rec.Start.Cell.plain()
		j.begun[c.ID] = outcome.Phase{Phase: result.Phase{Name: rec.Start.Phase, Status: result.Canceled, Started: rec.At}}
	case rec.Cause != nil:
		causes[rec.Cause.Number] = &rec.Cause.Cause
	case rec.Done != nil:
		err = addResult(j.results, rec.Done, causes)
		delete(j.begun, rec.Done.Cell.ID)
	case rec.Earlier != nil:
		err = addResult(j.earlier, rec.Earlier, causes)
	case rec.End != nil:
		j.Ended, j.Interrupted = true, rec.End.Interrupted
		j.Head.About = rec.End.About
	}
	return err
}

// addResult adds or replaces the result of a cell.
func addResult(results map[string]outcome.Result, r *cellResult, causes map[int]*result.Cause) error {
	res, err := r.decode(causes)
	if err != nil {
		return err
	}
	if old, there := results[res.Cell.ID]; there && isMasked(res.Cell.ID) && !old.Status.OK() && res.Status.OK() {
		return nil // it may be that of another cell
	}
	results[res.Cell.ID] = res
	return nil
}

// isMasked reports whether an id is masked in part, so that several cells may have it.
func isMasked(id string) bool { return strings.Contains(id, redact.Mask) }

// maxShards is more shards than anybody has machines for.
const maxShards = 1 << 16

// Matrix returns the cells that were selected, without homes that were found inside hosts.
func (j *Journal) Matrix() (matrix.Matrix, error) {
	s := j.Head.Shard
	if s.N < 0 || s.N > maxShards {
		return matrix.Matrix{}, &FormatError{fmt.Sprintf("one of %d shards", s.N)}
	}
	m, err := matrix.Matrix{Cells: j.offer}.Select(j.Head.Selection)
	if err == nil && s.N > 0 {
		m = m.Shard(s.I, s.N)
	}
	return m, err
}

// Outcome returns the results of the cells. Those that were not finished are canceled, with a
// note that says why.
func (j *Journal) Outcome(why string) (outcome.Run, error) {
	m, err := j.Matrix()
	if err != nil {
		return outcome.Run{}, err
	}
	results, seen := maps.Clone(j.results), map[string]bool{}
	for _, c := range slices.Concat(m.Cells, j.homes) {
		if seen[c.ID] {
			continue
		}
		seen[c.ID] = true
		res, done := results[c.ID]
		p, begun := j.begun[c.ID]
		switch {
		case !done && !j.Ended:
			res = outcome.Result{Cell: c, Status: result.Canceled, Note: "not started when " + why}
		case !begun || j.Ended:
			continue
		}
		if begun { // even if it is done: then it was being activated in a host
			p.Duration = result.Seconds(max(0, j.Last.Sub(p.Started)))
			p.Message = "not finished when " + why
			res.Phases = append(slices.Clip(res.Phases), p)
			res.Status, res.Note = result.Canceled, p.Message
		}
		results[c.ID] = res
	}
	return outcome.Conclude(slices.Collect(maps.Values(results)), !j.Ended || j.Interrupted), nil
}

// Earlier returns what a run that resumes this one can take over. Same means that the flake has
// not changed. It leaves out cells that were unchanged from the base, because the base may have
// changed, cells with a masked id, because they may be others, and cells whose paths are not
// store paths.
func (j *Journal) Earlier(same bool) *runner.EarlierRun {
	e := &runner.EarlierRun{Passed: maps.Clone(j.earlier), Same: map[string]bool{}}
	maps.DeleteFunc(e.Passed, func(id string, res outcome.Result) bool { return isMasked(id) || isForeign(res) })
	for id, res := range j.results {
		if isMasked(id) || isForeign(res) || res.Status != result.Passed || res.How == result.Unchanged || res.DrvPath == "" {
			continue
		}
		if res.From.IsZero() {
			res.From = j.Last
		}
		res.Base = nil // the new run finds it out
		e.Passed[id], e.Same[id] = res, same
	}
	if same {
		e.Homes = slices.Clone(j.homes)
	}
	return e
}

// Foreign reports whether the derivation or an output of any cell is not a store path: somebody
// else wrote it, or a credential in it was masked.
func (j *Journal) Foreign() bool {
	for _, list := range []map[string]outcome.Result{j.results, j.earlier} {
		for _, res := range list {
			if isForeign(res) {
				return true
			}
		}
	}
	return false
}

func isForeign(res outcome.Result) bool {
	return storepath.CheckSaved(res.DrvPath, res.OutPaths) != nil
}
