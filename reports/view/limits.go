package view

// How much the forms show of one cause.
const (
	TailLines   = 20 // lines of a log's end
	InlineCells = 3  // cells named in the cause's own line
)
