package view_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// In a merged report, each machine has a track with everything that happened on it.
func TestTimelineOfMachines(t *testing.T) {
	began := time.Unix(1000, 0)
	cell := func(id, machine string, start int) result.CellResult {
		return result.CellResult{Cell: result.Cell{ID: id}, Machine: machine, Phases: []result.Phase{
			{Name: result.PhaseEval.Name(), Started: began.Add(time.Duration(start) * time.Second), Duration: 2},
			{Name: result.PhaseBuild.Name(), Started: began.Add(time.Duration(start+2) * time.Second), Duration: 3},
		}}
	}
	r := result.Report{
		Machines: []result.Machine{{Name: "m1"}, {Name: "m2"}},
		Cells:    []result.CellResult{cell("a", "m1", 0), cell("b", "m2", 1), cell("c", "m1", 1), cell("d", "", 7)},
	}
	got := map[string][]string{}
	for _, track := range view.NewTimeline(r).Tracks {
		for _, s := range track.Spans {
			got[track.Name] = append(got[track.Name], s.Cell.ID+" "+s.Phase.Name.String())
		}
	}
	for track, want := range map[string][]string{
		"m1": {"a eval", "c eval", "a build", "c build"}, "m2": {"b eval", "b build"}, "unknown machine": {"d eval", "d build"},
	} {
		if !slices.Equal(got[track], want) {
			t.Errorf("%s has %q", track, got[track])
		}
	}
	r.Machines = r.Machines[:1]
	if tracks := view.NewTimeline(r).Tracks; len(tracks) != 3 || tracks[0].Name != "evaluation" {
		t.Errorf("one machine has the tracks %+v", tracks)
	}
}

// What a remote builder built has a track of its own, unless tracks are machines.
func TestTracksOfRemoteBuilders(t *testing.T) {
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	built := func(on ...string) result.CellResult {
		return result.CellResult{Phases: []result.Phase{{Name: result.PhaseBuild.Name(), Started: at, Duration: 1, BuiltOn: on}}}
	}
	r := result.Report{Started: at, Cells: []result.CellResult{built(), built("ssh://b", "local"), built("local", "ssh://c"), built("ssh://a")}}
	text := func() string {
		var tracks []string
		for _, track := range view.NewTimeline(r).Tracks {
			tracks = append(tracks, fmt.Sprintf("%s: %d", track.Name, len(track.Spans)))
		}
		return strings.Join(tracks, ", ")
	}
	if got, want := text(), "evaluation: 0, build: 2, machines: 0, build on ssh://a: 1, build on ssh://b: 1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r.Machines = []result.Machine{{Name: "x"}, {Name: "y"}}
	if got, want := text(), "x: 0, y: 0, unknown machine: 4"; got != want {
		t.Errorf("merged: got %q, want %q", got, want)
	}
	if got := view.BuiltOn(r.Cells[1].Phases[0]); got != "ssh://b and the machine of the run" {
		t.Errorf("it was built on %s", got)
	}
}
