package matrix

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/result"
)

// draw writes rows as text, one on each line.
func draw(m Matrix) string {
	id := func(c *result.Cell) string {
		if c == nil {
			return "-"
		}
		return c.ID
	}
	var b strings.Builder
	for _, r := range m.rows() {
		name := r.Host
		switch {
		case r.NoHost:
			name = "anywhere"
		case r.Orphan:
			name += "?"
		}
		fmt.Fprintf(&b, "%s: %s %s", name, id(r.System), id(r.VM))
		for _, c := range r.Homes {
			b.WriteString(" " + id(c))
		}
		for _, c := range r.Others {
			b.WriteString(" +" + id(c))
		}
		if r.Untested != "" {
			b.WriteString(" not " + r.Untested)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestRows(t *testing.T) {
	tests := []struct {
		name string
		inv  Inventory
		sel  Selection
		want string
	}{
		{"the fleet", fleet(), Selection{}, `
laptop: nixos/laptop vm/laptop nixos/laptop/home/eve home/joachim home/work@laptop
mac: darwin/mac - - darwin/mac/home/joachim -
reason: nixos/reason vm/reason - home/joachim@reason -
attic?: - - - - home/work@attic
anywhere: - - - - - +home/niri-desktop
`},
		{"one host", fleet(), Selection{Hosts: []string{"laptop"}, Kinds: []result.Kind{result.KindNixOS, result.KindHome}}, `
laptop: nixos/laptop - nixos/laptop/home/eve home/joachim home/work@laptop
`},
		{"without the own home", fleet(), Selection{Users: []string{"joachim"}, Exclude: []string{"home/joachim@reason"}}, `
laptop: - - home/joachim
mac: - - darwin/mac/home/joachim
`},
		{"a Mac that is not selected", fleet(), Selection{Kinds: []result.Kind{result.KindNixOS}}, `
laptop: nixos/laptop -
mac: - - not darwin/mac
reason: nixos/reason -
`},
		{"a Mac of another host", fleet(), Selection{Kinds: []result.Kind{result.KindNixOS}, Hosts: []string{"laptop"}}, `
laptop: nixos/laptop -
`},
		{"a Mac that is excluded", fleet(), Selection{Kinds: []result.Kind{result.KindNixOS}, Exclude: []string{"*mac", "*laptop"}}, `
reason: nixos/reason -
`},
		{"homes only", Inventory{Homes: []Home{{Key: "u@b"}, {Key: "v"}, {Key: "k1", Username: "w"}, {Key: "k2", Username: "w"}}}, Selection{}, `
b: - - home/u@b home/v
anywhere: - - - - +home/k1 +home/k2
`},
		{"bare homes only", Inventory{Homes: []Home{{Key: "v"}, {Key: "u"}}}, Selection{}, `
anywhere: - - +home/u +home/v
`},
		{"a bare home that nobody needs", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u"}, {Key: "u@h"}}}, Selection{}, `
h: nixos/h vm/h home/u@h
anywhere: - - - +home/u
`},
		{"embedded and on its own", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u@h"}}, Embedded: []Embedded{{Host: "h", User: "u"}}}, Selection{}, `
h: nixos/h vm/h home/u@h +nixos/h/home/u
`},
		{"one key under two systems", Inventory{Homes: []Home{{Key: "u", System: "a-linux"}, {Key: "u", System: "b-linux"}}}, Selection{}, `
anywhere: - - +home/a-linux/u +home/b-linux/u
`},
		{"one name for two hosts", Inventory{NixOS: []string{"h"}, Darwin: []string{"h"}}, Selection{}, `
h: nixos/h vm/h +darwin/h
`},
		{"an empty name is a name", Inventory{NixOS: []string{""}, Homes: []Home{{Key: "u@"}, {Key: "k", Username: "u"}}}, Selection{}, `
: nixos/ vm/ home/u@
anywhere: - - - +home/k
`},
		{"no grid at all", Inventory{Checks: []Output{{"x86_64-linux", "c"}}}, Selection{}, "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := New(tt.inv).Select(tt.sel)
			if err != nil {
				t.Fatal(err)
			}
			if got := "\n" + draw(m); got != tt.want {
				t.Errorf("got%s\nwant%s", got, tt.want)
			}
		})
	}
}

func TestRowsPointIntoTheMatrix(t *testing.T) {
	m := New(fleet())
	m.rows()[0].System.System = "x86_64-linux"
	if m.Cells[0].System != "x86_64-linux" {
		t.Error("a row's cell is a copy")
	}
}
