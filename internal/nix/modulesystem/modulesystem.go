// Package modulesystem reads the errors of nixpkgs' module system.
package modulesystem

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Kind sorts the errors by what is wrong with an option.
type Kind string

// The kinds of error.
const (
	Undeclared Kind = "undeclared" // set, but no module declares it
	Undefined  Kind = "undefined"  // read, but no module sets it
	WrongType  Kind = "wrong type"
	Conflict   Kind = "conflict"  // set to several values that cannot be merged
	Repeated   Kind = "repeated"  // set more than once
	ReadOnly   Kind = "read-only" // set more than once, and read-only
	Redeclared Kind = "redeclared"
	Removed    Kind = "removed"
	NotASet    Kind = "not a set" // set to a value where it has options below it
	Attribute  Kind = "attribute" // an attribute of a module that is not allowed
	Other      Kind = "other"     // anything else that names the file of a module
)

// Error is what an error says.
type Error struct {
	Kind Kind
	// Option is the path of the option, as Nix writes it.
	Option string
	// Type is the type that it should have, in words.
	Type string
	// Definitions are the values that it is set to, or the declarations.
	Definitions []Definition
	// Advice is what the module system suggests to do.
	Advice string
}

// Definition is one definition of an option.
type Definition struct {
	// File is as the module system names it: a path, or a text such as <unknown-file>.
	File string
	// Value is as Nix writes it, which may take several lines. It is "" if it is unknown.
	Value string
	// Own is for the caller, to note that the file is one of the flake.
	Own bool
}

// maxDefinitions limits how many definitions of one error are read. Reports show fewer, and a flake
// can throw a list of any length.
const maxDefinitions = 100

// patterns are the wordings, newer ones first. The names of their groups say what they are.
var patterns = []struct {
	kind Kind
	re   *regexp.Regexp
}{
	{Undeclared, regexp.MustCompile("^The option `(?P<option>[^'\n]+)' (?:defined in `(?P<file>[^'\n]+)' )?does not exist\\.")},
	{Undefined, regexp.MustCompile("^The option `(?P<option>[^'\n]+)' (?:was accessed but has no value defined|is used but not defined)\\.")},
	{WrongType, regexp.MustCompile("^A definition for option `(?P<option>[^'\n]+)' is not of type `(?P<type>[^']*(?:'[^'.\n]+)*)'\\.")},
	{WrongType, regexp.MustCompile("^The option value `(?P<option>[^'\n]+)' in `(?P<file>[^'\n]+)' is not (?:of type `(?P<type>[^']+)'|an? (?P<type2>[^.\n]+))")},
	{Conflict, regexp.MustCompile("^The option `(?P<option>[^'\n]+)' has conflicting definition(?: value)?s(?::|, in (?P<files>.+?)\\.?(?:\n|$))")},
	{Conflict, regexp.MustCompile("^Cannot merge definitions of `(?P<option>[^'\n]+)'(?:\\.| given in (?P<files>.+?)\\.?(?:\n|$))")},
	{ReadOnly, regexp.MustCompile("^The option `(?P<option>[^'\n]+)' is read-only, but it's set multiple times")},
	{Repeated, regexp.MustCompile("^The (?:unique )?option `(?P<option>[^'\n]+)' is defined multiple times(?: while it's expected to be unique\\.|, in:?(?P<files>[^\n].*?)\\.?(?:\n|$))?")},
	{Redeclared, regexp.MustCompile("^The option `(?P<option>[^'\n]+)' in `(?P<file>[^'\n]+)' is already declared in (?P<files>.+)\\.")},
	{Removed, regexp.MustCompile("^The option definition `(?P<option>[^'\n]+)' in `(?P<file>[^'\n]+)' no longer has any effect; please remove it\\.")},
	{NotASet, regexp.MustCompile("^In module `(?P<file>[^'\n]+)', you're trying to define a value of type `[^']+'\\s+rather than an attribute set for the option\\s+`(?P<option>[^'\n]+)'!")},
	{Attribute, regexp.MustCompile("^Module `(?P<file>[^'\n]+)' has an unsupported attribute `(?P<option>[^'\n]+)'\\.")},
}

var (
	fileRE = regexp.MustCompile("`([^`'\n]+)'")
	// A definition and its value, which may continue on lines that are indented more.
	definitionRE = regexp.MustCompile("(?m)^ ?- In `([^'\n]+)'(?:: ?(.*(?:\n {4}.*)*))?$")
	// Older versions name only the files.
	listedRE = regexp.MustCompile("(?m)^ - (/[^\n]+?)\\.?$")
	// Other errors name the file of a module or an option in one of these ways.
	moduleRE = regexp.MustCompile("\\b[Mm]odule (?:`([^'`\n]+)'|`?(/[^\\s:`,]+))")
	optionRE = regexp.MustCompile("\\boption (?:path )?`([^`'\n]+)[`']")
	adviceRE = regexp.MustCompile("(?m)^(Did you mean .*|Use `lib\\.mkForce value' or .*|Use `lib\\.mkForce value` or .*)$")
)

// Parse reads a message. ok is false for one that the module system does not have.
func Parse(message string) (e Error, ok bool) {
	message = strings.TrimSpace(message)
	for _, p := range patterns {
		m := p.re.FindStringSubmatch(message)
		if m == nil {
			continue
		}
		e.Kind = p.kind
		for i, name := range p.re.SubexpNames() {
			switch {
			case m[i] == "":
			case name == "option":
				e.Option = m[i]
			case name == "type", name == "type2":
				e.Type = strings.Join(strings.Fields(m[i]), " ")
			case name == "file":
				e.Definitions = append(e.Definitions, Definition{File: file(m[i])})
			case name == "files":
				for _, f := range fileRE.FindAllStringSubmatch(m[i], maxDefinitions) {
					e.Definitions = append(e.Definitions, Definition{File: file(f[1])})
				}
			}
		}
		e.readDefinitions(message)
		if m := adviceRE.FindStringSubmatch(message); m != nil {
			e.Advice = m[1]
		}
		return e, true
	}
	e.Kind = Other
	for _, m := range moduleRE.FindAllStringSubmatch(message, maxDefinitions) {
		e.Definitions = append(e.Definitions, Definition{File: file(cmp.Or(m[1], m[2]))})
	}
	e.readDefinitions(message)
	if m := optionRE.FindStringSubmatch(message); m != nil {
		e.Option = m[1]
	} else if strings.HasPrefix(message, "Module imports ") {
		e.Option = "imports"
	}
	return e, e.Definitions != nil
}

// readDefinitions reads the list that follows.
func (e *Error) readDefinitions(message string) {
	for _, m := range definitionRE.FindAllStringSubmatch(message, maxDefinitions) {
		e.Definitions = append(e.Definitions, Definition{File: file(m[1]), Value: strings.TrimSpace(m[2])})
	}
	if e.Definitions == nil {
		for _, m := range listedRE.FindAllStringSubmatch(message, maxDefinitions) {
			e.Definitions = append(e.Definitions, Definition{File: file(m[1])})
		}
	}
}

// file removes what may follow the file of a module: the option through which it is imported.
func file(name string) string {
	name, _, _ = strings.Cut(name, ", via option ")
	return name
}

// Title says in one line what is wrong, with the files and values. It is "" for an error of
// kind [Other], which says so itself in its first line.
func (e Error) Title() string {
	in := joinAnd(slices.DeleteFunc(e.Files(), unnamed))
	option := e.option()
	switch e.Kind {
	case Undeclared:
		return option + " does not exist" + prefixed(", set in ", in)
	case Undefined:
		return option + " has no value"
	case WrongType:
		what := "of type " + e.Type
		if strings.HasPrefix(e.Type, "one of ") {
			what = e.Type
		}
		return option + " is not " + shortenList(what) + e.values()
	case Conflict:
		return option + " has conflicting values" + e.values()
	case ReadOnly:
		return "read-only " + option + " is set more than once" + prefixed(", in ", in)
	case Repeated:
		return option + " is set more than once" + prefixed(", in ", in)
	case Redeclared:
		return option + " is declared twice" + prefixed(", in ", in)
	case Removed:
		return option + " no longer exists" + prefixed(", set in ", in)
	case NotASet:
		return option + " contains options, but is set to a single value" + prefixed(" in ", in)
	case Attribute:
		return "module" + prefixed(" ", in) + " has an attribute " + e.Option + " beside config or options"
	}
	return ""
}

// entryRE finds an entry of a list in the path of an option.
var entryRE = regexp.MustCompile(`\."?\[definition \d+-entry \d+\]"?`)

// WithoutEntry cuts the path of an option off before an entry of a list. What is in the entry is
// defined where the list is.
func WithoutEntry(option string) string {
	if at := entryRE.FindStringIndex(option); at != nil {
		return option[:at[0]]
	}
	return option
}

var homeRE = regexp.MustCompile(`^home-manager\.users\.(?:"([^"]*)"|([^.]+))\.(.+)$`)

// Home returns the user in whose home inside a host an option is, and the option there. Of an
// option elsewhere, the user is "".
func Home(option string) (user, inside string) {
	m := homeRE.FindStringSubmatch(option)
	if m == nil {
		return "", option
	}
	return m[1] + m[2], m[3]
}

// option names the option.
func (e Error) option() string {
	name := entryRE.ReplaceAllString(e.Option, ".*")
	if list, ok := strings.CutSuffix(name, ".*"); ok {
		return "an entry of option " + list
	}
	return "option " + name
}

// unnamed reports whether a module has no file, such as one that stands in the call of a function.
func unnamed(file string) bool { return strings.HasPrefix(file, "<") }

// values lists the values with their files, or only the files, as older versions do.
func (e Error) values() string {
	var list []string
	known := false
	for _, d := range e.Definitions {
		first, _, more := strings.Cut(d.Value, "\n")
		value := []rune(strings.TrimSpace(first))
		known = known || len(value) > 0
		if more = more || len(value) > maxValue; more {
			value = append(value[:min(len(value), maxValue)], '…')
		}
		text := string(value)
		if !unnamed(d.File) {
			text = strings.TrimSpace(text + " in " + d.File)
		}
		if text != "" {
			list = append(list, text)
		}
	}
	if !known {
		return prefixed(", set in ", joinAnd(slices.DeleteFunc(e.Files(), unnamed)))
	}
	return prefixed(": ", strings.Join(list, ", "))
}

// maxValue is how much of a value a title has, in characters.
const maxValue = 40

// listRE finds a list of strings in the words for a type.
var listRE = regexp.MustCompile(`("[^"]*", "[^"]*", )(?:"[^"]*", ){3,}("[^"]*")`)

// shortenList leaves out the middle of a list, which may have all releases of ten years.
func shortenList(text string) string { return listRE.ReplaceAllString(text, "$1… $2") }

func joinAnd(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// Files returns the files of the definitions, each once.
func (e Error) Files() []string {
	var files []string
	for _, d := range e.Definitions {
		if !slices.Contains(files, d.File) {
			files = append(files, d.File)
		}
	}
	return files
}
