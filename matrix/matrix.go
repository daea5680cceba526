package matrix

import (
	"slices"

	"github.com/flakeci/flakeci/result"
)

// Matrix is the cells of a flake, or a selection of them, with their grid. A selection
// still knows what else the flake offers, so that leaving out joachim@laptop does not make
// the bare home joachim serve laptop.
type Matrix struct {
	Grid  Grid          `json:"grid"`
	Cells []result.Cell `json:"cells"` // sorted by kind in display order, then by id

	offer *offer // everything the flake offers
	scope scope
}

// New makes the cells of an inventory and the grid of all hosts and users.
func New(inv Inventory) Matrix {
	cells := slices.Concat(hostCells(inv), elsewhereCells(inv), homeCells(inv.Homes), embeddedCells(inv), outputCells(inv))
	cells = sortUnique(cells)
	return build(cells, cells, inv.Infos, scope{})
}

// With returns the matrix with more cells, such as embedded homes found in the evaluation of their
// host. A cell with the same id is replaced, for example once evaluation has found its system.
func (m Matrix) With(cells ...result.Cell) Matrix {
	return build(merge(m.offered().cells, cells), merge(m.Cells, cells), m.offered().infos, m.scope)
}

// offered returns what the whole flake offers. A matrix made by hand knows only its own cells.
func (m Matrix) offered() *offer {
	if m.offer != nil {
		return m.offer
	}
	return newOffer(m.Cells, nil)
}

// merge adds newer cells to the old ones. A newer cell replaces an old one with the same id.
func merge(old, newer []result.Cell) []result.Cell {
	replaced := map[string]bool{}
	for _, c := range newer {
		replaced[c.ID] = true
	}
	kept := slices.DeleteFunc(slices.Clone(old), func(c result.Cell) bool { return replaced[c.ID] })
	return sortUnique(append(kept, newer...))
}

// sortUnique sorts cells and keeps one of each id.
func sortUnique(cells []result.Cell) []result.Cell {
	slices.SortStableFunc(cells, Compare)
	return slices.CompactFunc(cells, func(a, b result.Cell) bool { return a.ID == b.ID })
}

// hostCells makes the cells of hosts. Only NixOS hosts can be booted as VMs.
func hostCells(inv Inventory) []result.Cell {
	var cells []result.Cell
	for _, host := range inv.NixOS {
		cells = append(cells, nixosCell(host), vmCell(host))
	}
	for _, host := range inv.Darwin {
		cells = append(cells, darwinCell(host))
	}
	return cells
}

// homeCells makes the cells of homeConfigurations. If an entry is listed twice, the listing with
// a user name counts.
func homeCells(homes []Home) []result.Cell {
	type place struct{ key, system string }
	names := map[place]string{}
	places := map[string]int{} // number of entries with the key
	for _, h := range homes {
		p := place{h.Key, h.System}
		if _, seen := names[p]; !seen {
			places[h.Key]++
		}
		names[p] = max(names[p], h.Username)
	}
	var cells []result.Cell
	for p, username := range names {
		cells = append(cells, homeCell(Home{p.key, p.system, username}, places[p.key] > 1))
	}
	return cells
}

// embeddedCells makes the cells of homes embedded in hosts.
func embeddedCells(inv Inventory) []result.Cell {
	names, elsewhere := map[Embedded]string{}, elsewhereCells(inv)
	for _, e := range inv.Embedded {
		key := Embedded{Host: e.Host, In: e.In, User: e.User}
		names[key] = max(names[key], e.Username)
	}
	var cells []result.Cell
	for e, username := range names {
		host := nixosCell(e.Host)
		if slices.Contains(inv.Darwin, e.Host) && !slices.Contains(inv.NixOS, e.Host) {
			host = darwinCell(e.Host)
		}
		if i := slices.IndexFunc(elsewhere, func(c result.Cell) bool { return c.ID == e.In }); i >= 0 {
			host = elsewhere[i]
		}
		cells = append(cells, EmbeddedCell(host, e.User, username))
	}
	return cells
}

// outputCells makes the cells without a host or a user.
func outputCells(inv Inventory) []result.Cell {
	var cells []result.Cell
	for _, o := range inv.Checks {
		cells = append(cells, outputCell(result.KindCheck, "checks", o))
	}
	for _, o := range inv.Packages {
		cells = append(cells, outputCell(result.KindPackage, "packages", o))
	}
	for _, o := range inv.DevShells {
		cells = append(cells, outputCell(result.KindDevShell, "devShells", o))
	}
	for _, system := range inv.Formatters {
		cells = append(cells, formatterCell(system))
	}
	return cells
}
