package matrix_test

import (
	"fmt"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

func ExampleNew() {
	m := matrix.New(matrix.Inventory{
		NixOS: []string{"reason", "laptop"},
		Homes: []matrix.Home{
			{Key: "joachim"},
			{Key: "joachim@reason"},
			{Key: "work@laptop"},
			{Key: "work@attic"},
		},
	})
	for _, host := range m.Grid.Hosts {
		for _, user := range m.Grid.Users {
			if home, found := m.Home(host, user); found {
				fmt.Printf("%s on %s: %s\n", user, host, home.ID)
			}
		}
	}
	fmt.Println("orphans:", m.Grid.Orphans)
	// Output:
	// joachim on laptop: home/joachim
	// work on laptop: home/work@laptop
	// joachim on reason: home/joachim@reason
	// orphans: [home/work@attic]
}

func ExampleMatrix_Select() {
	m := matrix.New(matrix.Inventory{
		NixOS: []string{"reason", "laptop"},
		Homes: []matrix.Home{{Key: "joachim"}, {Key: "work@laptop"}},
	})
	chosen, err := m.Select(matrix.Selection{
		Hosts: []string{"reason"},
		Kinds: []result.Kind{result.KindNixOS, result.KindHome},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range chosen.Cells {
		fmt.Println(c.ID, c.Attr)
	}
	// Output:
	// nixos/reason nixosConfigurations.reason.config.system.build.toplevel
	// home/joachim homeConfigurations.joachim.activationPackage
}
