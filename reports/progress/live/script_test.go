package live

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// play is a made-up run with a clock of its own.
type play struct {
	t      *testing.T
	time   time.Time
	matrix matrix.Matrix
	send   func(event.Event)
	model  *model
	// interrupts counts how often Ctrl-C was passed on.
	interrupts int
	stopping   bool
}

func newPlay(t *testing.T, inv matrix.Inventory, kinds ...result.Kind) *play {
	t.Helper()
	m, err := matrix.New(inv).Select(matrix.Selection{Kinds: kinds})
	if err != nil {
		t.Fatal(err)
	}
	p := &play{t: t, time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), matrix: m}
	b := newBoard(m, func() time.Time { return p.time })
	p.send = b.handle
	p.model = newModel(b, Options{
		Flake: result.Flake{Ref: ".", Rev: "4f2c1d9aaaa", Dirty: true}, Nix: "2.34.8", Started: p.time, Matrix: m,
		EvalJobs: 2, BuildJobs: 2,
		Interrupt: func() { p.interrupts++ },
		Stopping:  func() bool { return p.stopping },
	})
	return p
}

func (p *play) cell(id string) result.Cell {
	p.t.Helper()
	for _, c := range p.matrix.Cells {
		if c.ID == id {
			return c
		}
	}
	p.t.Fatalf("no cell %s", id)
	return result.Cell{}
}

func (p *play) pass(d time.Duration) { p.time = p.time.Add(d) }

// passes runs a cell to its end.
func (p *play) passes(id string, how result.How, took time.Duration) {
	p.send(event.Finished{Result: outcome.Result{
		Cell: p.cell(id), Status: result.Passed, How: how,
		Phases: []outcome.Phase{{Phase: result.Phase{Name: result.PhaseEval.Name(), Status: result.Passed}}, {Phase: result.Phase{Name: result.PhaseBuild.Name(), Status: result.Passed, Duration: took.Seconds()}}},
	}})
}

func (p *play) fails(id string, status result.Status, causes ...*result.Cause) {
	p.send(event.Finished{Result: outcome.Result{
		Cell: p.cell(id), Status: status, Causes: causes,
		Phases: []outcome.Phase{{Phase: result.Phase{Name: result.PhaseBuild.Name(), Status: status}}},
	}})
}

// press types keys and runs the resulting commands.
func (p *play) press(keys ...string) {
	p.t.Helper()
	for _, k := range keys {
		_, cmd := p.model.Update(keyPress(k))
		if cmd != nil {
			p.model.Update(cmd())
		}
	}
}

func keyPress(name string) tea.KeyPressMsg {
	special := map[string]rune{
		"up": tea.KeyUp, "down": tea.KeyDown, "enter": tea.KeyEnter, "esc": tea.KeyEscape, "end": tea.KeyEnd,
		"home": tea.KeyHome, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
	}
	if code, ok := special[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if letter, ok := strings.CutPrefix(name, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: rune(letter[0]), Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: rune(name[0]), Text: name}
}

// screen returns what is shown in a number of columns and lines, and checks that it fits.
func (p *play) screen(columns, lines int) string {
	p.t.Helper()
	p.model.Update(tea.WindowSizeMsg{Width: columns, Height: lines})
	content := p.model.View().Content
	got := strings.Split(content, "\n")
	if len(got) > lines {
		p.t.Errorf("%d lines in %d:\n%s", len(got), lines, content)
	}
	for _, l := range got {
		if width(l) > columns {
			p.t.Errorf("%d columns in %d: %q", width(l), columns, l)
		}
	}
	return content
}

// golden compares a screen with the file of that name and size.
func (p *play) golden(name string, columns, lines int) {
	p.t.Helper()
	var b strings.Builder
	for l := range strings.SplitSeq(p.screen(columns, lines), "\n") {
		b.WriteString(strings.TrimRight(l, " ") + "\n")
	}
	path := filepath.Join("testdata", fmt.Sprintf("%s-%dx%d.txt", name, columns, lines))
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatalf("%v (UPDATE_GOLDEN=1 writes it)", err)
	}
	if b.String() != string(want) {
		p.t.Errorf("%s differs (UPDATE_GOLDEN=1 rewrites it), got:\n%s", path, b.String())
	}
}
