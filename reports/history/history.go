// Package history keeps what runs came to in a file of the user's, for the
// estimates of the live view and to say since when something is broken.
//
// It is a SQLite database (https://www.sqlite.org) that any number of flakeci may
// use at once. Nothing hangs on it: a file that cannot be used is an error of
// [Open], and the run goes on without.
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
	"time"

	"modernc.org/sqlite" // registers the driver
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/flakeci/flakeci/result"
)

// What is kept of each flake.
const (
	mostRuns = 50
	longest  = 90 * 24 * time.Hour
)

// Changes to the tables, oldest first; a file notes how many it has had.
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
`}

// History is an open file.
type History struct{ db *sql.DB }

// NewerError says that a file was written by a newer flakeci.
type NewerError struct{ Path string }

func (e *NewerError) Error() string { return e.Path + " is of a newer flakeci" }

// SchemaError says that a file has tables that no flakeci makes.
type SchemaError struct{ Path string }

func (e *SchemaError) Error() string { return e.Path + " is of another schema" }

// IsDamaged says whether an error is that the file is no database, or a damaged one.
func IsDamaged(err error) bool {
	var of *sqlite.Error
	return errors.As(err, &of) && (of.Code()&0xff == sqlite3.SQLITE_NOTADB || of.Code()&0xff == sqlite3.SQLITE_CORRUPT)
}

// SetAside moves a damaged file out of the way, so that a new one can be begun, and
// gives its name. The files that belong to it go with it.
func SetAside(path string) (string, error) {
	aside := path + ".damaged"
	for _, end := range []string{"-wal", "-shm"} {
		if err := os.Rename(path+end, aside+end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return aside, os.Rename(path, aside)
}

// Open opens the file, or makes it and its folder. The errors are those of the file
// system and of SQLite, a [*NewerError] and a [*SchemaError].
func Open(ctx context.Context, path string) (*History, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := ownFiles(path); err != nil {
		return nil, err
	}
	options := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"}, "_txlock": {"immediate"}}
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

// besides are the ends of names that SQLite gives to files beside the database.
var besides = []string{"-wal", "-shm", "-journal"}

// ownFiles refuses links in the place of what SQLite writes beside the database, which it
// would follow, and pipes, where it would wait. The database itself may be a link.
func ownFiles(path string) error {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", path)
	}
	for _, end := range besides {
		if st, err := os.Lstat(path + end); err == nil && !st.Mode().IsRegular() {
			return fmt.Errorf("%s is not a file of its own", path+end)
		}
	}
	return nil
}

// Close closes the file.
func (h *History) Close() error { return h.db.Close() }

func (h *History) migrate(ctx context.Context, path string) error {
	has, err := h.version(ctx, h.db)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case has < 0: // PRAGMA user_version is signed, and anybody may set it
		return &SchemaError{Path: path}
	case has > len(migrations):
		return &NewerError{Path: path}
	case has == len(migrations):
		return nil
	}
	return h.change(ctx, func(tx *sql.Tx) error {
		has, err := h.version(ctx, tx) // another flakeci may have been faster
		if err != nil {
			return err
		}
		for _, m := range migrations[min(max(has, 0), len(migrations)):] {
			if _, err := tx.ExecContext(ctx, m); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(migrations)))
		return err
	})
}

// querier is a database, or a transaction in one.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (h *History) version(ctx context.Context, q querier) (n int, err error) {
	err = q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&n)
	return n, err
}

// change does something as a whole or not at all.
func (h *History) change(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Add takes in what a run of a flake came to. The flake's name is whatever stays the
// same from one run to the next. Cells that did not come to an end say nothing and
// are left out.
func (h *History) Add(ctx context.Context, flake string, r result.Report) error {
	return h.change(ctx, func(tx *sql.Tx) error {
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
		}
		return prune(ctx, tx, flake, r.Started)
	})
}

// prune forgets what is too old, and what is too much of one flake. Here as elsewhere
// the later run is the one with the greater id: a clock may be put back.
func prune(ctx context.Context, tx *sql.Tx, flake string, now time.Time) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM run WHERE started < ?", now.Add(-longest).UnixMilli())
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM run WHERE flake = ? AND id NOT IN (SELECT id FROM run WHERE flake = ? ORDER BY id DESC LIMIT ?)", flake, flake, mostRuns)
	return err
}

// Past is how long phases took in the last runs of one flake.
type Past struct{ times map[phase][]time.Duration }

type phase struct{ cell, name string }

// How many runs estimates are made from. Older ones say little, and all of them take
// a while to read.
const recentRuns = 10

// Past reads how long things took in the last runs of a flake.
func (h *History) Past(ctx context.Context, flake string) (*Past, error) {
	// What was there already says nothing about building, and what was known from an
	// earlier run, which takes no time, nothing about evaluating.
	rows, err := h.db.QueryContext(ctx, `SELECT cell, name, seconds FROM phase
		WHERE run IN (SELECT id FROM run WHERE flake = ? ORDER BY id DESC LIMIT ?)
		AND name <> '' AND status = 'passed' AND (name <> 'build' OR how = 'built') AND (name <> 'eval' OR seconds > 0)`, flake, recentRuns)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	p := &Past{times: map[phase][]time.Duration{}}
	for rows.Next() {
		var of phase
		var seconds float64
		if err := rows.Scan(&of.cell, &of.name, &seconds); err != nil {
			return nil, err
		}
		p.times[of] = append(p.times[of], time.Duration(seconds*float64(time.Second)))
	}
	return p, rows.Err()
}

// Estimate is how long a phase of a cell will take, by the middle one of the times it
// took before. It is false where nothing is known; a nil Past knows nothing.
func (p *Past) Estimate(cell, name string) (time.Duration, bool) {
	if p == nil || len(p.times[phase{cell, name}]) == 0 {
		return 0, false
	}
	times := slices.Sorted(slices.Values(p.times[phase{cell, name}]))
	return times[len(times)/2], true
}

// FailsSince is the first of the runs in which a cell has failed without passing in
// between, and how many they are; nil if it did not fail the last time it was looked
// at.
func (h *History) FailsSince(ctx context.Context, flake, cell string) (*result.Since, error) {
	rows, err := h.db.QueryContext(ctx, `SELECT run.started, run.rev, phase.status FROM run JOIN phase ON phase.run = run.id
		WHERE run.flake = ? AND phase.cell = ? AND phase.name = '' ORDER BY run.id DESC`, flake, cell)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var since *result.Since
	for rows.Next() {
		var started int64
		var rev string
		var status result.Status
		if err := rows.Scan(&started, &rev, &status); err != nil {
			return nil, err
		}
		switch {
		case status == result.Passed:
			return since, nil
		case !status.BlamesFlake():
			continue // that run does not tell
		}
		if since == nil {
			since = &result.Since{}
		}
		since.Rev, since.Started = rev, time.UnixMilli(started).UTC()
		since.Runs++
	}
	return since, rows.Err()
}
