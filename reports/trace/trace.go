package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// event is one line of the Trace Event Format, which Chrome's DevTools and
// Perfetto read. Ts and Dur are microseconds since the run began.
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

// runPid is the process of the run itself; those of its kinds of work follow.
const runPid = 1

// Write writes what ran when in the Trace Event Format: a process for each
// kind of work, with as many threads as ran at once, an instant for each failure,
// and how many ran at a time as a counter.
func Write(w io.Writer, r result.Report) error {
	r = view.Terminal().Report(r)
	s := view.NewTimeline(r)
	events := []event{
		process(runPid, "flakeci "+r.Flake.Ref), order(runPid), thread(runPid, 1, "run"),
		complete(event{Name: "run", Cat: "run", Pid: runPid, Tid: 1, Args: map[string]any{
			"verdict": r.Verdict, "rev": r.Flake.Rev, "nix": r.Nix.Version,
		}}, 0, s.Length),
	}
	for i, work := range s.Tracks {
		events = append(events, workEvents(work, runPid+1+i)...)
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

// workEvents lists the events of one kind of work, none where there was none.
func workEvents(w view.Track, pid int) []event {
	if len(w.Spans) == 0 {
		return nil
	}
	events := []event{process(pid, w.Name), order(pid)}
	for lane := range w.Lanes {
		events = append(events, thread(pid, lane+1, fmt.Sprintf("%s %d", w.LaneName, lane+1)))
	}
	for _, s := range w.Spans {
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
	return append(events, counterEvents(w, pid)...)
}

// spanArgs is what a viewer shows of a span that is picked.
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
	if s.Phase.Message != "" {
		args["message"] = s.Phase.Message
	}
	return args
}

// counterEvents says, at every moment at which it changes, how many spans there are.
func counterEvents(w view.Track, pid int) []event {
	change := map[int64]int{}
	for _, s := range w.Spans {
		change[micro(s.Start)]++
		change[micro(s.End)]--
	}
	var events []event
	running := 0
	for _, at := range sortedKeys(change) {
		running += change[at]
		events = append(events, event{Name: "running", Phase: "C", Ts: at, Pid: pid, Args: map[string]any{"running": running}})
	}
	return events
}

func sortedKeys(m map[int64]int) []int64 {
	var keys []int64
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func complete(e event, start, end float64) event {
	dur := micro(end) - micro(start)
	e.Phase, e.Ts, e.Dur = "X", micro(start), &dur
	return e
}

func process(pid int, name string) event {
	return event{Name: "process_name", Phase: "M", Pid: pid, Args: map[string]any{"name": name}}
}

// order keeps viewers from sorting processes by their names.
func order(pid int) event {
	return event{Name: "process_sort_index", Phase: "M", Pid: pid, Args: map[string]any{"sort_index": pid}}
}

func thread(pid, tid int, name string) event {
	return event{Name: "thread_name", Phase: "M", Pid: pid, Tid: tid, Args: map[string]any{"name": name}}
}

func micro(seconds float64) int64 { return int64(math.Round(seconds * 1e6)) }
