package bench_test

import (
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/bench"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// An old Nix and a current one can build and check a fleet.
func TestFleetBuilds(t *testing.T) {
	p := prepare(t)
	f := bench.Fleet{
		Hosts: 1, Users: 2, Chains: 2, ChainLength: 2, Build: 10 * time.Millisecond,
		Weight: bench.Weight{Own: 2, Shared: 1, Lookups: 1}, Busybox: p.busybox, System: p.system(t),
	}
	for _, lane := range lanes.All(t) {
		p.nix = lane.Nix
		f.Salt, f.Checks = p.salt(), false
		dir := p.write(t, f)
		p.output(t, dir, "nix", append([]string{"build", "--no-link"}, installables(f)...)...)
		var built []string
		for _, path := range p.storePaths(t) {
			if _, name, found := strings.Cut(path, f.Salt+"-"); found && !strings.HasSuffix(name, ".drv") {
				built = append(built, name)
			}
		}
		slices.Sort(built)
		want := []string{"chain1-1", "chain1-2", "chain2-1", "chain2-2", "host1", "user1-host1", "user2-host1"}
		if !slices.Equal(built, want) {
			t.Errorf("Nix %s built %q", lane.Version, built)
		}
		f.Checks = true
		p.output(t, p.write(t, f), "nix", "flake", "check")
	}
}

func installables(f bench.Fleet) []string {
	var list []string
	for _, cell := range f.Cells() {
		list = append(list, ".#"+cell)
	}
	return list
}

// The number of parallel builds is measured.
func TestBuildsAreCounted(t *testing.T) {
	p := prepare(t)
	f := bench.Fleet{Hosts: 2, Build: 500 * time.Millisecond, Busybox: p.busybox, System: p.system(t)}
	for _, jobs := range []int{1, 2} {
		f.Salt = p.salt()
		u := p.measure(t, all.with("--max-jobs", strconv.Itoa(jobs)), p.write(t, f), t.TempDir())
		if u.builds != jobs {
			t.Errorf("with --max-jobs %d there were %d at once", jobs, u.builds)
		}
	}
}

// With one of two chains broken, the cells that need it fail. Here all cells do.
func TestFleetBreaks(t *testing.T) {
	p := prepare(t)
	f := bench.Fleet{
		Salt: p.salt(), Busybox: p.busybox, System: p.system(t),
		Hosts: 1, Chains: 2, ChainLength: 2, Broken: 1,
	}
	cmd := p.command(t.Context(), p.write(t, f), "nix", append([]string{"build", "--no-link", "--keep-going"}, installables(f)...)...)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "> broken\n") || !strings.Contains(string(out), f.Salt+"-chain1-1.drv") {
		t.Errorf("%v\n%s", err, out)
	}
}

// A fleet allocates what its weight says: the second host of a process less than the first.
func TestFleetWeighs(t *testing.T) {
	p := prepare(t)
	f := bench.Fleet{
		Salt: p.salt(), Busybox: p.busybox, System: p.system(t),
		Hosts: 2, Weight: bench.Weight{Own: 30, Shared: 60, Lookups: 1},
	}
	dir := p.write(t, f)
	allocated := func(hosts string) int {
		return totalBytes(t, p.command(t.Context(), dir, "nix", "eval", "--no-eval-cache", ".#nixosConfigurations",
			"--apply", "cs: map (h: cs.${h}.config.system.build.toplevel.drvPath) [ "+hosts+" ]")) >> 20
	}
	one, two := allocated(`"host1"`), allocated(`"host1" "host2"`)
	if one < 80 || one > 110 || two-one < 25 || two-one > 40 {
		t.Errorf("one host takes %d MiB, two take %d MiB", one, two)
	}
}

// totalBytes returns how many bytes Nix allocated.
func totalBytes(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	cmd.Env = append(cmd.Env, "NIX_SHOW_STATS=1")
	out, err := cmd.CombinedOutput()
	_, after, found := strings.Cut(string(out), `"totalBytes": `)
	if err != nil || !found {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	n := 0
	for _, digit := range after {
		if digit < '0' || digit > '9' {
			break
		}
		n = 10*n + int(digit-'0')
	}
	return n
}

func TestMinDuration(t *testing.T) {
	tests := []struct {
		fleet bench.Fleet
		want  time.Duration
	}{
		{bench.Fleet{Hosts: 10}, 0},
		{bench.Fleet{Hosts: 2, Users: 4, Build: time.Second}, 5 * time.Second},
		{bench.Fleet{Hosts: 2, Users: 4, Build: time.Second, Chains: 2, ChainLength: 3}, 8 * time.Second},
		{bench.Fleet{Hosts: 2, Build: time.Second, Chains: 1, ChainLength: 7}, 8 * time.Second},
	}
	for _, tt := range tests {
		if got := tt.fleet.MinDuration(2); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.fleet, got, tt.want)
		}
	}
}
