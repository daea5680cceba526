package view_test

import (
	"slices"
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
