package sample

import (
	"fmt"
	"time"

	"github.com/flakeci/flakeci/result"
)

// Thousand returns a report of 1,000 hosts with five homes each. All its 6,000 cells failed, each by one
// of a number of causes, in turn; without causes all passed.
func Thousand(causes int) result.Report {
	began := time.Date(2026, 3, 14, 1, 0, 0, 0, time.UTC)
	r := result.Report{
		Schema: result.Schema, Tool: result.Tool{Version: "0.1.0"}, Nix: result.Tool{Version: "2.34.8"}, Started: began, Duration: 600,
		Flake: result.Flake{Ref: ".", Rev: "4f2c1d9a0b7e6c5d4f3a2b1c0d9e8f7a6b5c4d3e"},
		Grid:  result.Grid{Users: []string{"admin", "eve", "joachim", "root", "work"}, Orphans: []string{}},
	}
	for i := range causes {
		r.Causes = append(r.Causes, result.Cause{
			ID: fmt.Sprintf("c%d", i+1), Key: fmt.Sprintf("eval-%d", i+1), Kind: result.CauseEval, Title: fmt.Sprintf("does not evaluate: option programs.frob%d does not exist", i+1),
			Location: &result.Location{File: fmt.Sprintf("modules/frob%d.nix", i+1), Line: 3},
		})
	}
	for h := range 1000 {
		host := fmt.Sprintf("host%d", h+1)
		r.Grid.Hosts = append(r.Grid.Hosts, host)
		addTo(&r, result.Cell{ID: "nixos/" + host, Kind: result.KindNixOS, Host: host})
		for _, user := range r.Grid.Users {
			addTo(&r, result.Cell{ID: "home/" + user + "@" + host, Kind: result.KindHome, Host: host, User: user})
		}
	}
	r.Verdict = result.VerdictOf(r.Cells, r.Causes, false)
	return r
}

// addTo adds a cell with a result.
func addTo(r *result.Report, c result.Cell) {
	c.System = "x86_64-linux"
	got := result.CellResult{Cell: c, Status: result.Passed, How: result.Built}
	if n := len(r.Causes); n > 0 {
		cause := &r.Causes[len(r.Cells)%n]
		got.Status, got.How, got.Causes = result.Failed, "", []string{cause.ID}
		cause.Cells = append(cause.Cells, c.ID)
	}
	r.Cells = append(r.Cells, got)
}
