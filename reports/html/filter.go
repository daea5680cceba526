package html

import (
	"slices"

	"github.com/flakeci/flakeci/result"
)

// tag is a highlighted word, such as "new".
type tag struct{ Text, Tone string }

// filter is a property by which cells can be filtered.
type filter struct {
	Word, Text, Tone string
	Facet            string // words of one facet are alternatives
	N                int    // number of cells that have it
}

// tags returns the tags of a cell in the grid. "changed" is worth a tag only if most cells did
// not change.
func (b *builder) tags(c result.CellResult) []tag {
	tags := tagsOf(c)
	if len(tags) == 1 && tags[0].Text == string(result.CellChanged) && 2*b.changed > len(b.report.Cells) {
		return nil
	}
	return tags
}

// tagsOf returns the tags that compare a cell with the base.
func tagsOf(c result.CellResult) []tag {
	if c.Base == nil {
		return nil
	}
	if tags := outcomeTags(c.Base.Outcome); tags != nil {
		return tags
	}
	if slices.Contains([]result.Change{result.CellChanged, result.CellAdded}, c.Base.Change) {
		return []tag{{string(c.Base.Change), "quiet"}}
	}
	return nil
}

// outcomeTags returns the tags for an outcome.
func outcomeTags(o result.Outcome) []tag {
	switch o {
	case result.NewFailure:
		return []tag{{"new", "bad"}}
	case result.AlreadyBroken:
		return []tag{{"already broken", "warn"}}
	case result.Fixed:
		return []tag{{"fixed", "good"}}
	}
	return nil
}

// filterWords returns the words by which a cell can be filtered.
func filterWords(c result.CellResult) []string {
	words := []string{"passed"}
	switch c.Status {
	case result.Passed:
	case result.Failed, result.DependencyFailed, result.TimedOut:
		words[0] = "failed"
	case result.Canceled, result.Skipped:
		words[0] = string(c.Status)
	case "":
		words[0] = "no-result"
	default:
		words[0] = "error"
	}
	if c.Flaky {
		words = append(words, "flaky")
	}
	if slices.Contains([]result.How{result.Cached, result.Evaluated, result.Unchanged}, c.How) {
		words = append(words, "how-"+string(c.How))
	}
	if c.Base != nil {
		words = append(words, string(c.Base.Outcome), string(c.Base.Change))
	}
	return words
}

// filters returns the filters that match a cell.
func filters(cells []result.CellResult) []filter {
	n := map[string]int{}
	for _, c := range cells {
		for _, word := range filterWords(c) {
			n[word]++
		}
	}
	var filters []filter
	for _, f := range []filter{
		{Facet: "status", Word: "failed", Text: "failed", Tone: "bad"},
		{Facet: "status", Word: "error", Text: "in error", Tone: "warn"},
		{Facet: "status", Word: "canceled", Text: "canceled", Tone: "warn"},
		{Facet: "how", Word: "flaky", Text: "flaky", Tone: "warn"},
		{Facet: "outcome", Word: string(result.NewFailure), Text: "new", Tone: "bad"},
		{Facet: "outcome", Word: string(result.AlreadyBroken), Text: "already broken", Tone: "warn"},
		{Facet: "outcome", Word: string(result.Fixed), Text: "fixed", Tone: "good"},
		{Facet: "status", Word: "passed", Text: "passed", Tone: "good"},
		{Facet: "how", Word: "how-cached", Text: "cached"},
		{Facet: "how", Word: "how-evaluated", Text: "only evaluated"},
		{Facet: "status", Word: "skipped", Text: "skipped"},
		{Facet: "status", Word: "no-result", Text: "no result"},
		{Facet: "change", Word: string(result.CellChanged), Text: "changed"},
		{Facet: "change", Word: string(result.CellAdded), Text: "added"},
		{Facet: "change", Word: string(result.CellRemoved), Text: "removed"},
		{Facet: "change", Word: string(result.CellUnchanged), Text: "unchanged"},
		{Facet: "change", Word: string(result.CellUnknown), Text: "change unknown"},
	} {
		if f.N = n[f.Word]; f.N > 0 {
			filters = append(filters, f)
		}
	}
	return filters
}
