package closure

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/result"
)

// paths makes a closure of names, or of NAME=HASH to distinguish paths with the same name. The
// name and the hash determine the size of a path.
func paths(names ...string) Paths {
	p := Paths{}
	for _, n := range names {
		name, hash, _ := strings.Cut(n, "=")
		p[fmt.Sprintf("/nix/store/%032s-%s", hash, name)] = int64(100*len(hash) + len(name))
	}
	return p
}

func TestDiff(t *testing.T) {
	tests := map[string]struct {
		before, after []string
		packages      string // name kind before→after size
		rebuilt       int
	}{
		"nothing":       {[]string{"a-1"}, []string{"a-1"}, "", 0},
		"added":         {nil, []string{"a-1"}, "a added [][1]+3", 0},
		"removed":       {[]string{"a-1", "a-1-bin"}, nil, "a removed [1][]-10", 0},
		"up":            {[]string{"a-1.9"}, []string{"a-1.10"}, "a up [1.9][1.10]+1", 0},
		"down":          {[]string{"a-2.0"}, []string{"a-1.9"}, "a down [2.0][1.9]+0", 0},
		"rebuilt":       {[]string{"a-1=x", "etc=x", "b-1"}, []string{"a-1=yy", "etc=yy", "b-1"}, "", 2},
		"an output":     {[]string{"a-1"}, []string{"a-1", "a-1-lib32"}, "", 1},
		"outputs":       {[]string{"a-1", "a-1-dev"}, []string{"a-2", "a-2-lib"}, "a up [1][2]+0", 0},
		"one less":      {[]string{"a-1", "a-2"}, []string{"a-2"}, "a changed [1 2][2]-3", 0},
		"one more":      {[]string{"a-1"}, []string{"a-1", "a-0"}, "a changed [1][0 1]+3", 0},
		"one of two up": {[]string{"a-1", "a-3"}, []string{"a-2", "a-3"}, "a up [1 3][2 3]+0", 0},
		"two up":        {[]string{"a-1", "a-5"}, []string{"a-2", "a-6"}, "a up [1 5][2 6]+0", 0},
		"nearer":        {[]string{"a-1", "a-5"}, []string{"a-2", "a-4"}, "a changed [1 5][2 4]+0", 0},
		"as old":        {[]string{"a-1.0"}, []string{"a-1-0"}, "a changed [1.0][1-0]+0", 0},
		"a version":     {[]string{"a"}, []string{"a-1"}, "a up [][1]+2", 0},
		"order":         {nil, []string{"b-1", "a-1", "B-1"}, "B added [][1]+3,a added [][1]+3,b added [][1]+3", 0},
		"units": {[]string{"unit-a.service=x", "unit-old-.service"}, []string{"unit-a.service=yy", "unit-b.service", "unit-script-b-pre-start", "X-Restart-Triggers-b"},
			"unit-b.service added [][]+57,unit-old-.service removed [][]-17", 1},
		"a system": {[]string{"nixos-system-h-25.05.20250101.0a1b2c3", "etc=x", "system-path=x"}, []string{"nixos-system-h-25.05.20250201.9f8e7d6", "etc=yy", "system-path=yy"},
			"nixos-system-h up [25.05.20250101.0a1b2c3][25.05.20250201.9f8e7d6]+0", 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before, after := paths(tt.before...), paths(tt.after...)
			d := Diff(before, after)
			var got []string
			for _, p := range d.Packages {
				got = append(got, fmt.Sprintf("%s %s %v%v%+d", p.Name, p.Kind, p.Before, p.After, p.Size))
			}
			if got := strings.Join(got, ","); got != tt.packages || d.Rebuilt != tt.rebuilt {
				t.Errorf("packages %s, %d rebuilt; want %s, %d", got, d.Rebuilt, tt.packages, tt.rebuilt)
			}
			check(t, before, after)
		})
	}
}

// A package without a version has an empty one.
func TestNoVersionIsAVersion(t *testing.T) {
	d := Diff(nil, paths("unit-a.service"))
	if len(d.Packages) != 1 || len(d.Packages[0].After) != 1 || d.Packages[0].Before != nil {
		t.Errorf("got %+v", d)
	}
}

// check checks the properties that every difference has.
func check(t *testing.T, before, after Paths) {
	t.Helper()
	d := Diff(before, after)
	sum := d.RebuiltSize
	for _, p := range d.Packages {
		sum += p.Size
	}
	if sum != d.After-d.Before || d.Before != before.size() || d.After != after.size() {
		t.Errorf("changes are %d bytes of %d", sum, d.After-d.Before)
	}
	want := result.ClosureDiff{Before: d.After, After: d.Before, Rebuilt: d.Rebuilt, RebuiltSize: -d.RebuiltSize}
	mirrored := map[result.VersionChange]result.VersionChange{result.PackageAdded: result.PackageRemoved, result.PackageRemoved: result.PackageAdded, result.PackageUp: result.PackageDown, result.PackageDown: result.PackageUp, result.PackageModified: result.PackageModified}
	for _, p := range d.Packages {
		want.Packages = append(want.Packages, result.PackageChange{Name: p.Name, Kind: mirrored[p.Kind], Before: p.After, After: p.Before, Size: -p.Size})
	}
	if got := Diff(after, before); !reflect.DeepEqual(got, want) {
		t.Errorf("the other way round is\n%+v, want\n%+v", got, want)
	}
	for _, p := range []Paths{before, after} {
		if same := Diff(p, maps.Clone(p)); same.Packages != nil || same.Rebuilt != 0 || same.Before != same.After {
			t.Errorf("difference to itself is %+v", same)
		}
	}
}

func TestAnyDifference(t *testing.T) {
	words := []string{"a", "b", "etc", "lib", "bin", "unit-a.service", "1", "1.0", "2pre", "0a", "2024-01-01", "10", "-", "x.drv"}
	random := rand.New(rand.NewPCG(1, 2))
	closure := func() Paths {
		p := Paths{}
		for range random.IntN(40) {
			var parts []string
			for range 1 + random.IntN(3) {
				parts = append(parts, words[random.IntN(len(words))])
			}
			p[fmt.Sprintf("/nix/store/%032d-%s", random.IntN(3), strings.Join(parts, "-"))] = random.Int64N(1e9)
		}
		return p
	}
	for range 2000 {
		check(t, closure(), closure())
	}
}

func FuzzDiff(f *testing.F) {
	f.Add("a-1 b-2-lib unit-a.service", "a-2 b-2-bin")
	f.Add("", "-- --1 a- /nix/store/x")
	f.Fuzz(func(t *testing.T, before, after string) {
		check(t, raw(before), raw(after))
	})
}

// raw makes a closure of unchanged paths.
func raw(list string) Paths {
	p := Paths{}
	for _, path := range strings.Fields(list) {
		p[path] = int64(len(path))
	}
	return p
}

func TestParsePath(t *testing.T) {
	for name, want := range map[string]string{
		"glibc-2.40-36":                       "glibc 2.40-36",
		"glibc-2.40-36-bin":                   "glibc 2.40-36",
		"python3.12-requests-2.31.0-dist":     "python3.12-requests 2.31.0",
		"hello-2.12-unstable-2024-01-01":      "hello 2.12-unstable-2024-01-01",
		"linux-6.6.1-modules":                 "linux 6.6.1",
		"system-path":                         "system-path ",
		"home-manager-files":                  "home-manager-files ",
		"dbus-glib-lib":                       "dbus-glib ",
		"lib":                                 "lib ",
		"unit-dev-disk-by-x2dlabel-x.device":  "unit-dev-disk-by-x2dlabel-x.device ",
		"unit-user-1000.slice":                "unit-user-1000.slice ",
		"unit-script-a-pre-start":             "unit-a.service ",
		"unit-script-network-addresses-start": "unit-network-addresses.service ",
		"unit-script-other":                   "unit-script-other ",
		"X-Reload-Triggers-polkit":            "unit-polkit.service ",
		"-1":                                  "-1 ",
	} {
		if n, v := parsePath("/nix/store/00000000000000000000000000000000-" + name); n+" "+v != want {
			t.Errorf("%s is %q %q", name, n, v)
		}
	}
}
