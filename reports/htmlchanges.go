package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// htmlChanges is what became of every machine since the base: machines whose
// packages changed alike together, and each package once for all of them.
type htmlChanges struct {
	Against, Words string // the base; how many cells changed, are new, …
	Lists          []htmlRemark
	Machines       []htmlMachines
	Packages       []htmlPackage
	More           int // packages that are not listed
}

// htmlMachines are those of which the same packages changed.
type htmlMachines struct {
	Number      int
	Cells       []htmlLink
	Name        string // of all of them, in short
	Words       string // how many packages were added, …
	Size, Delta string
}

// htmlPackage is a change of one package, and where it took place.
type htmlPackage struct {
	Sign, Kind          string
	Name, Before, After string
	Delta               string
	Bytes               int64  // by how many it grew, to sort by
	Where               string // in words
	Machines            string // numbers of [htmlMachines], such as "0-3,7"
}

// mostPackages is how many changes of packages are listed; of more those on the most
// machines.
const mostPackages = 4000

// changes is nil for a run without a comparison.
func (m *htmlMaker) changes() *htmlChanges {
	ch := newChanges(m.report)
	if ch == nil {
		return nil
	}
	page := &htmlChanges{Against: baseName(ch.against), Words: ch.words()}
	for _, t := range []told{{"changed", ch.changed}, {"added", ch.added}, {"removed", ch.removed}} {
		if len(t.cells) > 0 {
			page.Lists = append(page.Lists, m.told([]told{t})...)
		}
	}
	for _, t := range ch.unknown {
		page.Lists = append(page.Lists, m.told([]told{{"not known, " + t.words, t.cells}})...)
	}
	group := map[string]int{} // numbers of machines, by the ids of their cells
	for i, a := range ch.alike {
		page.Machines = append(page.Machines, htmlMachines{
			Number: i, Cells: m.links(a.cells), Name: ch.who(a.cells), Words: a.words,
			Size: a.before.String() + " → " + a.after.String(), Delta: a.delta.delta(),
		})
		for _, id := range a.cells {
			group[id] = i
		}
	}
	for _, w := range ch.where {
		page.packages(ch, w, group)
	}
	page.More = max(0, len(page.Packages)-mostPackages)
	page.Packages = page.Packages[:len(page.Packages)-page.More]
	slices.SortStableFunc(page.Packages, func(a, b htmlPackage) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return page
}

// packages appends those that changed on the same machines.
func (page *htmlChanges) packages(ch *changes, w where, group map[string]int) {
	var machines []int
	for _, id := range w.cells {
		machines = append(machines, group[id])
	}
	slices.Sort(machines)
	place := ch.all(w.cells)
	if place == "" && len(w.cells) > inlineCells {
		place = fmt.Sprintf("%d of %d", len(w.cells), len(group))
	}
	for _, p := range w.packages {
		page.Packages = append(page.Packages, htmlPackage{
			Sign: changeSign(p), Kind: string(p.Kind), Name: cmp.Or(p.Name, "(no name)"),
			Before: versions(p.Before), After: versions(p.After), Delta: humanDelta(p.Size), Bytes: p.Size,
			Where: cmp.Or(place, and(w.cells)), Machines: ranges(machines),
		})
	}
}

// ranges writes ascending numbers in short: 0-3,7.
func ranges(numbers []int) string {
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] <= numbers[j]+1 {
			j++
		}
		part := strconv.Itoa(numbers[i])
		if numbers[j] > numbers[i] {
			part += "-" + strconv.Itoa(numbers[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ",")
}
