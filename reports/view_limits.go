package reports

const (
	tailLines   = 20
	indent      = "    "
	gutter      = indent + "│ "
	inlineCells = 3 // most cells that a cause names in its own line
)
