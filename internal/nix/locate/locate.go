// Package locate finds the file and line of a flake that an error of one configuration is about,
// where Nix does not say it or names several.
package locate

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/internal/nix/modulesystem"
	"github.com/flakeci/flakeci/internal/nix/nixfile"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// Failure is an evaluation of a configuration that failed.
type Failure struct {
	Err *nixlog.EvalError
	// Names are those of the host and then the user whose configuration it is. The module of a
	// configuration usually has them in its path, and is the one to change before a module that
	// others share.
	Names    []string
	Warnings []result.Warning
}

// Locate returns the error with the place in the flake to change. The tree has all its functions.
func (f Failure) Locate(tree flaketree.Tree) *nixlog.EvalError {
	e := *f.Err
	if user := homeOf(e.Module); user != "" {
		f.Names = append(slices.Clone(f.Names), user)
	}
	l := &locator{Failure: f, tree: limited(tree)}
	if p := l.place(); p.File != "" && p != e.Place {
		e.Place, e.Vague = p, false
		e.Excerpt = tree.Excerpt(p)
	}
	e.Assertions = slices.Clone(e.Assertions)
	for i, a := range e.Assertions {
		if a.Place.File == "" {
			e.Assertions[i].Place = l.assertion(a.Text)
			e.Assertions[i].Excerpt = tree.Excerpt(e.Assertions[i].Place)
		}
	}
	return &e
}

// How much of a flake's source is read to locate one failure, in bytes, and for how many bytes one
// look at a file counts. Otherwise a flake with much source and long errors could hold up a run for
// hours.
const (
	maxRead = 32 << 20
	perLook = 4 << 10
)

// limited returns a tree whose files are empty once too much was read.
func limited(tree flaketree.Tree) flaketree.Tree {
	read, left := tree.Read, maxRead
	if read == nil {
		return tree
	}
	tree.Read = func(file string) string {
		if left < 0 {
			return ""
		}
		text := read(file)
		left -= perLook + len(text)
		return text
	}
	return tree
}

// homeOf returns the user in whose home inside a host an option is, or "".
func homeOf(m *modulesystem.Error) string {
	if m == nil {
		return ""
	}
	user, _ := modulesystem.Home(m.Option)
	return user
}

type locator struct {
	Failure
	tree  flaketree.Tree
	files []string // what used returns, once it was asked
}

// place returns the place of an error, or none to leave it as it is.
func (l *locator) place() result.Location {
	e := l.Err
	switch {
	case e.Input != nil, e.Fetch != nil, e.Build != nil, e.Lock != nil, e.Spoiled != nil, e.Setting != "", len(e.Assertions) > 0:
		return result.Location{}
	case e.Module != nil && e.Module.Kind == modulesystem.Undefined:
		return l.unset(e.Module.Option)
	case e.Module != nil:
		return l.module(e.Module)
	case len(e.Mentions) > 1:
		return l.closest(l.amongUsed(e.Mentions))
	case strings.HasPrefix(e.Message, "infinite recursion"):
		return l.recursion()
	case e.Vague:
		return l.named(e.Message)
	}
	return result.Location{}
}

// module returns where the flake sets an option that is wrong.
func (l *locator) module(m *modulesystem.Error) result.Location {
	var own, full []result.Location
	foreign := false
	for _, d := range m.Definitions {
		if !d.Own {
			foreign = true
			continue
		}
		own = append(own, l.tree.PlaceOfAttribute(d.File, m.Option))
		if _, fit := l.tree.FindAttribute(d.File, m.Option); fit == nixfile.Full || fit == nixfile.Declared && m.Kind == modulesystem.Redeclared {
			full = append(full, own[len(own)-1])
		}
	}
	if p := l.renamed(m); foreign && p.File != "" {
		return p
	}
	if m.Kind == modulesystem.Attribute || m.Kind == modulesystem.Other {
		return result.Location{}
	}
	// Where the file of a module does not show the option, the module has it from elsewhere: from
	// a file that it names or, if it shows nothing like the option, from any other.
	if len(full) == 0 {
		var named []string
		shown := false
		for _, p := range own {
			named = append(named, p.File)
			shown = shown || p.Line > 0
		}
		if p := l.closest(l.setting(m.Option, l.follow(named))); p.File != "" || shown {
			return cmp.Or(p, l.closest(own))
		}
		if p := l.closest(l.setting(m.Option, l.used())); p.File != "" {
			return p
		}
		if p := l.closest(l.setting(m.Option, l.tree.Files())); m.Kind == modulesystem.Undeclared && p.File != "" {
			return p
		}
	}
	return l.closest(own)
}

// renamed returns where the flake sets the option of an error under a name that it had before.
// The module that passes it on is that of an input.
func (l *locator) renamed(m *modulesystem.Error) result.Location {
	for _, w := range l.Warnings {
		r, ok := modulesystem.Renamed(w.Text)
		if ok && w.Location != nil && (r.To == m.Option || strings.HasPrefix(m.Option, r.To+".")) {
			return *w.Location
		}
	}
	return result.Location{}
}

// unset returns the module that should set an option which has no value, with the line where it
// sets another one of the same set.
func (l *locator) unset(option string) result.Location {
	file := l.ownWhere(func(file string) bool {
		_, fit := l.tree.FindAttribute(file, option)
		return fit != nixfile.Declared
	})
	if p, fit := l.tree.FindAttribute(file, option); fit >= nixfile.Sibling {
		return p
	}
	return result.Location{File: file}
}

// recursion returns the place in the cell's own module, if that is part of the circle.
func (l *locator) recursion() result.Location {
	places, used := l.Err.Places(), l.used()
	asked := map[string]bool{}
	for _, f := range l.Err.Frames {
		if m := optionRE.FindStringSubmatch(f.Text); m != nil && !asked[m[1]] && len(asked) < maxAsked {
			asked[m[1]] = true
			places = append(places, l.setting(m[1], used)...)
		}
	}
	return l.closest(places)
}

// maxAsked limits how many options of one circle are looked for.
const maxAsked = 20

var optionRE = regexp.MustCompile("^while evaluating the option `([^']+)'")

// assertion returns the place that a failed assertion is about: where the flake writes the files
// that collide or makes the assertion, or where it sets an option that the text names.
func (l *locator) assertion(text string) result.Location {
	if targets := modulesystem.Collisions(text); targets != nil {
		return l.closest(l.tree.Words(l.used(), func(name string) bool {
			return slices.ContainsFunc(targets, func(t string) bool {
				return name == t || strings.Contains(name, "/") && (strings.HasSuffix(t, "/"+name) || strings.HasSuffix(name, "/"+t))
			})
		}))
	}
	if p := l.closest(l.amongUsed(l.tree.Texts(text))); p.File != "" {
		return p
	}
	return l.named(text)
}

// named returns where the flake sets an option that a text names, or else the cell's own module if
// that sets another one of the same kind.
func (l *locator) named(text string) result.Location {
	names := modulesystem.Named(text)
	for _, name := range names {
		if p := l.closest(l.setting(name, l.used())); p.File != "" {
			return p
		}
	}
	own := l.own()
	for _, name := range names {
		if first, _, below := strings.Cut(name, "."); below && nixfile.Sets(l.tree.Read(own), first) {
			return result.Location{File: own}
		}
	}
	return result.Location{}
}

// setting returns where files set an option.
func (l *locator) setting(option string, files []string) []result.Location {
	var found []result.Location
	for _, file := range files {
		if p, fit := l.tree.FindAttribute(file, option); fit == nixfile.Full {
			found = append(found, p)
		}
	}
	return found
}

// maxUsed limits how many files are followed.
const maxUsed = 300

// findUsed returns the files of the flake that the configuration is made of, as far as that can be
// told: the cell's own module, those where evaluation passed, and all that these name by their
// paths. What the flake.nix names may be the module of another cell, but on the lines where
// evaluation passed.
func (l *locator) used() []string {
	if l.files != nil {
		return l.files
	}
	var files []string
	add := func(list ...string) {
		for _, f := range list {
			if f != "" && !slices.Contains(files, f) && len(files) < maxUsed {
				files = append(files, f)
			}
		}
	}
	add(l.own())
	for _, p := range l.Err.Places() {
		add(p.File)
		add(l.tree.Named(p)...)
	}
	l.files = l.follow(files)
	return l.files
}

// follow returns files with all that they name by their paths, and so on.
func (l *locator) follow(files []string) []string {
	for i := 0; i < len(files); i++ {
		if path.Base(files[i]) == "flake.nix" {
			continue
		}
		for _, f := range l.tree.NamedIn(files[i]) {
			if !slices.Contains(files, f) && len(files) < maxUsed {
				files = append(files, f)
			}
		}
	}
	return files
}

// amongUsed returns those of some places that are in files of the configuration, if any are.
func (l *locator) amongUsed(places []result.Location) []result.Location {
	if len(places) < 2 { // to ask for the files takes long
		return places
	}
	files := l.used()
	var among []result.Location
	for _, p := range places {
		if slices.Contains(files, p.File) {
			among = append(among, p)
		}
	}
	if among == nil {
		return places
	}
	return among
}

// own returns the file of the cell's own module, as far as that can be told: it is named where
// the flake makes the configuration, or has the names of the cell in its path.
func (l *locator) own() string { return l.ownWhere(func(string) bool { return true }) }

// ownWhere is like own for the files that fit accepts. What declares an option, for example, is a
// module that several configurations share.
func (l *locator) ownWhere(fit func(file string) bool) string {
	var places []result.Location
	for _, p := range l.Err.Places() {
		for _, file := range l.tree.Named(p) {
			if path.Ext(file) == ".nix" && fit(file) {
				places = append(places, result.Location{File: file})
			}
		}
	}
	var parts []result.Location
	for _, file := range l.tree.Files() {
		switch p := (result.Location{File: file}); {
		case l.matches(file) == 0, !fit(file):
		case l.isNamed(file):
			places = append(places, p)
		default:
			parts = append(parts, p)
		}
	}
	return l.closest(append(places, parts...)).File
}

// mainFiles are the usual names of the module that imports the others in its folder.
var mainFiles = []string{"default", "configuration", "home"}

// isNamed reports whether a file, or the folder whose main module it is, is named after the cell.
// Others in that folder are parts of its module.
func (l *locator) isNamed(file string) bool {
	name := strings.TrimSuffix(path.Base(file), path.Ext(file))
	if slices.Contains(mainFiles, name) {
		name = path.Base(path.Dir(file))
	}
	return l.matches(name+".nix") > 0
}

// closest returns the place in the file whose path matches the cell's names best. Of several such
// it is the first.
func (l *locator) closest(places []result.Location) result.Location {
	var best result.Location
	most := -1
	for _, p := range places {
		if n := l.matches(p.File); n > most {
			best, most = p, n
		}
	}
	return best
}

// matches rates how well the path of a file matches the names of the cell. The user's name counts
// more than the host's: a home is not made of the files of its host.
func (l *locator) matches(file string) int {
	words := strings.FieldsFunc(strings.TrimSuffix(file, path.Ext(file)), func(r rune) bool { return strings.ContainsRune("/@.", r) })
	n := 0
	for i, name := range l.Names {
		if slices.Contains(words, name) {
			n += i + 1
		}
	}
	return n
}
