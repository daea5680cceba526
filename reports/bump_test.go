package reports

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/flakeci/flakeci/result"
)

// bump is a fleet whose nixpkgs is a month younger: nine hundred packages changed
// on every host, some of them in every home, and a driver on two hosts alone.
func bump() result.Report {
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
	add := func(c result.Cell, took float64, before int64, packages []result.PackageChange) {
		c.Status, c.How = result.Passed, result.Built
		c.Phases = []result.Phase{{Name: result.ParsePhaseName("eval"), Status: result.Passed, Duration: 2}, {Name: result.ParsePhaseName("build"), Status: result.Passed, Duration: took}}
		after := before
		for _, p := range packages {
			after += p.Size
		}
		c.Base = &result.CellBase{
			Change: result.CellChanged, Outcome: result.Same, Status: result.Passed,
			Closure: &result.Closure{Before: before, After: after, Packages: packages, Rebuilt: 212},
		}
		r.Cells = append(r.Cells, c)
	}
	for i, host := range r.Grid.Hosts {
		packages := all
		if host == "laptop" || host == "reason" {
			packages = append(all[:7:7], driver)
			packages = append(packages, all[7:]...)
		}
		add(result.Cell{ID: "nixos/" + host, Kind: "nixos", Host: host}, 300+float64(i)*17, 8_000_000_000+int64(i)*1_000_000_000, packages)
	}
	for _, home := range [][2]string{{"joachim", "laptop"}, {"joachim", "reason"}, {"work", "laptop"}} {
		add(result.Cell{ID: "home/" + home[0] + "@" + home[1], Kind: "home", User: home[0], Host: home[1]}, 41, 1_200_000_000, all[2:90:90])
	}
	return r
}

func TestNineHundredPackagesStayReadable(t *testing.T) {
	r := bump()
	for suffix, write := range sinks() {
		if suffix != ".md" && suffix != ".table80.txt" {
			continue
		}
		golden(t, filepath.Join("testdata", "bump"+suffix), written(t, write, r))
	}
	o := onGitHub()
	o.Limit = 16000
	golden(t, filepath.Join("testdata", "bump-16000.md"), []byte(markdownOf(t, r, o)))
	checkEverySink(t, r)
}
