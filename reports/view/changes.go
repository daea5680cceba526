package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Changes compares the cells with the base. It names each package once, with the machines on which
// it changed: an update of nixpkgs can change nine hundred packages on all of them.
type Changes struct {
	Base       *result.Base
	Machines   []MachineGroup // in the order of their first cells
	Packages   []PackageGroup // the group on the most machines first
	Unknown    []Note
	changed    []string // ids of cells without a closure to compare
	added      []string
	removed    []string
	unchanged  int
	comparable map[result.Kind][]string // ids of the cells in Machines, by kind
}

// MachineGroup is machines on which the same packages changed.
type MachineGroup struct {
	Cells                []string // ids
	Before, After, Delta SizeRange
	Text                 string // how many packages were added, removed and so on
}

// PackageGroup is packages that changed on the same machines.
type PackageGroup struct {
	Cells    []string               // ids
	Packages []result.PackageChange // with the size from the machine where it changed most
}

// NewChanges collects the changes of a report, nil if it has no comparison.
func NewChanges(r result.Report) *Changes {
	if r.Base == nil || r.Base.Missing != "" {
		return nil
	}
	ch := &Changes{Base: r.Base, comparable: map[result.Kind][]string{}}
	var known []result.CellResult
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
			ch.Unknown = addNote(ch.Unknown, cmp.Or(b.Note, "it does not evaluate, now or at the base"), c.ID)
		case b.Closure == nil:
			ch.changed = append(ch.changed, c.ID)
		case b.Closure.Unknown != "":
			ch.Unknown = addNote(ch.Unknown, b.Closure.Unknown, c.ID)
		default:
			known = append(known, c)
			ch.comparable[c.Kind] = append(ch.comparable[c.Kind], c.ID)
		}
	}
	ch.group(known)
	return ch
}

// group groups machines with the same changes, and packages that changed on the same
// machines.
func (ch *Changes) group(cells []result.CellResult) {
	machines := map[string]int{}
	found := map[string]*PackageGroup{} // by everything about a package except its size
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
		ch.addMachine(machines, c, strings.Join(keys, "\n\n"))
	}
	groups := map[string]int{}
	for _, key := range order {
		one := found[key]
		ids := strings.Join(one.Cells, "\n")
		i, there := groups[ids]
		if !there {
			i = len(ch.Packages)
			groups[ids], ch.Packages = i, append(ch.Packages, PackageGroup{Cells: one.Cells})
		}
		ch.Packages[i].Packages = append(ch.Packages[i].Packages, one.Packages...)
	}
	slices.SortStableFunc(ch.Packages, func(a, b PackageGroup) int { return cmp.Compare(len(b.Cells), len(a.Cells)) })
	for i := range ch.Packages {
		sortByWeight(ch.Packages[i].Packages)
	}
}

// addMachine adds a machine to the group with its changes, which key stands for.
func (ch *Changes) addMachine(groups map[string]int, c result.CellResult, key string) {
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

// Size says how large the machines were and are, and by how much they grew.
func (g MachineGroup) Size() string {
	before, after := g.Before.String(), g.After.String()
	switch {
	case g.Before.min != g.Before.max:
		return "each " + g.Delta.Signed()
	case before == after:
		return after + " (" + g.Delta.Signed() + ")"
	}
	return fmt.Sprintf("%s → %s (%s)", before, after, g.Delta.Signed())
}

// Summary counts the cells by how they changed.
func (ch *Changes) Summary() string {
	changed, unknown := len(ch.changed), 0
	for _, g := range ch.Machines {
		changed += len(g.Cells)
	}
	for _, n := range ch.Unknown {
		unknown += len(n.Cells)
	}
	return cmp.Or(joinCounts(
		count{changed, "changed"}, count{len(ch.added), "added"}, count{len(ch.removed), "removed"},
		count{unknown, "unknown"}, count{ch.unchanged, "unchanged"}), "nothing was compared")
}

// Lists returns the cells that were added, removed, or changed without a closure to compare.
// It leaves out empty lists.
func (ch *Changes) Lists() []Note {
	lists := []Note{{Text: "changed", Cells: ch.changed}, {Text: "added", Cells: ch.added}, {Text: "removed", Cells: ch.removed}}
	return slices.DeleteFunc(lists, func(n Note) bool { return len(n.Cells) == 0 })
}

// AllName returns a name for cells such as "all 5 hosts" if they are all those of their
// kinds whose packages changed, else "".
func (ch *Changes) AllName(cells []string) string {
	hosts, homes := slices.Concat(ch.comparable[result.KindNixOS], ch.comparable[result.KindDarwin]), ch.comparable[result.KindHome]
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
		return allOf(ofHosts, "host")
	case ofHosts == 0:
		return allOf(ofHomes, "home")
	default:
		return allOf(ofHosts, "host") + " and " + allOf(ofHomes, "home")
	}
}

// allOf returns "the host", "both hosts" or "all 5 hosts".
func allOf(n int, noun string) string {
	switch n {
	case 1:
		return "the " + noun
	case 2:
		return "both " + noun + "s"
	}
	return fmt.Sprintf("all %d %ss", n, noun)
}

// Names returns [Changes.AllName] of the cells, or else names the first few.
func (ch *Changes) Names(cells []string) string {
	return cmp.Or(ch.AllName(cells), JoinFirst(cells, InlineCells))
}
