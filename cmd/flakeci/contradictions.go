package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/matrix"
)

// describe names a flag with its values, such as --host reason --host nas, or the key in
// flakeci.toml. If no kinds are selected, it names the default.
func (f *flakeFlags) describe(flag string) string {
	for _, g := range f.selection.flags() {
		switch {
		case g.flag != flag:
		case len(*g.values) == 0 && flag == "kind":
			return "the default --kind nixos,home"
		case f.origin.inFile(flag):
			return f.origin.name(flag)
		default:
			return "--" + flag + " " + strings.Join(*g.values, " --"+flag+" ")
		}
	}
	return "--" + flag
}

// describeValue names a flag, or the key in flakeci.toml, with one of its values.
func (f *flakeFlags) describeValue(flag, value string) string {
	if f.origin.inFile(flag) {
		return f.origin.name(flag) + ": " + value
	}
	return "--" + flag + " " + value
}

// checkContradictions finds flags that contradict each other whatever the flake has.
func (f *flakeFlags) checkContradictions() error {
	s, o := &f.selection, f.origin
	kinds := s.kindNames()
	includes := func(kind matrix.Kind) bool {
		return slices.Contains(kinds, string(kind)) || kind != matrix.KindVM && slices.Contains(kinds, "all")
	}
	boots := len(s.vms) > 0 && !slices.Contains(s.vms, "none")
	switch {
	case len(s.users) > 0 && !includes(matrix.KindHome):
		return o.usageError("user", f.describe("user")+" is left out by "+f.describe("kind"), "--user selects homes, which --kind home includes")
	case len(s.users) > 0 && boots && !o.overridden("vm", "user"):
		return o.usageError("vm", f.describe("vm")+" is left out by "+f.describe("user"), "--user selects only homes; --host selects a host with its homes")
	}
	for _, pattern := range s.cells {
		if kind, ok := kindOfPattern(pattern); ok && !includes(kind) && (kind != matrix.KindVM || !boots) && !o.overridden("cell", "kind") {
			hint := "--kind " + string(kind) + " includes such cells"
			if kind == matrix.KindVM {
				hint = "--vm HOST boots one"
			}
			return o.usageError("cell", f.describeValue("cell", pattern)+" is left out by "+f.describe("kind"), hint)
		}
	}
	return nil
}

// kindOfPattern returns the kind of all cells that a pattern may match. It is not known of
// a pattern that begins like a host, which may match a home inside it.
func kindOfPattern(pattern string) (matrix.Kind, bool) {
	word, _, _ := strings.Cut(pattern, "/")
	kind := matrix.Kind(word)
	return kind, word != pattern && slices.Contains(matrix.Kinds(), kind) && kind != matrix.KindNixOS && kind != matrix.KindDarwin
}

// selectFrom selects cells of a flake. If the flake was listed completely, it also finds
// flags that contradict each other.
func (f *flakeFlags) selectFrom(m matrix.Matrix, s matrix.Selection, complete bool) (matrix.Matrix, error) {
	selected, err := m.Select(s)
	var nothing *matrix.NothingError
	if !complete {
		return selected, err
	}
	if err == nil || errors.As(err, &nothing) && nothing.Filter != "" && nothing.Filter != "kind" {
		if wrong := f.contradiction(m, s); wrong != nil {
			return matrix.Matrix{}, wrong
		}
	}
	return selected, err
}

// contradiction finds something that one flag selects by name and another leaves out. The
// flags of the command line may leave out what flakeci.toml selects.
func (f *flakeFlags) contradiction(m matrix.Matrix, s matrix.Selection) error {
	var byFlag, byFile []string
	file := f.selection
	for _, g := range file.flags() {
		if len(*g.values) > 0 && f.origin.inFile(g.flag) {
			byFile = append(byFile, g.flag)
			continue
		}
		byFlag = append(byFlag, g.flag)
		*g.values = nil
	}
	if err := m.Contradiction(s, byFlag...); err != nil {
		return err
	}
	alone, err := file.selection()
	if err != nil || len(byFile) == 0 {
		return err
	}
	return m.Contradiction(alone, byFile...)
}

// explain adds a hint to the error of a selection, and the line if it is in flakeci.toml.
func (f *flakeFlags) explain(err error, others bool) error {
	var unknown *matrix.UnknownError
	var nothing *matrix.NothingError
	var contradiction *matrix.ContradictionError
	var glob *matrix.GlobError
	o := f.origin
	switch {
	case errors.As(err, &unknown):
		return o.usageError(unknown.Filter, err.Error(), knownHint(unknown))
	case errors.As(err, &contradiction):
		return f.explainContradiction(contradiction)
	case errors.As(err, &nothing):
		msg, hint := explainNothing(nothing, others)
		if nothing.Filter == "" || !f.isSet(nothing.Filter) {
			return &usageError{msg: msg, hint: hint}
		}
		return o.usageError(nothing.Filter, msg, hint)
	case errors.As(err, &glob):
		if slices.Contains(f.selection.cells, glob.Pattern) {
			return o.usageError("cell", err.Error(), "")
		}
		return o.usageError("exclude", err.Error(), "")
	}
	return err
}

// isSet reports whether a flag has values.
func (f *flakeFlags) isSet(flag string) bool {
	return slices.ContainsFunc(f.selection.flags(), func(g selectionFlag) bool { return g.flag == flag && len(*g.values) > 0 })
}

func (f *flakeFlags) explainContradiction(e *matrix.ContradictionError) error {
	what := f.describeValue(e.Filter, e.Value)
	if len(e.By) == 0 {
		if e.Filter == "vm" {
			return f.origin.usageError("vm", what+": the flake has no NixOS host to boot", "")
		}
		return f.origin.usageError(e.Filter, what+": nothing in the flake matches", "flakeci matrix shows what the flake has")
	}
	var by []string
	for _, filter := range e.By {
		by = append(by, f.describe(filter))
	}
	hint := "drop one of them"
	switch last := e.By[len(e.By)-1]; {
	case e.Filter == "vm" && last == "host" && e.Value != matrix.AllVMs:
		hint = "add --host " + e.Value + " to include that host"
	case e.Filter == "vm" && last == "cell" && e.Value != matrix.AllVMs:
		hint = "add --cell 'vm/" + e.Value + "' to include it"
	case e.Filter == "host" && last == "kind":
		hint = "select other kinds too, with --kind darwin or --kind all"
	}
	return f.origin.usageError(e.Filter, what+" is left out by "+strings.Join(by, " and "), hint)
}

// explainNothing words the error of a selection without cells, and hints at what could be
// selected instead, unless other kinds than hosts and homes are selected already.
func explainNothing(e *matrix.NothingError, others bool) (msg, hint string) {
	switch {
	case others:
		return e.Error(), ""
	case e.Filter == "":
		return "nothing to do: the flake has no hosts and no homes", "--kind all includes its packages, checks and dev shells"
	}
	return e.Error(), "by default only NixOS hosts and homes are selected; --kind selects other kinds, such as darwin, and --vm boots hosts"
}
