package result

import (
	"cmp"
	"slices"
)

// Push says what became of an output that a run was to copy to a binary cache or another store.
// A push that failed changes no verdict.
type Push struct {
	// To is the target, as given but without credentials and parameters.
	To string `json:"to"`
	// Path is the store path of the output. It is empty if the entry is about the whole target,
	// or stands for several outputs.
	Path    string     `json:"path,omitempty"`
	Status  PushStatus `json:"status"`
	Message string     `json:"message,omitempty"`
	// Paths and Bytes count what was copied for the output: of its closure, what the target
	// lacked. Bytes are those of the uncompressed archives; 0 if unknown.
	Paths int   `json:"paths,omitempty"`
	Bytes int64 `json:"bytes,omitempty"`
	// Count is how many outputs an entry without a path stands for.
	Count int `json:"count,omitempty"`
}

// PushStatus is how a push ended.
type PushStatus string

// The statuses of a push.
const (
	Pushed      PushStatus = "pushed"
	PushPresent PushStatus = "present" // the target had it and everything that it needs
	PushFailed  PushStatus = "failed"
	PushSkipped PushStatus = "skipped" // the message says why
)

// maxPushes is how many outputs are listed for each target and status. A thousand hosts have
// several thousand outputs, and their cells name them.
const maxPushes = 100

// pushOrder is the order of the statuses in a report.
var pushOrder = []PushStatus{PushFailed, PushSkipped, Pushed, PushPresent}

// ShortenPushes sorts pushes by target and status, and counts in one entry what does not fit into a
// report.
func ShortenPushes(list []Push) []Push {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Push) int {
		return cmp.Or(
			cmp.Compare(a.To, b.To), cmp.Compare(slices.Index(pushOrder, a.Status), slices.Index(pushOrder, b.Status)),
			cmp.Compare(min(a.Count, 1), min(b.Count, 1)), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message),
		)
	})
	var short []Push
	for len(list) > 0 {
		n := slices.IndexFunc(list, func(p Push) bool { return p.To != list[0].To || p.Status != list[0].Status })
		if n < 0 {
			n = len(list)
		}
		short = append(short, shortenGroup(list[:n])...)
		list = list[n:]
	}
	return short
}

// shortenGroup counts all but the first pushes of a target and status in one entry.
func shortenGroup(group []Push) []Push {
	listed := min(len(group), maxPushes)
	for listed > 0 && group[listed-1].Count > 0 {
		listed--
	}
	rest := Push{To: group[0].To, Status: group[0].Status}
	for _, p := range group[listed:] {
		rest.Count += max(p.Count, 1)
		rest.Paths += p.Paths
		rest.Bytes += p.Bytes
	}
	if rest.Count == 0 {
		return group
	}
	return append(slices.Clip(group[:listed]), rest)
}
