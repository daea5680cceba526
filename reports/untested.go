package reports

import (
	"slices"
	"strings"
)

// Warning is something to know about the run that changes no verdict. Cells are the
// ids of those it is about, none for the run as a whole.
type Warning struct {
	Text     string    `json:"text"`
	Cells    []string  `json:"cells,omitempty"`
	Location *Location `json:"location,omitempty"`
}

// NotTested counts cells of one kind that the flake offers and the run left out.
type NotTested struct {
	Kind  string `json:"kind"`
	Count int    `json:"count,omitempty"` // 0: not counted, there may be none
	Why   string `json:"why"`             // what left them out, or what would take them in
}

// String is the warning in one line.
func (w Warning) String() string {
	text := w.Text
	if len(w.Cells) > 0 {
		text += ": " + strings.Join(w.Cells, ", ")
	}
	if w.Location != nil && w.Location.File != "" {
		text += " (" + w.Location.String() + ")"
	}
	return text
}

// notTested says in one line what the run left out, grouped by the reason. It is empty
// if the run tested all there is.
func notTested(r Report) string {
	var whys []string
	left := map[string][]string{}
	for _, n := range r.NotTested {
		if left[n.Why] == nil {
			whys = append(whys, n.Why)
		}
		left[n.Why] = append(left[n.Why], n.words())
	}
	for i, why := range whys {
		whys[i] = strings.Join(left[why], ", ") + " (" + why + ")"
	}
	return strings.Join(whys, "; ")
}

// words are how many there are of what.
func (n NotTested) words() string {
	noun := map[string]string{"devshell": "dev shell"}[n.Kind]
	if noun == "" {
		noun = n.Kind
	}
	countable := slices.Contains([]string{"home", "vm", "check", "package", "devshell", "formatter"}, n.Kind)
	switch {
	case n.Count <= 0 && countable:
		return noun + "s"
	case n.Count <= 0:
		return noun
	case countable:
		return count(n.Count, noun)
	}
	return list(share{n.Count, noun}) // "2 nixos" names hosts by their kind
}
