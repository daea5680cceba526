package github

import (
	"path"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// level is the severity of an annotation, in GitHub's words.
type level string

// The levels of annotations.
const (
	levelFailure level = "failure"
	levelWarning level = "warning"
	levelNotice  level = "notice"
)

// annotation is a message about a line of the user's files. Line and Column count from 1; 0
// means unknown.
type annotation struct {
	File                    string
	Line, Column            int
	Level                   level
	Title, Message, Details string
}

// annotations returns the causes with a location in the repository, new ones first.
func annotations(r result.Report) []annotation {
	r = view.Terminal().Report(r)
	index := view.NewCauseIndex(r)
	var fresh, old []annotation
	for _, c := range index.All {
		if c.Location == nil || !inside(c.Location.File) {
			continue
		}
		a := annotation{
			File: c.Location.File, Line: c.Location.Line, Column: c.Location.Column,
			Level: levelFailure, Title: view.Headline(c), Details: c.LogTail,
		}
		var lines []string
		if n := len(c.Cells); n > 0 {
			lines = append(lines, "blocks "+view.Count(n, "cell")+": "+view.JoinFirst(c.Cells, view.ListedCells))
		}
		for _, text := range []string{view.Details(c), view.WithPrefix("hint: ", c.Hint)} {
			if text != "" {
				lines = append(lines, text)
			}
		}
		if a.Message = strings.Join(lines, "\n"); a.Message == "" {
			a.Message = a.Title
		}
		switch {
		case index.Old(c):
			a.Level, a.Title = levelNotice, a.Title+" (already broken at the base)"
			old = append(old, a)
			continue
		case index.BlamesMachine(c):
			a.Level = levelWarning
		}
		fresh = append(fresh, a)
	}
	return append(fresh, old...)
}

// inside reports whether a path leads to a file in the repository.
func inside(file string) bool {
	return file != "" && !path.IsAbs(file) && file != ".." && !strings.HasPrefix(path.Clean(file), "../")
}
