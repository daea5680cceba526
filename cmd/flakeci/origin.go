package main

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/matrix"
)

// origin tells whether something was asked for on the command line or in flakeci.toml.
type origin struct {
	flags  *pflag.FlagSet // nil: everything comes from the command line
	config config.File
}

// inFile says whether the value of a flag, which has one, comes from the file.
func (o origin) inFile(flag string) bool {
	if o.flags == nil {
		return false
	}
	f := o.flags.Lookup(flag)
	return f != nil && !f.Changed
}

// key is a flag's name in the file.
func (o origin) key(flag string) string {
	if flag == "vm" {
		return "vm.hosts"
	}
	return flag
}

// name says where a value was given: --host, or host in flakeci.toml.
func (o origin) name(flag string) string {
	if o.inFile(flag) {
		return o.key(flag) + " in " + filepath.Base(o.config.Path)
	}
	return "--" + flag
}

// mistake is what is wrong with the value of a flag, with the line if that is in the
// file.
func (o origin) mistake(flag, msg, hint string) error {
	if !o.inFile(flag) {
		return &usageError{msg: msg, hint: hint}
	}
	e := o.config.ErrorAt(o.key(flag), "%s", msg)
	e.Hint = hint
	return e
}

// given is a flag of the selection with its values.
type given struct {
	flag   string
	values *[]string
}

// flags are those of the selection.
func (s *selectionFlags) flags() []given {
	return []given{
		{"host", &s.hosts}, {"user", &s.users}, {"kind", &s.kinds}, {"cell", &s.cells},
		{"exclude", &s.exclude}, {"system", &s.systems}, {"vm", &s.vms},
	}
}

// said repeats what was given for a flag: --host reason --host nas, or the key in the
// file. If no kinds were given, it names the default.
func (f *flakeFlags) said(flag string) string {
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

// saidOne repeats one of the values of a flag: --host reason, or the key in the file
// with the value.
func (f *flakeFlags) saidOne(flag, value string) string {
	if f.origin.inFile(flag) {
		return f.origin.name(flag) + ": " + value
	}
	return "--" + flag + " " + value
}

// overrules says whether two flags contradict each other only because the command line
// asks for less than the file, which is no mistake.
func (o origin) overrules(asked, by string) bool { return o.inFile(asked) && !o.inFile(by) }

// checkSelection looks for contradictions that no flake can resolve.
func (f *flakeFlags) checkSelection() error {
	s, o := &f.selection, f.origin
	kinds := s.kinds
	if len(kinds) == 0 {
		kinds = defaultKinds()
	}
	takes := func(kind matrix.Kind) bool {
		return slices.Contains(kinds, string(kind)) || kind != matrix.KindVM && slices.Contains(kinds, "all")
	}
	boots := len(s.vms) > 0 && !slices.Contains(s.vms, "none")
	switch {
	case len(s.users) > 0 && !takes(matrix.KindHome):
		return o.mistake("user", f.said("user")+" is left out by "+f.said("kind"), "--user selects homes, which --kind home includes")
	case len(s.users) > 0 && boots && !o.overrules("vm", "user"):
		return o.mistake("vm", f.said("vm")+" is left out by "+f.said("user"), "--user selects only homes; --host selects a host with its homes")
	}
	for _, pattern := range s.cells {
		if kind, ok := kindOfPattern(pattern); ok && !takes(kind) && (kind != matrix.KindVM || !boots) && !o.overrules("cell", "kind") {
			hint := "--kind " + string(kind) + " includes such cells"
			if kind == matrix.KindVM {
				hint = "--vm HOST boots one"
			}
			return o.mistake("cell", f.saidOne("cell", pattern)+" is left out by "+f.said("kind"), hint)
		}
	}
	return nil
}

// kindOfPattern is the kind of all cells that a pattern may match. What begins like a
// host may be a home inside it.
func kindOfPattern(pattern string) (matrix.Kind, bool) {
	word, _, _ := strings.Cut(pattern, "/")
	kind := matrix.Kind(word)
	return kind, word != pattern && slices.Contains(matrix.Kinds(), kind) && kind != matrix.KindNixOS && kind != matrix.KindDarwin
}

// selectFrom selects among the cells of a flake, unless what is asked for contradicts
// itself. Whether it does is known only of a flake that could be listed as a whole.
func (f *flakeFlags) selectFrom(m matrix.Matrix, s matrix.Selection, whole bool) (matrix.Matrix, error) {
	selected, err := m.Select(s)
	var nothing *matrix.NothingError
	if !whole {
		return selected, err
	}
	if err == nil || errors.As(err, &nothing) && nothing.Filter != "" && nothing.Filter != "kind" {
		if wrong := f.contradiction(m, s); wrong != nil {
			return matrix.Matrix{}, wrong
		}
	}
	return selected, err
}

// contradiction looks for what was asked for by name and is left out by something
// else that was asked for.
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

// explain adds to the error of a selection where it was asked for, and what to do.
func (f *flakeFlags) explain(err error, others bool) error {
	var unknown *matrix.UnknownError
	var nothing *matrix.NothingError
	var contradiction *matrix.ContradictionError
	var glob *matrix.GlobError
	o := f.origin
	switch {
	case errors.As(err, &unknown):
		return o.mistake(unknown.Filter, err.Error(), knownHint(unknown))
	case errors.As(err, &contradiction):
		return f.explainContradiction(contradiction)
	case errors.As(err, &nothing):
		err = nothingHint(err, others)
		var usage *usageError
		hint := ""
		if errors.As(err, &usage) {
			hint = usage.hint
		}
		if nothing.Filter != "" && o.inFile(nothing.Filter) && f.given(nothing.Filter) {
			return o.mistake(nothing.Filter, err.Error(), hint)
		}
	case errors.As(err, &glob):
		for _, flag := range []string{"cell", "exclude"} {
			if o.inFile(flag) && slices.Contains(slices.Concat(f.selection.cells, f.selection.exclude), glob.Pattern) && f.given(flag) {
				return o.mistake(flag, err.Error(), "")
			}
		}
	}
	return err
}

// given says whether there are values for a flag.
func (f *flakeFlags) given(flag string) bool {
	return slices.ContainsFunc(f.selection.flags(), func(g given) bool { return g.flag == flag && len(*g.values) > 0 })
}

func (f *flakeFlags) explainContradiction(e *matrix.ContradictionError) error {
	what := f.saidOne(e.Filter, e.Value)
	if len(e.By) == 0 {
		if e.Filter == "vm" {
			return f.origin.mistake("vm", what+": the flake has no NixOS host to boot", "")
		}
		return f.origin.mistake(e.Filter, what+": nothing in the flake matches", "flakeci matrix shows what the flake has")
	}
	var by []string
	for _, filter := range e.By {
		by = append(by, f.said(filter))
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
	return f.origin.mistake(e.Filter, what+" is left out by "+strings.Join(by, " and "), hint)
}
