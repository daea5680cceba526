package markdown

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

const (
	smallGrid   = 60 // places that a reader takes in at a glance
	openRows    = 40 // hosts with something to look at; more are folded
	gridColumns = 8  // users in one table; more are split into several tables
)

// grid appends the grid. In a large one, the hosts with nothing to look at are folded.
func (d *document) grid() {
	labeler := view.Labeler{Index: d.index}
	notable, quiet := d.layout.Rows, []view.Row(nil)
	if d.isLarge() {
		labeler.Detail = view.DetailBrief
		notable, quiet = labeler.Notable(d.layout.Rows, d.layout.Columns())
	}
	shown := notable[:min(len(notable), d.limits.rows)]
	open := shown[:min(len(shown), openRows)]
	d.tables(open, labeler)
	if rest := shown[len(open):]; len(rest) > 0 {
		d.folded(view.Count(len(rest), "more host"), func() { d.tables(rest, labeler) })
	}
	if more := len(notable) - len(shown); more > 0 {
		d.block("… and " + view.Count(more, "more host"))
	}
	switch text := view.Count(len(quiet), "host") + " with nothing to report"; {
	case len(quiet) == 0:
	case d.limits.quietRows == 0:
		d.block("… and " + text)
	default:
		d.folded(text, func() { d.tables(quiet, labeler) })
	}
	d.anywhere()
	kinds, groups := view.ByKind(d.layout.Others)
	var lines []string
	for _, kind := range kinds {
		lines = append(lines, prose(view.Fit(view.KindTitle(kind), d.limits.title)+": "+view.CountCells(groups[kind]).String()))
	}
	if len(lines) > 0 && d.limits.rows > 0 {
		d.block("**other outputs:** " + strings.Join(lines, " · "))
	}
}

// anywhere appends the homes that serve no host of the flake.
func (d *document) anywhere() {
	homes := d.layout.Anywhere
	shown := homes[:min(len(homes), d.limits.rows)]
	if len(shown) > 0 {
		lines := []string{"| " + view.AnywhereTitle + " | user | home |", "|---|---|---|"}
		for _, c := range shown {
			name := func(s string) string { return inCell(code(view.Fit(s, 80))) }
			lines = append(lines, "| "+name(view.HomeKey(c))+" | "+name(c.User)+" | "+inCell(d.label(view.Labeler{Index: d.index}.Cell(c)))+" |")
		}
		d.block(lines...)
	}
	if more := len(homes) - len(shown); more > 0 {
		d.block("… and " + view.Count(more, "more home"))
	}
}

// tables appends rows, in as many tables as their columns need.
func (d *document) tables(rows []view.Row, labeler view.Labeler) {
	if len(rows) == 0 {
		return
	}
	for columns := range slices.Chunk(d.layout.Columns(), gridColumns+2) {
		header, rule := "| host |", "|---|"
		for _, c := range columns {
			header += " " + d.columnTitle(c) + " |"
			rule += "---|"
		}
		lines := []string{header, rule}
		for _, r := range rows {
			var line strings.Builder
			line.WriteString("| " + inCell(d.rowTitle(r)) + " |")
			for _, c := range columns {
				line.WriteString(" " + inCell(d.label(c.Place(r, labeler))) + " |")
			}
			lines = append(lines, line.String())
		}
		d.block(lines...)
	}
}

// label writes a label, a short one so that a narrow screen does not break it. In a large
// grid it has text only if something went wrong.
func (d *document) label(label view.Label) string {
	text := prose(label.Text)
	if d.isLarge() && label.Tone != view.Bad && label.Tone != view.Warn {
		text = ""
	}
	if len(text) < 16 {
		text = strings.ReplaceAll(text, " ", "\u00a0")
	}
	return strings.TrimSpace(labelEmoji(label) + "\u00a0" + text)
}

func (d *document) isLarge() bool { return len(d.layout.Rows)*len(d.layout.Columns()) > smallGrid }

// rowTitle writes the title of a row, with the name as code.
func (d *document) rowTitle(r view.Row) string {
	if r.Name == "" && r.Note != "" {
		return r.Note
	}
	return code(view.Fit(r.Name, 80)) + view.WithPrefix(" ", r.Note)
}

// columnTitle writes the title of a column, as code if it is a user's name.
func (d *document) columnTitle(c view.Column) string {
	if !c.User {
		return c.Title
	}
	return inCell(code(view.Fit(c.Title, 80)))
}

// remarks appends what neither the grid nor the causes say.
func (d *document) remarks() {
	var lines []string
	for _, note := range d.notes {
		sign, rest, found := strings.Cut(note.Text, " ")
		if found && (sign == view.SignFailed || sign == view.SignError) {
			continue // the causes say so
		}
		text := prose(view.Fit(note.Text, d.limits.title))
		if found && emoji(sign) != sign {
			text = emoji(sign) + " " + prose(view.Fit(rest, d.limits.title))
		}
		cells := d.names(note.Cells)
		if n := len(note.Cells); n == len(d.Cells) && n > 3 {
			cells = fmt.Sprintf("all %d cells", n)
		}
		lines = append(lines, "- "+text+": "+cells)
	}
	for _, note := range d.Notes {
		lines = append(lines, "- note: "+prose(view.Fit(note, d.limits.title)))
	}
	for _, text := range view.PushTexts(d.Report) {
		lines = append(lines, "- push: "+prose(view.Fit(text, d.limits.title)))
	}
	ofRun, ofFlake := view.Warnings(d.Report)
	for _, w := range ofRun {
		w.Text = "warning: " + w.Text
		lines = append(lines, d.warning(w))
	}
	if more := len(lines) - d.limits.remarks; more > 0 {
		lines = append(lines[:d.limits.remarks:d.limits.remarks], "- … and "+view.Count(more, "more note"))
	}
	if len(lines) > 0 {
		d.block(lines...)
	}
	d.flakeWarnings(ofFlake)
}

// flakeWarnings appends the warnings of the flake, folded.
func (d *document) flakeWarnings(list []result.Warning) {
	if len(list) == 0 {
		return
	}
	shown := list[:min(len(list), d.limits.remarks)]
	title := "⚠️ " + view.Count(len(list), "warning")
	if len(shown) == 0 {
		d.block(title)
		return
	}
	d.folded(title, func() {
		var lines []string
		for _, w := range shown {
			lines = append(lines, d.warning(w))
		}
		if more := len(list) - len(shown); more > 0 {
			lines = append(lines, "- … and "+view.Count(more, "more warning"))
		}
		d.block(lines...)
	})
}
