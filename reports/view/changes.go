package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Changes is what became of the cells since the base. A change of a package is
// said once, with the machines on which it took place, since one new nixpkgs
// changes nine hundred packages on all of them.
type Changes struct {
	Base       *result.Base
	Machines   []MachineGroup // machines whose packages changed alike, in the order of the cells
	Packages   []PackageGroup // packages by the machines on which they changed, most machines first
	changed    []string
	added      []string
	removed    []string
	Unknown    []Note
	unchanged  int // cells that are as they were
	comparable map[string][]string
}

// MachineGroup are machines of which the same packages changed.
type MachineGroup struct {
	Cells                []string
	Before, After, Delta SizeRange
	Text                 string // how many packages were added, …
}

// PackageGroup are packages that changed on the same machines.
type PackageGroup struct {
	Cells    []string
	Packages []result.PackageChange // the size is that of the machine where it grew most
}

// NewChanges is nil for a run without a comparison.
func NewChanges(r result.Report) *Changes {
	if r.Base == nil || r.Base.Missing != "" {
		return nil
	}
	ch := &Changes{Base: r.Base, comparable: map[string][]string{}}
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
			ch.unchanged++
		case b.Change != result.CellChanged:
			ch.Unknown = addNote(ch.Unknown, cmp.Or(b.Note, "one of the two does not evaluate"), c.ID)
		case b.Closure == nil:
			ch.changed = append(ch.changed, c.ID)
		case b.Closure.Unknown != "":
			ch.Unknown = addNote(ch.Unknown, b.Closure.Unknown, c.ID)
		default:
			known = append(known, c)
			ch.comparable[c.Kind] = append(ch.comparable[c.Kind], c.ID)
		}
	}
	ch.compare(known)
	return ch
}

// compare brings together machines that changed alike, and packages that changed
// on the same machines.
func (ch *Changes) compare(cells []result.Cell) {
	groups := map[string]int{}
	found := map[string]*PackageGroup{} // by all that is said of a package but its size
	var order []string
	for _, c := range cells {
		var keys []string
		for _, p := range c.Base.Closure.Packages {
			key := strings.Join([]string{p.Name, string(p.Kind), Versions(p.Before), Versions(p.After)}, "\n")
			one := found[key]
			if one == nil {
				one = &PackageGroup{Packages: []result.PackageChange{p}}
				found[key], order = one, append(order, key)
			}
			if n := len(one.Cells); n > 0 && one.Cells[n-1] == c.ID {
				continue
			}
			one.Cells = append(one.Cells, c.ID)
			if size := &one.Packages[0].Size; magnitude(p.Size) > magnitude(*size) {
				*size = p.Size
			}
			keys = append(keys, key)
		}
		ch.put(groups, c, strings.Join(keys, "\n\n"))
	}
	places := map[string]int{}
	for _, key := range order {
		one := found[key]
		place := strings.Join(one.Cells, "\n")
		i, there := places[place]
		if !there {
			i = len(ch.Packages)
			places[place], ch.Packages = i, append(ch.Packages, PackageGroup{Cells: one.Cells})
		}
		ch.Packages[i].Packages = append(ch.Packages[i].Packages, one.Packages...)
	}
	slices.SortStableFunc(ch.Packages, func(a, b PackageGroup) int { return cmp.Compare(len(b.Cells), len(a.Cells)) })
	for i := range ch.Packages {
		byWeight(ch.Packages[i].Packages)
	}
}

// put adds a machine to those that changed alike.
func (ch *Changes) put(groups map[string]int, c result.Cell, key string) {
	closure := c.Base.Closure
	key += fmt.Sprintf("\n\n%d", closure.Rebuilt)
	i, there := groups[key]
	if !there {
		i = len(ch.Machines)
		groups[key], ch.Machines = i, append(ch.Machines, MachineGroup{Text: packageCounts(closure)})
	}
	g := &ch.Machines[i]
	g.Cells = append(g.Cells, c.ID)
	g.Before.add(closure.Before)
	g.After.add(closure.After)
	g.Delta.add(closure.After - closure.Before)
}

// Size says how large the machines were, are, and by how much they grew.
func (a MachineGroup) Size() string {
	before, after := a.Before.String(), a.After.String()
	switch {
	case a.Before.least != a.Before.most:
		return "each " + a.Delta.Signed()
	case before == after:
		return after + " (" + a.Delta.Signed() + ")"
	}
	return fmt.Sprintf("%s → %s (%s)", before, after, a.Delta.Signed())
}

// Summary count the cells by what became of them.
func (ch *Changes) Summary() string {
	changed, lost := len(ch.changed), 0
	for _, a := range ch.Machines {
		changed += len(a.Cells)
	}
	for _, u := range ch.Unknown {
		lost += len(u.Cells)
	}
	return cmp.Or(list(
		part{changed, "changed"}, part{len(ch.added), "added"}, part{len(ch.removed), "removed"},
		part{lost, "not known"}, part{ch.unchanged, "unchanged"}), "nothing was compared")
}

// Lists returns the cells that changed without a closure to compare, were added, or were
// removed, without empty lists.
func (ch *Changes) Lists() []Note {
	lists := []Note{{Text: "changed", Cells: ch.changed}, {Text: "added", Cells: ch.added}, {Text: "removed", Cells: ch.removed}}
	return slices.DeleteFunc(lists, func(n Note) bool { return len(n.Cells) == 0 })
}

// All is a name for cells that are all of a kind of which packages changed, such
// as "all 5 hosts"; empty if they are not.
func (ch *Changes) All(cells []string) string {
	hosts, homes := slices.Concat(ch.comparable["nixos"], ch.comparable["darwin"]), ch.comparable["home"]
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

// ChangeText is a change in one line, such as "↑ linux 6.6.30 → 6.6.31 (+1.2 MB)".
func ChangeText(p result.PackageChange) string {
	text := ChangeSign(p) + " " + cmp.Or(p.Name, "(no name)") + Prefix(" ", Versions(p.Before))
	if len(p.Before) > 0 && len(p.After) > 0 {
		text += " →"
	}
	text += Prefix(" ", Versions(p.After))
	if p.Size != 0 {
		text += " (" + BytesDelta(p.Size) + ")"
	}
	return text
}

// Who names machines: all of them if they are, else the first few.
func (ch *Changes) Who(cells []string) string {
	return cmp.Or(ch.All(cells), Some(cells, InlineCells))
}

// packageCounts counts the packages of a difference by what became of them.
func packageCounts(c *result.Closure) string {
	n := map[result.VersionChange]int{}
	for _, p := range c.Packages {
		n[p.Kind]++
	}
	return cmp.Or(list(
		part{n[result.PackageAdded], "added"}, part{n[result.PackageRemoved], "removed"}, part{n[result.PackageUp], "up"},
		part{n[result.PackageDown], "down"}, part{n[result.PackageModified], "changed"}, part{c.Rebuilt, "rebuilt (same version)"}), "no package changed")
}

// ChangeSign marks a change.
func ChangeSign(p result.PackageChange) string {
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

// Versions writes the versions of a package; most have one.
func Versions(list []string) string {
	const most = 6
	named := Map(list, func(v string) string { return cmp.Or(v, "(no version)") })
	if more := len(named) - most; more > 0 {
		named = append(named[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(named, ", ")
}

// SizeRange are the smallest and the largest of some.
type SizeRange struct {
	least, most int64
	any         bool
}

func (s *SizeRange) add(n int64) {
	if !s.any {
		*s = SizeRange{n, n, true}
		return
	}
	s.least, s.most = min(s.least, n), max(s.most, n)
}

func (s SizeRange) String() string { return span2(Bytes(s.least), Bytes(s.most)) }

func (s SizeRange) Signed() string { return span2(BytesDelta(s.least), BytesDelta(s.most)) }

// span2 names two ends, or the one if they read the same.
func span2(least, most string) string {
	if least == most {
		return least
	}
	return least + " to " + most
}
