package nixlog

// CopyLog reads the log of `nix copy`. The zero value is an empty log.
type CopyLog struct {
	// Started lists the paths that Nix began to copy, each once.
	Started []string

	errors ErrorLog
	seen   map[string]bool
}

// Line reads one line.
func (l *CopyLog) Line(line []byte) {
	l.errors.Line(line)
	r, ok := parseRecord(line)
	if !ok || r.Action != "start" || r.Type != activityCopy {
		return
	}
	if path := r.stringField(0); path != "" && !l.seen[path] {
		if l.seen == nil {
			l.seen = map[string]bool{}
		}
		l.seen[path] = true
		l.Started = append(l.Started, path)
	}
}

// Errors returns the log of what went wrong.
func (l *CopyLog) Errors() *ErrorLog { return &l.errors }
