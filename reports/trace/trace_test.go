package trace

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// traceFile is a trace as readers see it.
type traceFile struct {
	Unit   string  `json:"displayTimeUnit"`
	Events []event `json:"traceEvents"`
}

func readTrace(t *testing.T, r result.Report) traceFile {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, r); err != nil {
		t.Fatal(err)
	}
	var file traceFile
	dec := json.NewDecoder(&out)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&struct {
		*traceFile
		Other map[string]string `json:"otherData"`
	}{traceFile: &file}); err != nil {
		t.Fatal(err)
	}
	return file
}

// checkTrace checks a trace against the rules of the Trace Event Format.
func checkTrace(t *testing.T, r result.Report) traceFile {
	t.Helper()
	file := readTrace(t, r)
	processes, threads := map[int]bool{}, map[[2]int]int64{} // threads: when their last event ended
	running := map[int]float64{}
	for _, e := range file.Events {
		at := [2]int{e.Pid, e.Tid}
		_, known := threads[at]
		switch e.Phase {
		case "M":
			processes[e.Pid] = processes[e.Pid] || e.Name == "process_name"
			if e.Name == "thread_name" {
				threads[at] = 0
			}
			if name, named := e.Args["name"]; named && name == "" {
				t.Errorf("%+v has an empty name", e)
			}
			continue
		case "X":
			if e.Dur == nil || *e.Dur < 0 || !known || e.Ts < threads[at] {
				t.Errorf("%+v begins before %d, or its thread is not known", e, threads[at])
				continue
			}
			threads[at] = e.Ts + *e.Dur
		case "i":
			if e.Scope != "t" || !known {
				t.Errorf("%+v is not an instant of a thread", e)
			}
		case "C":
			running[e.Pid], known = e.Args["running"].(float64)
			if !known || running[e.Pid] < 0 {
				t.Errorf("%+v counts nothing", e)
			}
		default:
			t.Errorf("%+v has an unknown phase", e)
		}
		if e.Name == "" || !processes[e.Pid] || e.Ts < 0 {
			t.Errorf("%+v has no name, no process or a time before the run", e)
		}
	}
	for pid, n := range running {
		if n != 0 {
			t.Errorf("process %d ends with %v still running", pid, n)
		}
	}
	return file
}

func TestTraceHoldsEveryPhaseOnce(t *testing.T) {
	sample.EachInput(t, func(t *testing.T, _ string, r result.Report) {
		file := checkTrace(t, r)
		phases, failures, seconds := 0, 0, 0.0
		for _, c := range r.Cells {
			for _, p := range c.Phases {
				phases++
				seconds += max(0, p.Duration)
				if p.Status.NeedsAttention() {
					failures++
				}
			}
		}
		for _, e := range file.Events {
			switch {
			case e.Phase == "i":
				failures--
			case e.Phase == "X" && e.Pid != runPid:
				phases--
				seconds -= float64(*e.Dur) / 1e6
			}
		}
		if phases != 0 || failures != 0 || math.Abs(seconds) > 0.01*float64(len(r.Cells)) {
			t.Errorf("%d phases, %d failures and %v seconds are missing", phases, failures, seconds)
		}
	})
}

// Everything that happens in a machine is in one lane, even if another machine would fit
// between.
func TestMachinesKeepTheirLane(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	vm := func(host string, boot, check int) result.CellResult {
		return result.CellResult{Cell: result.Cell{ID: "vm/" + host, Kind: "vm", Host: host}, Phases: []result.Phase{
			{Name: result.ParsePhaseName("boot"), Started: at(boot), Duration: 10},
			{Name: result.ParsePhaseName("check: web"), Started: at(check), Duration: 5},
		}}
	}
	home := result.CellResult{Cell: result.Cell{ID: "home/joachim", Kind: "home"}, Phases: []result.Phase{{Name: result.ParsePhaseName("activate: a"), Started: at(31), Duration: 2}}}
	timeline := view.NewTimeline(result.Report{Cells: []result.CellResult{vm("b", 15, 26), home, vm("a", 1, 25)}})
	got := map[string]int{}
	for _, s := range timeline.Tracks[2].Spans {
		got[s.Cell.ID+" "+s.Phase.Name.String()] = s.Lane
	}
	want := map[string]int{"vm/a boot": 0, "vm/a check: web": 0, "home/joachim activate: a": 0, "vm/b boot": 1, "vm/b check: web": 1}
	for name, lane := range want {
		if got[name] != lane {
			t.Errorf("%s is in lane %d, want %d", name, got[name], lane)
		}
	}
	if timeline.Length != 32 || timeline.Tracks[2].Lanes != 2 {
		t.Errorf("%v seconds in %d lanes, want 32 in 2", timeline.Length, timeline.Tracks[2].Lanes)
	}
}

// The span of a build lasts from its start to its end, even if the build waited in between.
func TestWaitingIsPartOfASpan(t *testing.T) {
	r := result.Report{Cells: []result.CellResult{{Cell: result.Cell{ID: "nixos/a", Kind: "nixos"}, Phases: []result.Phase{{Name: result.ParsePhaseName("build"), Status: result.Passed, Started: time.Unix(5, 0), Duration: 2, Waiting: 7}}}}}
	span := view.NewTimeline(r).Tracks[1].Spans[0]
	if span.Start != 0 || span.End != 9 || spanArgs(span)["waiting_seconds"] != 7.0 {
		t.Errorf("it is %+v, with %v", span, spanArgs(span))
	}
}

func checkFormat(t *testing.T, r result.Report) {
	t.Helper()
	checkTrace(t, r)
}

func TestEveryReport(t *testing.T) { sample.EveryReport(t, checkFormat) }

func TestHugeLogs(t *testing.T) { sample.HugeLogs(t, Write) }

func FuzzWrite(f *testing.F) { sample.Fuzz(f, checkFormat) }
