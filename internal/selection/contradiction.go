package selection

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

func newError(flag, msg, hint string) error { return &Error{Flag: flag, Msg: msg, Hint: hint} }

// describe names a flag with its values, such as --host reason --host nas, or the key in
// flakeci.toml. If no kinds are selected, it names the default.
func (s *Flags) describe(flag string) string {
	for _, g := range s.flags() {
		switch {
		case g.flag != flag:
		case len(*g.values) == 0 && flag == "kind":
			return "the default --kind nixos,home"
		case s.Origin.InFile(flag):
			return s.Origin.Name(flag)
		default:
			return "--" + flag + " " + strings.Join(*g.values, " --"+flag+" ")
		}
	}
	return "--" + flag
}

// describeValue names a flag, or the key in flakeci.toml, with one of its values.
func (s *Flags) describeValue(flag, value string) string {
	if s.Origin.InFile(flag) {
		return s.Origin.Name(flag) + ": " + value
	}
	return "--" + flag + " " + value
}

// Check finds flags that contradict each other for any flake.
func (s *Flags) Check() error {
	o := s.Origin
	kinds := s.kindNames()
	includes := func(kind result.Kind) bool {
		return slices.Contains(kinds, string(kind)) || kind != result.KindVM && slices.Contains(kinds, "all")
	}
	boots := len(s.VMs) > 0 && !slices.Contains(s.VMs, "none")
	switch {
	case len(s.Users) > 0 && !includes(result.KindHome):
		return newError("user", s.describe("user")+" is left out by "+s.describe("kind"), "--user selects homes; select them with --kind home")
	case len(s.Users) > 0 && boots && !o.overridden("vm", "user"):
		return newError("vm", s.describe("vm")+" is left out by "+s.describe("user"), "--user selects only homes; --host selects a host with its homes")
	}
	for _, pattern := range s.Cells {
		if kind, ok := KindOfPattern(pattern); ok && !includes(kind) && (kind != result.KindVM || !boots) && !o.overridden("cell", "kind") {
			hint := "select such cells with --kind " + string(kind)
			if kind == result.KindVM {
				hint = "boot a host with --vm HOST"
			}
			return newError("cell", s.describeValue("cell", pattern)+" is left out by "+s.describe("kind"), hint)
		}
	}
	return nil
}

// KindOfPattern returns the kind of all cells that a pattern may match. It is unknown for a
// pattern that begins like a host, which may match a home inside it.
func KindOfPattern(pattern string) (result.Kind, bool) {
	word, _, _ := strings.Cut(pattern, "/")
	kind := result.Kind(word)
	return kind, word != pattern && slices.Contains(result.Kinds(), kind) && !kind.IsHost()
}

// Select selects cells of a flake. If the flake was listed completely, it also finds
// flags that contradict each other.
func (s *Flags) Select(m matrix.Matrix, sel matrix.Selection, complete bool) (matrix.Matrix, error) {
	selected, err := m.Select(sel)
	var nothing *matrix.NothingError
	if !complete {
		return selected, err
	}
	if wrong := s.missing(m, sel); wrong != nil {
		return matrix.Matrix{}, wrong
	}
	if err == nil || errors.As(err, &nothing) && nothing.Filter != "" && nothing.Filter != "kind" {
		if wrong := s.contradiction(m, sel); wrong != nil {
			return matrix.Matrix{}, wrong
		}
	}
	return selected, err
}

// contradiction finds something that one flag selects by name and another leaves out. It is fine
// if flags on the command line leave out what flakeci.toml selects.
func (s *Flags) contradiction(m matrix.Matrix, sel matrix.Selection) error {
	var byFlag, byFile []string
	file := *s
	file.Shard, sel.Job = Shard{}, nil // what a shard leaves out is in another one
	for _, g := range file.flags() {
		if len(*g.values) > 0 && s.Origin.InFile(g.flag) {
			byFile = append(byFile, g.flag)
			continue
		}
		byFlag = append(byFlag, g.flag)
		*g.values = nil
	}
	if err := m.Contradiction(sel, byFlag...); err != nil {
		return err
	}
	alone, err := file.Selection()
	if err != nil || len(byFile) == 0 {
		return err
	}
	return m.Contradiction(alone, byFile...)
}

// Explain turns the error of a selection into an [*Error] with a hint. Others says whether cells
// other than hosts and homes are selected. It leaves other errors as they are.
func (s *Flags) Explain(err error, others bool) error {
	var unknown *matrix.UnknownError
	var nothing *matrix.NothingError
	var contradiction *matrix.ContradictionError
	var glob *matrix.GlobError
	switch {
	case errors.As(err, &unknown):
		return newError(unknown.Filter, err.Error(), knownHint(unknown))
	case errors.As(err, &contradiction):
		return s.explainContradiction(contradiction)
	case errors.As(err, &nothing):
		msg, hint := explainNothing(nothing, others)
		if nothing.Filter == "" || !s.isSet(nothing.Filter) {
			return newError("", msg, hint)
		}
		return newError(nothing.Filter, msg, hint)
	case errors.As(err, &glob):
		if slices.Contains(s.Cells, glob.Pattern) {
			return newError("cell", err.Error(), "")
		}
		return newError("exclude", err.Error(), "")
	}
	return err
}

// isSet reports whether a flag has values.
func (s *Flags) isSet(flag string) bool {
	return slices.ContainsFunc(s.flags(), func(g flagValues) bool { return g.flag == flag && len(*g.values) > 0 })
}

func (s *Flags) explainContradiction(e *matrix.ContradictionError) error {
	what := s.describeValue(e.Filter, e.Value)
	if len(e.By) == 0 {
		if e.Filter == "vm" {
			return newError("vm", what+": the flake has no NixOS host to boot", "")
		}
		return newError(e.Filter, what+": nothing in the flake matches", "flakeci matrix shows what the flake has")
	}
	var by []string
	for _, filter := range e.By {
		by = append(by, s.describe(filter))
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
	return newError(e.Filter, what+" is left out by "+strings.Join(by, " and "), hint)
}

// explainNothing describes a selection without cells, and hints at what could be selected
// instead, unless kinds other than hosts and homes are already selected.
func explainNothing(e *matrix.NothingError, others bool) (msg, hint string) {
	switch {
	case e.Filter == "exclude":
		return e.Error(), "exclude less, or select other kinds with --kind; flakeci matrix lists the cells"
	case others && e.Filter == "":
		return e.Error(), ""
	case others:
		return e.Error(), "flakeci matrix --kind all shows what the flake has"
	case e.Filter == "":
		return "nothing to do: the flake has no hosts and no homes", "--kind all includes its packages, checks and dev shells"
	}
	return e.Error(), "by default flakeci selects only NixOS hosts and homes; select other kinds with --kind, such as --kind darwin, or boot hosts with --vm"
}

// maxKnown is how many names fit on a line.
const maxKnown = 12

// knownHint suggests a name, and lists those that exist.
func knownHint(e *matrix.UnknownError) string {
	known := e.Known
	more := ""
	if len(known) > maxKnown {
		more = fmt.Sprintf(" and %d more", len(known)-maxKnown)
		known = known[:maxKnown]
	}
	list := fmt.Sprintf("known %ss: %s%s", e.What, strings.Join(known, ", "), more)
	if len(e.Known) == 0 {
		list = fmt.Sprintf("the flake has no %ss", e.What)
	}
	if e.Suggestion != "" {
		return fmt.Sprintf("did you mean %s? %s", e.Suggestion, list)
	}
	return list
}
