package nix

import (
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// A copy of some flake in the store, which one Nix does not say in an error.
var sourceRE = regexp.MustCompile(`^/nix/store/[0-9a-z]{32}-source/`)

// relative maps a file as Nix names it to the flake's own tree: a path in the
// store copy, in the checkout, or behind «reference».
func (f *Flake) relative(file string) (string, bool) {
	for _, root := range f.roots() {
		if rest, ok := strings.CutPrefix(file, root); ok {
			return inside(rest)
		}
	}
	if ref, rest, ok := cutReference(file); ok {
		if !f.is(ref) {
			return "", false
		}
		return inside(rest)
	}
	// Before the flake is resolved older versions name only a store copy.
	if m := sourceRE.FindString(file); m != "" && f.StorePath == "" {
		return inside(file[len(m):])
	}
	return "", false
}

// cutReference parts a path such as «git+file:///checkout?rev=…»/hosts/a.nix,
// as newer versions name what they did not have to copy to the store.
func cutReference(file string) (ref, rest string, ok bool) {
	file, ok = strings.CutPrefix(file, "«")
	if !ok {
		return "", "", false
	}
	return strings.Cut(file, "»/")
}

// is says whether a reference is that of the flake, which is the only one that
// there can be before it is resolved.
func (f *Flake) is(ref string) bool {
	return f.StorePath == "" || f.Rev != "" && strings.Contains(ref, f.Rev)
}

// inside keeps a path from leading out of the flake: a message can hold
// whatever the flake likes.
func inside(rest string) (string, bool) {
	rest = path.Clean(rest)
	if !filepath.IsLocal(rest) || rest == "." || strings.HasPrefix(rest, ".git/") {
		return "", false
	}
	return rest, true
}

// roots are the beginnings of paths in the flake, as Nix may name them.
func (f *Flake) roots() []string {
	var roots []string
	for _, dir := range []string{f.StorePath, f.Checkout} {
		if dir != "" && dir != "/" {
			roots = append(roots, dir+"/")
		}
	}
	return roots
}

// relativize shortens the paths of the flake inside a message.
func (f *Flake) relativize(msg string) string {
	for _, root := range f.roots() {
		msg = cutRoot(msg, root)
	}
	return referenceRE.ReplaceAllStringFunc(msg, func(m string) string {
		if ref, _, _ := cutReference(m); f.is(ref) {
			return ""
		}
		return m
	})
}

var referenceRE = regexp.MustCompile(`«[^»\s]+»/`)

// cutRoot removes a folder wherever a path starts with it, but not where a
// longer path has it in its middle.
func cutRoot(msg, root string) string {
	before, rest, found := strings.Cut(msg, root)
	if !found {
		return msg
	}
	var b strings.Builder
	for found {
		b.WriteString(before)
		if before != "" && pathEndRE.MatchString(before) {
			b.WriteString(root)
		}
		before, rest, found = strings.Cut(rest, root)
	}
	b.WriteString(before)
	return b.String()
}

var pathEndRE = regexp.MustCompile(`[\p{L}\p{N}/._~+-]$`)
