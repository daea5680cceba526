package reports

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/flakeci/flakeci/result"
)

// baseLabel names a base as a person would: the reference, and the revision and how
// it was come by if that says more.
func baseLabel(b *result.Base) string {
	rev := []rune(b.Rev)
	more := string(rev[:min(7, len(rev))])
	if strings.HasPrefix(baseName(b), more) {
		more = ""
	}
	if more != "" && b.Note != "" {
		more += ", "
	}
	return baseName(b) + bracketed(more+b.Note)
}

// versions writes the versions of a package; most have one.
func versions(list []string) string {
	const most = 6
	named := each(list, func(v string) string { return cmp.Or(v, "(no version)") })
	if more := len(named) - most; more > 0 {
		named = append(named[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(named, ", ")
}

// packageCounts counts the packages of a difference by what became of them.
func packageCounts(c *result.Closure) string {
	n := map[result.VersionChange]int{}
	for _, p := range c.Packages {
		n[p.Kind]++
	}
	return cmp.Or(list(
		share{n[result.PackageAdded], "added"}, share{n[result.PackageRemoved], "removed"}, share{n[result.PackageUp], "up"},
		share{n[result.PackageDown], "down"}, share{n[result.PackageModified], "changed"}, share{c.Rebuilt, "rebuilt (same version)"}), "no package changed")
}

// changeSign marks a change.
func changeSign(p result.PackageChange) string {
	switch p.Kind {
	case result.PackageAdded:
		return "+"
	case result.PackageRemoved:
		return "−"
	case result.PackageUp:
		return "↑"
	case result.PackageDown:
		return "↓"
	}
	return "~"
}

// sizes are the smallest and the largest of some.
type sizes struct {
	least, most int64
	any         bool
}

func (s *sizes) add(n int64) {
	if !s.any {
		*s = sizes{n, n, true}
		return
	}
	s.least, s.most = min(s.least, n), max(s.most, n)
}

func (s sizes) String() string { return span2(humanBytes(s.least), humanBytes(s.most)) }

func (s sizes) delta() string { return span2(humanDelta(s.least), humanDelta(s.most)) }

// span2 names two ends, or the one if they read the same.
func span2(least, most string) string {
	if least == most {
		return least
	}
	return least + " to " + most
}

// humanBytes writes a size, such as 8.1 GB. A report may have negative ones.
func humanBytes(n int64) string { return humanize.Bytes(uint64(max(0, n))) }

// humanDelta is a difference of sizes, with its sign.
func humanDelta(n int64) string {
	switch {
	case n < 0:
		return "−" + humanBytes(-max(n, -1<<62))
	case n > 0:
		return "+" + humanBytes(n)
	}
	return "±0"
}

// sourceURL leads to a place in the flake's files, to nothing if it is none
// below them.
func sourceURL(base string, l result.Location) string {
	base = webURL(base)
	if base == "" {
		return ""
	}
	parts := strings.Split(l.File, "/")
	for i, part := range parts {
		if part == "" || part == "." || part == ".." {
			return ""
		}
		parts[i] = strings.ReplaceAll(url.PathEscape(part), "@", "%40") // which calls nobody
	}
	address := strings.TrimRight(base, "/") + "/" + strings.Join(parts, "/")
	if l.Line > 0 {
		address += "#L" + strconv.Itoa(l.Line)
	}
	return address
}

// webURL is an address if it leads to the web, else nothing.
func webURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String()
}

// baseName is what a base is called within a sentence.
func baseName(b *result.Base) string {
	name := cmp.Or(b.Ref, b.Rev, "the base")
	if len(name) == 40 && strings.Trim(name, "0123456789abcdef") == "" {
		return name[:7]
	}
	return fit(name, 40)
}
