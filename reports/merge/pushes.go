package merge

import (
	"slices"

	"github.com/flakeci/flakeci/result"
)

// pushes unites what was pushed. Several jobs may have had the same output, or a later attempt may
// have pushed what an earlier one could not: then the target has it.
func (m *merger) pushes() {
	type key struct{ to, path string }
	at := map[key]int{}
	var all []result.Push
	for _, part := range m.parts {
		if part.repeated {
			continue
		}
		for _, p := range part.report.Pushes {
			k := key{p.To, p.Path}
			i, known := at[k]
			switch {
			case p.Path != "" && known && better(p.Status, all[i].Status):
				all[i] = p
			case p.Path != "" && known:
			case p.Count == 0 && slices.Contains(all, p): // each job of a fork says that it pushed nothing
			default:
				at[k] = len(all)
				all = append(all, p)
			}
		}
	}
	m.out.Pushes = result.ShortenPushes(all)
}

// better reports whether a status says more about what the target has than another.
func better(a, b result.PushStatus) bool {
	order := []result.PushStatus{result.PushSkipped, result.PushFailed, result.PushPresent, result.Pushed}
	return slices.Index(order, a) > slices.Index(order, b)
}
