package html

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
)

// changes compares every machine with the base. Machines with the same changes are one entry,
// and so is each package that changed on several machines.
type changes struct {
	Against, Words string // the base; how many cells changed, were added and so on
	Lists          []note
	Machines       []machines
	Packages       []packageChange
	More           int // number of packages that are not listed
}

// machines is a group of machines on which the same packages changed.
type machines struct {
	Number      int
	Cells       []link
	Name        string // a short name for all of them
	Words       string // how many packages were added and so on
	Size, Delta string
}

// packageChange is a change of one package, and where it took place.
type packageChange struct {
	Sign, Kind          string
	Name, Before, After string
	Delta               string
	Bytes               int64  // growth, to sort by
	Where               string // in words
	Machines            string // numbers of [machines] as ranges, such as "0-3,7"
}

// maxPackages is how many changes of packages are listed: those on the most machines.
const maxPackages = 4000

// changes makes the changes, nil if the run has no comparison.
func (b *builder) changes() *changes {
	ch := view.NewChanges(b.report)
	if ch == nil {
		return nil
	}
	page := &changes{Against: view.BaseName(ch.Base), Words: ch.Summary()}
	page.Lists = b.withLinks(ch.Lists())
	for _, n := range ch.Unknown {
		page.Lists = append(page.Lists, b.withLinks([]view.Note{{Text: "unknown, " + n.Text, Cells: n.Cells}})...)
	}
	numbers := map[string]int{} // of groups of machines, by the ids of their cells
	for i, g := range ch.Machines {
		page.Machines = append(page.Machines, machines{
			Number: i, Cells: b.links(g.Cells), Name: ch.Names(g.Cells), Words: g.Text,
			Size: g.Before.String() + " → " + g.After.String(), Delta: g.Delta.Signed(),
		})
		for _, id := range g.Cells {
			numbers[id] = i
		}
	}
	for _, g := range ch.Packages {
		page.packages(ch, g, numbers)
	}
	page.More = max(0, len(page.Packages)-maxPackages)
	page.Packages = page.Packages[:len(page.Packages)-page.More]
	slices.SortStableFunc(page.Packages, func(a, b packageChange) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return page
}

// packages appends the packages of a group.
func (page *changes) packages(ch *view.Changes, g view.PackageGroup, numbers map[string]int) {
	var machines []int
	for _, id := range g.Cells {
		machines = append(machines, numbers[id])
	}
	slices.Sort(machines)
	where := ch.AllName(g.Cells)
	if where == "" && len(g.Cells) > view.InlineCells {
		where = fmt.Sprintf("%d of %d", len(g.Cells), len(numbers))
	}
	for _, p := range g.Packages {
		page.Packages = append(page.Packages, packageChange{
			Sign: view.ChangeSign(p), Kind: string(p.Kind), Name: cmp.Or(p.Name, "(no name)"),
			Before: view.Versions(p.Before), After: view.Versions(p.After), Delta: view.FormatBytesDelta(p.Size), Bytes: p.Size,
			Where: cmp.Or(where, view.JoinAnd(g.Cells)), Machines: ranges(machines),
		})
	}
}

// ranges writes ascending numbers as ranges: 0-3,7.
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
