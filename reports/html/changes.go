package html

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
)

// changes is what became of every machine since the base: machines whose
// packages changed alike together, and each package once for all of them.
type changes struct {
	Against, Words string // the base; how many cells changed, are new, …
	Lists          []note
	Machines       []machines
	Packages       []packageChange
	More           int // packages that are not listed
}

// machines are those of which the same packages changed.
type machines struct {
	Number      int
	Cells       []link
	Name        string // of all of them, in short
	Words       string // how many packages were added, …
	Size, Delta string
}

// packageChange is a change of one package, and where it took place.
type packageChange struct {
	Sign, Kind          string
	Name, Before, After string
	Delta               string
	Bytes               int64  // by how many it grew, to sort by
	Where               string // in words
	Machines            string // numbers of [machines], such as "0-3,7"
}

// mostPackages is how many changes of packages are listed; of more those on the most
// machines.
const mostPackages = 4000

// changes is nil for a run without a comparison.
func (m *maker) changes() *changes {
	ch := view.NewChanges(m.report)
	if ch == nil {
		return nil
	}
	page := &changes{Against: view.BaseName(ch.Base), Words: ch.Summary()}
	for _, t := range ch.Lists() {
		page.Lists = append(page.Lists, m.told([]view.Note{t})...)
	}
	for _, t := range ch.Unknown {
		page.Lists = append(page.Lists, m.told([]view.Note{{Text: "not known, " + t.Text, Cells: t.Cells}})...)
	}
	group := map[string]int{} // numbers of machines, by the ids of their cells
	for i, a := range ch.Machines {
		page.Machines = append(page.Machines, machines{
			Number: i, Cells: m.links(a.Cells), Name: ch.Names(a.Cells), Words: a.Text,
			Size: a.Before.String() + " → " + a.After.String(), Delta: a.Delta.Signed(),
		})
		for _, id := range a.Cells {
			group[id] = i
		}
	}
	for _, w := range ch.Packages {
		page.packages(ch, w, group)
	}
	page.More = max(0, len(page.Packages)-mostPackages)
	page.Packages = page.Packages[:len(page.Packages)-page.More]
	slices.SortStableFunc(page.Packages, func(a, b packageChange) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return page
}

// packages appends those that changed on the same machines.
func (page *changes) packages(ch *view.Changes, w view.PackageGroup, group map[string]int) {
	var machines []int
	for _, id := range w.Cells {
		machines = append(machines, group[id])
	}
	slices.Sort(machines)
	place := ch.AllName(w.Cells)
	if place == "" && len(w.Cells) > view.InlineCells {
		place = fmt.Sprintf("%d of %d", len(w.Cells), len(group))
	}
	for _, p := range w.Packages {
		page.Packages = append(page.Packages, packageChange{
			Sign: view.ChangeSign(p), Kind: string(p.Kind), Name: cmp.Or(p.Name, "(no name)"),
			Before: view.Versions(p.Before), After: view.Versions(p.After), Delta: view.BytesDelta(p.Size), Bytes: p.Size,
			Where: cmp.Or(place, view.JoinAnd(w.Cells)), Machines: ranges(machines),
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
