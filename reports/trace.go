package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/flakeci/flakeci/result"
)

// traceEvent is one line of the Trace Event Format, which Chrome's DevTools and
// Perfetto read. Ts and Dur are microseconds since the run began.
type traceEvent struct {
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

// WriteTrace writes what ran when in the Trace Event Format: a process for each
// kind of work, with as many threads as ran at once, an instant for each failure,
// and how many ran at a time as a counter.
func WriteTrace(w io.Writer, r result.Report) error {
	r = terminal().report(r)
	s := newSchedule(r)
	events := []traceEvent{
		process(runPid, "flakeci "+r.Flake.Ref), order(runPid), thread(runPid, 1, "run"),
		complete(traceEvent{Name: "run", Cat: "run", Pid: runPid, Tid: 1, Args: map[string]any{
			"verdict": r.Verdict, "rev": r.Flake.Rev, "nix": r.Nix.Version,
		}}, 0, s.length),
	}
	for i, work := range s.works {
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
func workEvents(w work, pid int) []traceEvent {
	if len(w.spans) == 0 {
		return nil
	}
	events := []traceEvent{process(pid, w.name), order(pid)}
	for lane := range w.lanes {
		events = append(events, thread(pid, lane+1, fmt.Sprintf("%s %d", w.lane, lane+1)))
	}
	for _, s := range w.spans {
		events = append(events, complete(traceEvent{
			Name: s.cell.ID + " " + s.phase.Name.String(), Cat: string(s.phase.Name.Kind), Pid: pid, Tid: s.lane + 1, Args: spanArgs(s),
		}, s.start, s.end))
		if s.phase.Status.NeedsAttention() {
			events = append(events, traceEvent{
				Name: string(s.phase.Status) + ": " + s.cell.ID, Cat: "failure", Phase: "i", Scope: "t",
				Ts: micro(s.end), Pid: pid, Tid: s.lane + 1,
			})
		}
	}
	return append(events, counterEvents(w, pid)...)
}

// spanArgs is what a viewer shows of a span that is picked.
func spanArgs(s span) map[string]any {
	args := map[string]any{"status": s.phase.Status, "cell": s.cell.ID}
	if s.cell.How != "" {
		args["how"] = s.cell.How
	}
	if s.phase.Attempts > 1 {
		args["attempts"] = s.phase.Attempts
	}
	if s.phase.Waiting > 0 {
		args["waiting_seconds"] = s.phase.Waiting
	}
	if s.phase.MaxRSS > 0 {
		args["max_rss_bytes"] = s.phase.MaxRSS
	}
	if s.phase.Message != "" {
		args["message"] = s.phase.Message
	}
	return args
}

// counterEvents says, at every moment at which it changes, how many spans there are.
func counterEvents(w work, pid int) []traceEvent {
	change := map[int64]int{}
	for _, s := range w.spans {
		change[micro(s.start)]++
		change[micro(s.end)]--
	}
	var events []traceEvent
	running := 0
	for _, at := range sortedKeys(change) {
		running += change[at]
		events = append(events, traceEvent{Name: "running", Phase: "C", Ts: at, Pid: pid, Args: map[string]any{"running": running}})
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

func complete(e traceEvent, start, end float64) traceEvent {
	dur := micro(end) - micro(start)
	e.Phase, e.Ts, e.Dur = "X", micro(start), &dur
	return e
}

func process(pid int, name string) traceEvent {
	return traceEvent{Name: "process_name", Phase: "M", Pid: pid, Args: map[string]any{"name": name}}
}

// order keeps viewers from sorting processes by their names.
func order(pid int) traceEvent {
	return traceEvent{Name: "process_sort_index", Phase: "M", Pid: pid, Args: map[string]any{"sort_index": pid}}
}

func thread(pid, tid int, name string) traceEvent {
	return traceEvent{Name: "thread_name", Phase: "M", Pid: pid, Tid: tid, Args: map[string]any{"name": name}}
}

func micro(seconds float64) int64 { return int64(math.Round(seconds * 1e6)) }
