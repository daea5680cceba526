package main

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/matrix"
)

// This is the table in docs/configuration.md: --vm selects the hosts to boot, and --kind
// what else to test.
func TestWhichHostsBoot(t *testing.T) {
	fleet := matrix.New(matrix.Inventory{NixOS: []string{"desk", "nas"}, Homes: []matrix.Home{{Key: "joe@desk"}}})
	for args, want := range map[string]string{
		"":                                 "nixos/desk nixos/nas home/joe@desk",
		"--host desk":                      "nixos/desk home/joe@desk",
		"--vm desk":                        "nixos/desk nixos/nas home/joe@desk vm/desk",
		"--vm all":                         "nixos/desk nixos/nas home/joe@desk vm/desk vm/nas",
		"--vm all --host desk":             "nixos/desk home/joe@desk vm/desk",
		"--vm desk --host desk":            "nixos/desk home/joe@desk vm/desk",
		"--kind vm":                        "vm/desk vm/nas",
		"--kind vm --host desk":            "vm/desk",
		"--kind vm --vm all":               "vm/desk vm/nas",
		"--kind vm --vm desk":              "vm/desk",
		"--kind vm --vm desk --vm nas":     "vm/desk vm/nas",
		"--kind vm --vm desk --host desk":  "vm/desk",
		"--kind nixos --vm desk":           "nixos/desk nixos/nas vm/desk",
		"--kind nixos,vm --vm desk":        "nixos/desk nixos/nas vm/desk",
		"--kind all --vm desk":             "nixos/desk nixos/nas home/joe@desk vm/desk",
		"--kind all":                       "nixos/desk nixos/nas home/joe@desk",
		"--kind nixos,vm --vm none":        "nixos/desk nixos/nas",
		"--kind vm --vm desk --cell vm/*":  "vm/desk",
		"--vm desk --exclude vm/*":         "nixos/desk nixos/nas home/joe@desk",
		"--kind nixos --host nas --vm all": "nixos/nas vm/nas",
	} {
		t.Run(args, func(t *testing.T) {
			var s selectionFlags
			flags := pflag.NewFlagSet("", pflag.ContinueOnError)
			s.add(flags)
			s.addVMs(flags)
			if err := flags.Parse(strings.Fields(args)); err != nil {
				t.Fatal(err)
			}
			selection, err := s.Selection()
			if err != nil {
				t.Fatal(err)
			}
			m, err := fleet.Select(selection)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, c := range m.Cells {
				ids = append(ids, c.ID)
			}
			if got := strings.Join(ids, " "); got != want {
				t.Errorf("takes %s, want %s", got, want)
			}
		})
	}
}
