package sample

import (
	"fmt"
	"math/rand"
	"strings"
	"time"

	"github.com/flakeci/flakeci/result"
)

// Bump returns a run after a month of changes in nixpkgs: nine hundred packages changed on every
// host, some of them in every home, and a driver on only two hosts.
func Bump() result.Report {
	words := []string{
		"amber", "brook", "cedar", "delta", "ember", "fjord", "grove", "heron", "islet", "jade", "kelp", "lotus", "maple",
		"north", "ocean", "prism", "quill", "raven", "slate", "thorn", "umber", "vivid", "willow", "xenon", "yield", "zephyr",
	}
	of := func(name string, kind result.VersionChange, before, after string, size int64) result.PackageChange {
		p := result.PackageChange{Name: name, Kind: kind, Size: size}
		if before != "" {
			p.Before = []string{before}
		}
		if after != "" {
			p.After = []string{after}
		}
		return p
	}
	all := []result.PackageChange{
		of("cups-filters", result.PackageAdded, "", "2.0.1", 5242880),
		of("ffmpeg", result.PackageUp, "7.1.1", "8.0", 3145728),
		of("firefox", result.PackageUp, "138.0.1", "141.0", 11534336),
		of("glibc", result.PackageUp, "2.40-66", "2.41-12", 90000),
		of("linux", result.PackageUp, "6.12.30", "6.15.4", 7340032),
		of("mesa", result.PackageUp, "25.0.7", "25.1.5", 2097152),
		of("nix", result.PackageUp, "2.31.2", "2.34.8", 2400000),
		of("postgresql", result.PackageDown, "17.6", "17.5", -4096),
		of("pulseaudio", result.PackageRemoved, "17.0", "", -8388608),
		{Name: "python3", Kind: result.PackageModified, Before: []string{"3.11.13", "3.12.11"}, After: []string{"3.12.11"}, Size: -104857600},
		of("systemd", result.PackageUp, "257.6", "258", -1048576),
	}
	for i := len(all); i < 900; i++ {
		name := fmt.Sprintf("%s-%s", words[i%len(words)], words[(i/len(words)+i*7)%len(words)])
		all = append(all, of(name, result.PackageUp, fmt.Sprintf("%d.%d.%d", i%7, i%20, i%13), fmt.Sprintf("%d.%d.%d", i%7, i%20, i%13+1), int64(i*i%100000-40000)))
	}
	driver := of("nvidia-x11", result.PackageUp, "570.153.02", "575.64", 52428800)
	r := result.Report{
		Tool: result.Tool{Version: "0.2.0"}, Nix: result.Tool{Version: "2.34.8"}, Duration: 4215, Verdict: result.VerdictPassed,
		Flake: result.Flake{Ref: ".", Rev: "4f2c1d9a0b7e6c5d4f3a2b1c0d9e8f7a6b5c4d3e"},
		Base:  &result.Base{Ref: "main", Rev: "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", Note: "where update-flake-lock left it"},
		Grid:  result.Grid{Hosts: []string{"attic", "desk", "laptop", "reason", "shed"}, Users: []string{"joachim", "work"}},
	}
	add := func(c result.CellResult, took float64, before int64, packages []result.PackageChange) {
		c.Status, c.How = result.Passed, result.Built
		c.Phases = []result.Phase{{Name: result.ParsePhaseName("eval"), Status: result.Passed, Duration: 2}, {Name: result.ParsePhaseName("build"), Status: result.Passed, Duration: took}}
		after := before
		for _, p := range packages {
			after += p.Size
		}
		c.Base = &result.CellBase{
			Change: result.CellChanged, Outcome: result.Same, Status: result.Passed,
			Closure: &result.ClosureDiff{Before: before, After: after, Packages: packages, Rebuilt: 212},
		}
		r.Cells = append(r.Cells, c)
	}
	for i, host := range r.Grid.Hosts {
		packages := all
		if host == "laptop" || host == "reason" {
			packages = append(all[:7:7], driver)
			packages = append(packages, all[7:]...)
		}
		add(result.CellResult{Cell: result.Cell{ID: "nixos/" + host, Kind: result.KindNixOS, Host: host}}, 300+float64(i)*17, 8_000_000_000+int64(i)*1_000_000_000, packages)
	}
	for _, home := range [][2]string{{"joachim", "laptop"}, {"joachim", "reason"}, {"work", "laptop"}} {
		add(result.CellResult{Cell: result.Cell{ID: "home/" + home[0] + "@" + home[1], Kind: result.KindHome, User: home[0], Host: home[1]}}, 41, 1_200_000_000, all[2:90:90])
	}
	return r
}

// Closure returns the difference of a closure with a number of changed packages.
func Closure(packages int) *result.ClosureDiff {
	c := &result.ClosureDiff{Before: 8_100_000_000, After: 8_312_000_000, Rebuilt: 120}
	kinds := []result.VersionChange{result.PackageUp, result.PackageUp, result.PackageUp, result.PackageUp, result.PackageDown, result.PackageAdded, result.PackageRemoved, result.PackageModified}
	for i := range packages {
		p := result.PackageChange{
			Name: fmt.Sprintf("%s-%03d", []string{"firefox", "linux", "python3.13-requests", "systemd", "glibc", "qtbase"}[i%6], i),
			Kind: kinds[i%len(kinds)], Before: []string{fmt.Sprintf("%d.%d.1", i/7, i%7)}, After: []string{fmt.Sprintf("%d.%d.2", i/7, i%7)},
			Size: int64(i-packages/3) * 123_456,
		}
		switch p.Kind {
		case result.PackageAdded:
			p.Before = nil
		case result.PackageRemoved:
			p.After = nil
		}
		c.Packages = append(c.Packages, p)
	}
	return c
}

// Large returns a run of a hundred hosts after an update of nixpkgs: 500 cells, most of them with
// about 900 changed packages, no two alike.
func Large() result.Report {
	rng := rand.New(rand.NewSource(1))
	began := time.Date(2026, 3, 14, 1, 0, 0, 0, time.UTC)
	r := result.Report{
		Schema: result.Schema, Tool: result.Tool{Version: "0.1.0"}, Nix: result.Tool{Version: "2.34.8"}, Started: began, Duration: 4215, Verdict: result.VerdictFailed,
		Flake: result.Flake{Ref: "github:example/fleet", Rev: "4f2c1d9a0b7e6c5d4f3a2b1c0d9e8f7a6b5c4d3e"},
		Base:  &result.Base{Ref: "main", Rev: "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"},
		Grid:  result.Grid{Users: []string{"admin", "joachim", "work"}, Orphans: []string{}},
	}
	bump := Closure(950).Packages
	lanes := make([]float64, 8)
	for i := range 100 {
		host := fmt.Sprintf("host-%03d", i)
		r.Grid.Hosts = append(r.Grid.Hosts, host)
		cells := []result.CellResult{
			{Cell: result.Cell{ID: "nixos/" + host, Kind: result.KindNixOS}}, {Cell: result.Cell{ID: "vm/" + host, Kind: result.KindVM}},
			{Cell: result.Cell{ID: "home/admin@" + host, Kind: result.KindHome, User: "admin"}},
			{Cell: result.Cell{ID: "home/joachim@" + host, Kind: result.KindHome, User: "joachim"}},
			{Cell: result.Cell{ID: "home/work@" + host, Kind: result.KindHome, User: "work"}},
		}
		for _, c := range cells {
			c.Host, c.System, c.Status, c.How = host, "x86_64-linux", result.Passed, result.Built
			c.Attr = fmt.Sprintf("nixosConfigurations.%s.config.system.build.toplevel", host)
			c.DrvPath = fmt.Sprintf("/nix/store/%032x-nixos-system-%s-26.05.drv", rng.Int63(), host)
			c.Base = &result.CellBase{Change: result.CellChanged, Outcome: result.Same, Status: result.Passed, DrvPath: fmt.Sprintf("/nix/store/%032x-nixos-system-%s-26.05.drv", rng.Int63(), host)}
			if c.Kind != result.KindVM {
				c.Base.Closure = partOf(bump, rng)
			}
			lane := rng.Intn(len(lanes))
			for _, name := range []string{"eval", "build", "boot"} {
				if name == "boot" && c.Kind != result.KindVM {
					continue
				}
				took := 2 + rng.ExpFloat64()*20
				c.Phases = append(c.Phases, result.Phase{Name: result.ParsePhaseName(name), Status: result.Passed, Started: began.Add(time.Duration(lanes[lane] * 1e9)), Duration: took, Attempts: 1, MaxRSS: rng.Int63n(4e9)})
				lanes[lane] += took
			}
			if rng.Intn(40) == 0 {
				id := fmt.Sprintf("c%d", len(r.Causes)+1)
				c.Status, c.How, c.Causes = result.Failed, "", []string{id}
				c.Phases[len(c.Phases)-1].Status = result.Failed
				c.Base.Outcome = []result.Outcome{result.NewFailure, result.AlreadyBroken}[rng.Intn(2)]
				r.Causes = append(r.Causes, result.Cause{ID: id, Kind: "build", Title: fmt.Sprintf("libfrob-%d failed to build (exit 3)", len(r.Causes)), Cells: []string{c.ID}, LogTail: strings.Repeat("cc -O2 -c part.c\n", 30) + "frob.c:7: error: no frob"})
			}
			r.Cells = append(r.Cells, c)
		}
	}
	return r
}

// partOf returns a difference with nearly all of the packages, as on a host that lacks a few.
func partOf(packages []result.PackageChange, rng *rand.Rand) *result.ClosureDiff {
	c := &result.ClosureDiff{Before: 8e9 + rng.Int63n(2e9), Rebuilt: rng.Intn(300)}
	for _, p := range packages {
		if rng.Intn(20) > 0 {
			p.Size += rng.Int63n(1000)
			c.Packages = append(c.Packages, p)
			c.After += p.Size
		}
	}
	c.After += c.Before
	return c
}
