package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// changes is what became of the cells since the base. A change of a package is
// said once, with the machines on which it took place, since one new nixpkgs
// changes nine hundred packages on all of them.
type changes struct {
	against  *result.Base
	alike    []alike // machines whose packages changed alike, in the order of the cells
	where    []where // packages by the machines on which they changed, most machines first
	changed  []string
	added    []string
	removed  []string
	unknown  []told
	same     int // cells that are as they were
	machines map[string][]string
}

// alike are machines of which the same packages changed.
type alike struct {
	cells                []string
	before, after, delta sizes
	words                string // how many packages were added, …
}

// where are packages that changed on the same machines.
type where struct {
	cells    []string
	packages []result.PackageChange // the size is that of the machine where it grew most
}

// newChanges is nil for a run without a comparison.
func newChanges(r result.Report) *changes {
	if r.Base == nil || r.Base.Missing != "" {
		return nil
	}
	ch := &changes{against: r.Base, machines: map[string][]string{}}
	var known []result.Cell
	for _, c := range r.Cells {
		if c.Base == nil {
			continue
		}
		switch b := c.Base; {
		case b.Change == result.CellAdded:
			ch.added = append(ch.added, c.ID)
		case b.Change == result.CellRemoved:
			ch.removed = append(ch.removed, c.ID)
		case b.Change == result.CellUnchanged:
			ch.same++
		case b.Change != result.CellChanged:
			ch.unknown = tell(ch.unknown, cmp.Or(b.Note, "one of the two does not evaluate"), c.ID)
		case b.Closure == nil:
			ch.changed = append(ch.changed, c.ID)
		case b.Closure.Unknown != "":
			ch.unknown = tell(ch.unknown, b.Closure.Unknown, c.ID)
		default:
			known = append(known, c)
			ch.machines[c.Kind] = append(ch.machines[c.Kind], c.ID)
		}
	}
	ch.compare(known)
	return ch
}

// compare brings together machines that changed alike, and packages that changed
// on the same machines.
func (ch *changes) compare(cells []result.Cell) {
	groups := map[string]int{}
	found := map[string]*where{} // by all that is said of a package but its size
	var order []string
	for _, c := range cells {
		var keys []string
		for _, p := range c.Base.Closure.Packages {
			key := strings.Join([]string{p.Name, string(p.Kind), versions(p.Before), versions(p.After)}, "\n")
			one := found[key]
			if one == nil {
				one = &where{packages: []result.PackageChange{p}}
				found[key], order = one, append(order, key)
			}
			if n := len(one.cells); n > 0 && one.cells[n-1] == c.ID {
				continue
			}
			one.cells = append(one.cells, c.ID)
			if size := &one.packages[0].Size; magnitude(p.Size) > magnitude(*size) {
				*size = p.Size
			}
			keys = append(keys, key)
		}
		ch.put(groups, c, strings.Join(keys, "\n\n"))
	}
	places := map[string]int{}
	for _, key := range order {
		one := found[key]
		place := strings.Join(one.cells, "\n")
		i, there := places[place]
		if !there {
			i = len(ch.where)
			places[place], ch.where = i, append(ch.where, where{cells: one.cells})
		}
		ch.where[i].packages = append(ch.where[i].packages, one.packages...)
	}
	slices.SortStableFunc(ch.where, func(a, b where) int { return cmp.Compare(len(b.cells), len(a.cells)) })
	for i := range ch.where {
		byWeight(ch.where[i].packages)
	}
}

// put adds a machine to those that changed alike.
func (ch *changes) put(groups map[string]int, c result.Cell, key string) {
	closure := c.Base.Closure
	key += fmt.Sprintf("\n\n%d", closure.Rebuilt)
	i, there := groups[key]
	if !there {
		i = len(ch.alike)
		groups[key], ch.alike = i, append(ch.alike, alike{words: packageCounts(closure)})
	}
	g := &ch.alike[i]
	g.cells = append(g.cells, c.ID)
	g.before.add(closure.Before)
	g.after.add(closure.After)
	g.delta.add(closure.After - closure.Before)
}

// size says how large the machines were, are, and by how much they grew.
func (a alike) size() string {
	before, after := a.before.String(), a.after.String()
	switch {
	case a.before.least != a.before.most:
		return "each " + a.delta.delta()
	case before == after:
		return after + " (" + a.delta.delta() + ")"
	}
	return fmt.Sprintf("%s → %s (%s)", before, after, a.delta.delta())
}

// words count the cells by what became of them.
func (ch *changes) words() string {
	changed, lost := len(ch.changed), 0
	for _, a := range ch.alike {
		changed += len(a.cells)
	}
	for _, u := range ch.unknown {
		lost += len(u.cells)
	}
	return cmp.Or(list(
		share{changed, "changed"}, share{len(ch.added), "added"}, share{len(ch.removed), "removed"},
		share{lost, "not known"}, share{ch.same, "unchanged"}), "nothing was compared")
}

// all is a name for cells that are all of a kind of which packages changed, such
// as "all 5 hosts"; empty if they are not.
func (ch *changes) all(cells []string) string {
	hosts, homes := slices.Concat(ch.machines["nixos"], ch.machines["darwin"]), ch.machines["home"]
	ofHosts := 0
	for _, id := range cells {
		if slices.Contains(hosts, id) {
			ofHosts++
		}
	}
	switch ofHomes := len(cells) - ofHosts; {
	case len(cells) < 2, ofHosts > 0 && ofHosts < len(hosts), ofHomes > 0 && ofHomes < len(homes):
		return ""
	case ofHomes == 0:
		return every(ofHosts, "host")
	case ofHosts == 0:
		return every(ofHomes, "home")
	default:
		return every(ofHosts, "host") + " and " + every(ofHomes, "home")
	}
}

// every says that all of them are meant.
func every(n int, noun string) string {
	switch n {
	case 1:
		return "the " + noun
	case 2:
		return "both " + noun + "s"
	}
	return fmt.Sprintf("all %d %ss", n, noun)
}

// byWeight puts first what a reader has to know of: the parts that a machine
// stands on, what went back, what came to a new major version, and what made the
// closure larger or smaller.
func byWeight(packages []result.PackageChange) {
	slices.SortStableFunc(packages, func(a, b result.PackageChange) int {
		return cmp.Or(
			cmp.Compare(changeWeight(b), changeWeight(a)),
			cmp.Compare(magnitude(b.Size), magnitude(a.Size)),
			cmp.Compare(a.Name, b.Name))
	})
}

// changeWeight is how much a change matters by itself, whatever its size.
func changeWeight(p result.PackageChange) int {
	base := []string{"linux", "systemd", "glibc", "nix", "openssl", "openssh", "mesa", "nvidia-x11"}
	switch i := slices.Index(base, p.Name); {
	case i >= 0:
		return 3 + len(base) - i
	case p.Kind == result.PackageDown, magnitude(p.Size) >= 50_000_000:
		return 3
	case len(p.Before) == 0 || len(p.After) == 0:
		return 1
	case major(p.Before) != major(p.After):
		return 2
	}
	return 0
}

// major is what stands before the first dot of the newest version.
func major(versions []string) string {
	text, _, _ := strings.Cut(versions[len(versions)-1], ".")
	return text
}

func magnitude(n int64) int64 { return max(n, -max(n, -1<<62)) }

// changeText is a change in one line, such as "↑ linux 6.6.30 → 6.6.31 (+1.2 MB)".
func changeText(p result.PackageChange) string {
	text := changeSign(p) + " " + cmp.Or(p.Name, "(no name)") + after(" ", versions(p.Before))
	if len(p.Before) > 0 && len(p.After) > 0 {
		text += " →"
	}
	text += after(" ", versions(p.After))
	if p.Size != 0 {
		text += " (" + humanDelta(p.Size) + ")"
	}
	return text
}

// who names machines: all of them if they are, else the first few.
func (ch *changes) who(cells []string) string {
	return cmp.Or(ch.all(cells), some(cells, inlineCells))
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

// versions writes the versions of a package; most have one.
func versions(list []string) string {
	const most = 6
	named := each(list, func(v string) string { return cmp.Or(v, "(no version)") })
	if more := len(named) - most; more > 0 {
		named = append(named[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(named, ", ")
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
