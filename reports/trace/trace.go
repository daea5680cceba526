// Package trace writes a report in the Trace Event Format.
package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// event is one event in the format, which Chrome's DevTools and Perfetto read. Ts and Dur are
// in microseconds, Ts since the start of the run.
type event struct {
	Name  string         `json:"name"`
	Cat   string         `json:"cat,omitempty"`
	Phase string         `json:"ph"`
	Ts    int64          `json:"ts"`
	Dur   *int64         `json:"dur,omitempty"`
	Pid   int            `json:"pid"`
	Tid   int            `json:"tid"`
	Scope string         `json:"s,omitempty"`
	Args  map[string]any `json:"args,omitempty"`
}

// runPid is the process of the run itself. Those of its tracks follow.
const runPid = 1

// Write writes what ran when: a process for each kind of work, with a thread for each lane, an
// instant for each failure, and a counter of what runs at the same time.
func Write(w io.Writer, r result.Report) error {
	r = view.Terminal().Report(r)
	timeline := view.NewTimeline(r)
	events := []event{
		process(runPid, "flakeci "+r.Flake.Ref), order(runPid), thread(runPid, 1, "run"),
		complete(event{Name: "run", Cat: "run", Pid: runPid, Tid: 1, Args: map[string]any{
			"verdict": r.Verdict, "rev": r.Flake.Rev, "nix": r.Nix.Version,
		}}, 0, timeline.Length),
	}
	for i, track := range timeline.Tracks {
		events = append(events, trackEvents(track, runPid+1+i)...)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	err := enc.Encode(map[string]any{
		"displayTimeUnit": "ms", "traceEvents": events,
		"otherData": map[string]string{"tool": "flakeci " + r.Tool.Version, "started": r.Started.Format("2006-01-02T15:04:05.000Z07:00")},
	})
	if err != nil {
		return fmt.Errorf("write trace: %w", err)
	}
	return nil
}

// trackEvents lists the events of a track, none if it is empty.
func trackEvents(t view.Track, pid int) []event {
	if len(t.Spans) == 0 {
		return nil
	}
	events := []event{process(pid, t.Name), order(pid)}
	for lane := range t.Lanes {
		events = append(events, thread(pid, lane+1, fmt.Sprintf("%s %d", t.LaneName, lane+1)))
	}
	for _, s := range t.Spans {
		events = append(events, complete(event{
			Name: s.Cell.ID + " " + s.Phase.Name.String(), Cat: string(s.Phase.Name.Kind), Pid: pid, Tid: s.Lane + 1, Args: spanArgs(s),
		}, s.Start, s.End))
		if s.Phase.Status.NeedsAttention() {
			events = append(events, event{
				Name: string(s.Phase.Status) + ": " + s.Cell.ID, Cat: "failure", Phase: "i", Scope: "t",
				Ts: micro(s.End), Pid: pid, Tid: s.Lane + 1,
			})
		}
	}
	return append(events, counterEvents(t, pid)...)
}

// spanArgs returns what a viewer shows for a selected span.
func spanArgs(s view.Span) map[string]any {
	args := map[string]any{"status": s.Phase.Status, "cell": s.Cell.ID}
	if s.Cell.How != "" {
		args["how"] = s.Cell.How
	}
	if s.Phase.Attempts > 1 {
		args["attempts"] = s.Phase.Attempts
	}
	if s.Phase.Waiting > 0 {
		args["waiting_seconds"] = s.Phase.Waiting
	}
	if s.Phase.MaxRSS > 0 {
		args["max_rss_bytes"] = s.Phase.MaxRSS
	}
	if on := view.BuiltOn(s.Phase); on != "" {
		args["built_on"] = on
	}
	if s.Phase.Message != "" {
		args["message"] = s.Phase.Message
	}
	return args
}

// counterEvents counts the running spans whenever their number changes.
func counterEvents(t view.Track, pid int) []event {
	change := map[int64]int{}
	for _, s := range t.Spans {
		change[micro(s.Start)]++
		change[micro(s.End)]--
	}
	var events []event
	running := 0
	for _, at := range slices.Sorted(maps.Keys(change)) {
		running += change[at]
		events = append(events, event{Name: "running", Phase: "C", Ts: at, Pid: pid, Args: map[string]any{"running": running}})
	}
	return events
}

// complete makes a complete event, which has a start and an end.
func complete(e event, start, end float64) event {
	dur := micro(end) - micro(start)
	e.Phase, e.Ts, e.Dur = "X", micro(start), &dur
	return e
}

// process names a process.
func process(pid int, name string) event {
	return event{Name: "process_name", Phase: "M", Pid: pid, Args: map[string]any{"name": name}}
}

// order keeps viewers from sorting processes by name.
func order(pid int) event {
	return event{Name: "process_sort_index", Phase: "M", Pid: pid, Args: map[string]any{"sort_index": pid}}
}

// thread names a thread.
func thread(pid, tid int, name string) event {
	return event{Name: "thread_name", Phase: "M", Pid: pid, Tid: tid, Args: map[string]any{"name": name}}
}

func micro(seconds float64) int64 { return int64(math.Round(seconds * 1e6)) }
