// Package history keeps the results of runs in a file.
//
// The live view uses it to estimate durations, and reports to say since when something has been
// broken. The file is a SQLite database (https://www.sqlite.org) that several processes may use at
// once. No run depends on it: if [Open] fails, the run continues without a history.
package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite" // registers the driver
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/flakeci/flakeci/result"
)

// Limits on what is kept of each flake.
const (
	maxRuns = 50
	maxAge  = 90 * 24 * time.Hour
)

// migrations are changes to the tables, oldest first. A file records how many it has had.
var migrations = []string{`
CREATE TABLE run (
	id      INTEGER PRIMARY KEY,
	flake   TEXT NOT NULL,
	started INTEGER NOT NULL, -- milliseconds since 1970
	rev     TEXT NOT NULL,
	verdict TEXT NOT NULL
);
CREATE INDEX run_of_flake ON run (flake, started);
CREATE TABLE phase (
	run     INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	cell    TEXT NOT NULL,
	name    TEXT NOT NULL, -- empty for the cell as a whole
	status  TEXT NOT NULL,
	how     TEXT NOT NULL,
	seconds REAL NOT NULL,
	PRIMARY KEY (run, cell, name)
) WITHOUT ROWID;
`, `
CREATE TABLE cause (
	run  INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	cell TEXT NOT NULL,
	key  TEXT NOT NULL,
	PRIMARY KEY (run, cell, key)
) WITHOUT ROWID;
`}

// History is an open file of results.
type History struct{ db *sql.DB }

// NewerError says that a file was written by a newer flakeci.
type NewerError struct{ Path string }

// Error names the file.
func (e *NewerError) Error() string { return e.Path + " was written by a newer flakeci" }

// SchemaError says that a file was not written by flakeci.
type SchemaError struct{ Path string }

// Error names the file.
func (e *SchemaError) Error() string { return e.Path + " has a different schema" }

// IsDamaged reports whether an error says that the file is damaged or not a database.
func IsDamaged(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_NOTADB || e.Code()&0xff == sqlite3.SQLITE_CORRUPT)
}

// SetAside renames a damaged file and the files that belong to it, so that a new one can be
// made, and returns its new name.
func SetAside(path string) (string, error) {
	renamed := path + ".damaged"
	for _, end := range []string{"-wal", "-shm"} {
		if err := os.Rename(path+end, renamed+end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return renamed, os.Rename(path, renamed)
}

// Open opens the file, or makes it and its folder. Its errors are those of the file system and
// of SQLite, [*NewerError] and [*SchemaError].
func Open(ctx context.Context, path string) (*History, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := checkFiles(path); err != nil {
		return nil, err
	}
	for start := time.Now(); ; {
		h, err := open(ctx, path)
		if !isBusy(err) || time.Since(start) > patience {
			return h, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// patience is how long to wait for other processes that use the file.
const patience = 5 * time.Second

// isBusy reports whether another process uses the file. SQLite waits for that by itself, except
// when it switches a new file to a write-ahead log.
func isBusy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

func open(ctx context.Context, path string) (*History, error) {
	wait := fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds())
	options := url.Values{"_pragma": {wait, "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: options.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	h := &History{db: db}
	if err := h.migrate(ctx, path); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return h, nil
}

// auxiliary lists the suffixes of the files that SQLite puts next to the database.
var auxiliary = []string{"-wal", "-shm", "-journal"}

// checkFiles refuses links in place of the auxiliary files, since SQLite would follow them, and
// pipes, since it would wait for them. The database itself may be a link.
func checkFiles(path string) error {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", path)
	}
	for _, end := range auxiliary {
		if st, err := os.Lstat(path + end); err == nil && !st.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", path+end)
		}
	}
	return nil
}

// Close closes the file.
func (h *History) Close() error { return h.db.Close() }

// migrate updates the tables.
func (h *History) migrate(ctx context.Context, path string) error {
	version, err := h.version(ctx, h.db)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case version < 0: // user_version is signed, and any program may set it
		return &SchemaError{Path: path}
	case version > len(migrations):
		return &NewerError{Path: path}
	case version == len(migrations):
		return nil
	}
	return h.transaction(ctx, func(tx *sql.Tx) error {
		version, err := h.version(ctx, tx) // another process may have done it already
		if err != nil {
			return err
		}
		for _, m := range migrations[min(max(version, 0), len(migrations)):] {
			if _, err := tx.ExecContext(ctx, m); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(migrations)))
		return err
	})
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// version returns how many migrations the file has had.
func (h *History) version(ctx context.Context, q querier) (n int, err error) {
	err = q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&n)
	return n, err
}

// transaction runs a function that takes effect completely or not at all.
func (h *History) transaction(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Add adds the results of a run, apart from canceled cells. The flake's name can be anything
// that stays the same from one run to the next.
func (h *History) Add(ctx context.Context, flake string, r result.Report) error {
	return h.transaction(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "INSERT INTO run (flake, started, rev, verdict) VALUES (?, ?, ?, ?)",
			flake, r.Started.UnixMilli(), r.Flake.Rev, string(r.Verdict))
		if err != nil {
			return err
		}
		run, err := res.LastInsertId()
		if err != nil {
			return err
		}
		add, err := tx.PrepareContext(ctx, "INSERT OR REPLACE INTO phase (run, cell, name, status, how, seconds) VALUES (?, ?, ?, ?, ?, ?)")
		if err != nil {
			return err
		}
		defer add.Close()
		addCause, err := tx.PrepareContext(ctx, "INSERT OR REPLACE INTO cause (run, cell, key) VALUES (?, ?, ?)")
		if err != nil {
			return err
		}
		defer addCause.Close()
		keys := keysByID(r)
		for _, c := range r.Cells {
			if c.Status == result.Canceled {
				continue
			}
			all := append([]result.Phase{{Status: c.Status}}, c.Phases...)
			for _, p := range all {
				if _, err := add.ExecContext(ctx, run, c.ID, p.Name.String(), string(p.Status), string(c.How), p.Duration); err != nil {
					return err
				}
			}
			for _, id := range c.Causes {
				if _, err := addCause.ExecContext(ctx, run, c.ID, keys[id]); err != nil {
					return err
				}
			}
		}
		return prune(ctx, tx, flake, r.Started)
	})
}

// prune removes runs that are too old, and the oldest of a flake that has too many. The later of
// two runs is the one with the greater id, since a clock can be set back.
func prune(ctx context.Context, tx *sql.Tx, flake string, now time.Time) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM run WHERE started < ?", now.Add(-maxAge).UnixMilli())
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM run WHERE flake = ? AND id NOT IN (SELECT id FROM run WHERE flake = ? ORDER BY id DESC LIMIT ?)", flake, flake, maxRuns)
	return err
}

// Past says how long phases took in the latest runs of a flake.
type Past struct{ times map[phase][]time.Duration }

type phase struct{ cell, name string }

// recentRuns is how many runs estimates use. Older ones say little, and reading all of them
// takes a while.
const recentRuns = 10

// Past reads how long phases took in the latest runs of a flake.
func (h *History) Past(ctx context.Context, flake string) (*Past, error) {
	// A cached build does not show how long a build takes. Neither does an evaluation that took no
	// time because its result was already known.
	rows, err := h.db.QueryContext(ctx, `SELECT cell, name, seconds FROM phase
		WHERE run IN (SELECT id FROM run WHERE flake = ? ORDER BY id DESC LIMIT ?)
		AND name <> '' AND status = 'passed' AND (name <> 'build' OR how = 'built') AND (name <> 'eval' OR seconds > 0)`, flake, recentRuns)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	p := &Past{times: map[phase][]time.Duration{}}
	for rows.Next() {
		var key phase
		var seconds float64
		if err := rows.Scan(&key.cell, &key.name, &seconds); err != nil {
			return nil, err
		}
		p.times[key] = append(p.times[key], time.Duration(seconds*float64(time.Second)))
	}
	return p, rows.Err()
}

// Estimate returns the median of how long a phase of a cell took. It returns false if nothing
// is known. A nil Past knows nothing.
func (p *Past) Estimate(cell, name string) (time.Duration, bool) {
	if p == nil || len(p.times[phase{cell, name}]) == 0 {
		return 0, false
	}
	times := slices.Sorted(slices.Values(p.times[phase{cell, name}]))
	return times[len(times)/2], true
}

// Seconds returns how long cells took, by id: the sum of the estimates of their phases.
func (p *Past) Seconds() map[string]float64 {
	seconds := map[string]float64{}
	for ph := range p.times {
		d, _ := p.Estimate(ph.cell, ph.name)
		seconds[ph.cell] += d.Seconds()
	}
	return seconds
}

// keysByID returns the keys of a report's causes.
func keysByID(r result.Report) map[string]string {
	keys := map[string]string{}
	for _, c := range r.Causes {
		keys[c.ID] = c.StableKey()
	}
	return keys
}

// FailsSince returns, by the key of a cause, the first run of an unbroken series in which a cell
// has failed for that cause. It is nil if the cause is new. The history of an older flakeci has no
// causes.
func (h *History) FailsSince(ctx context.Context, flake, cell string, keys ...string) (map[string]*result.Since, error) {
	rows, err := h.db.QueryContext(ctx, `SELECT run.id, run.started, run.rev, phase.status, phase.how, coalesce(cause.key, '') FROM run
		JOIN phase ON phase.run = run.id
		LEFT JOIN cause ON cause.run = run.id AND cause.cell = phase.cell
		WHERE run.flake = ? AND phase.cell = ? AND phase.name = '' ORDER BY run.id DESC`, flake, cell)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var past []pastRun
	for last := int64(0); rows.Next(); {
		var id, started int64
		var run pastRun
		var key string
		if err := rows.Scan(&id, &started, &run.since.Rev, &run.status, &run.how, &key); err != nil {
			return nil, err
		}
		if id != last {
			run.since.Started = time.UnixMilli(started).UTC()
			past, last = append(past, run), id
		}
		past[len(past)-1].keys = append(past[len(past)-1].keys, key)
	}
	all := map[string]*result.Since{}
	for _, key := range keys {
		all[key] = failsSince(past, key)
	}
	return all, rows.Err()
}

// pastRun is how a cell ended in a run. Keys are of its causes.
type pastRun struct {
	since  result.Since
	status result.Status
	how    result.How
	keys   []string
}

// failsSince goes back from the latest run to the first of the series in which the cell failed for
// a cause.
func failsSince(past []pastRun, key string) (since *result.Since) {
	runs := 0
	for _, run := range past {
		switch {
		case slices.Contains(run.keys, key):
			runs++
			since = &result.Since{Rev: run.since.Rev, Started: run.since.Started, Runs: runs}
		case run.refutes(key):
			return since
		}
	}
	return since
}

// refutes reports whether a run shows that the cell did not have a cause. A run that could not
// try, or did not get that far, shows nothing.
func (r pastRun) refutes(key string) bool {
	switch {
	case !r.status.BlamesFlake() && r.status != result.Passed:
		return false // the machine was at fault, or the cell was left out
	case duringEvaluation(key):
		return true
	case r.status == result.Passed:
		return r.how != result.Evaluated
	}
	return !slices.ContainsFunc(r.keys, duringEvaluation)
}

// duringEvaluation reports whether the cause with this key ends a cell before it is built.
func duringEvaluation(key string) bool {
	return strings.HasPrefix(key, string(result.CauseEval)+"-")
}

// CellsIn returns the ids of the cells inside a host, by its id, in the latest run that evaluated
// the host.
func (h *History) CellsIn(ctx context.Context, flake, host string) ([]string, error) {
	prefix := host + "/"
	rows, err := h.db.QueryContext(ctx, `SELECT cell FROM phase WHERE name = '' AND substr(cell, 1, length(?1)) = ?1 AND run = (
		SELECT max(run.id) FROM run JOIN phase ON phase.run = run.id
		WHERE run.flake = ?2 AND phase.cell = ?3 AND phase.name = 'eval' AND phase.status = 'passed') ORDER BY cell`, prefix, flake, host)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var cell string
		if err := rows.Scan(&cell); err != nil {
			return nil, err
		}
		ids = append(ids, cell)
	}
	return ids, rows.Err()
}
