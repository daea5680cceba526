package selection

import (
	"strings"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// Name is a name in a flake, with the flag that selects it.
type Name struct{ Text, What, Flag string }

// Names lists the names that a person may use for the cells of a flake.
func Names(m matrix.Matrix) []Name {
	var all []Name
	for _, host := range m.Grid.Hosts {
		all = append(all, Name{host, "a host", "--host " + host})
	}
	for _, user := range m.Grid.Users {
		all = append(all, Name{user, "a user", "--user " + user})
	}
	for _, c := range m.Cells {
		flag := "--cell " + c.ID
		if c.Kind == result.KindVM {
			flag = "--vm " + c.Host
		}
		all = append(all, Name{c.ID, "a cell", flag})
		if _, key, _ := strings.Cut(c.ID, "/"); c.Kind == result.KindHome && c.PartOf == "" {
			all = append(all, Name{key, "a home", flag})
		}
	}
	return all
}
