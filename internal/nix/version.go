package nix

import (
	"fmt"
	"regexp"
	"strconv"
)

// Version is a Nix release, as far as its command line differs: 2.34.8 is
// {2, 34, 8}.
type Version struct {
	Major, Minor, Patch int
}

// MinVersion is the oldest Nix that flakeci is tested with.
func MinVersion() Version { return Version{2, 8, 0} }

// The number that ends the line: "nix (Nix) 2.34.8", "nix (Lix, like Nix)
// 2.93.0", "nix (Determinate Nix 3.5.2) 2.28.3", "nix (Nix) 2.19pre2023_dirty".
var versionRE = regexp.MustCompile(`(\d+)\.(\d+)(?:\.(\d+))?\S*\s*$`)

// ParseVersion reads the output of `nix --version`.
func ParseVersion(line string) (Version, error) {
	m := versionRE.FindStringSubmatch(line)
	if m == nil {
		return Version{}, fmt.Errorf("no version in %q", line)
	}
	var v Version
	for i, dst := range []*int{&v.Major, &v.Minor, &v.Patch} {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.Atoi(m[i+1])
		if err != nil {
			return Version{}, fmt.Errorf("version in %q: %w", line, err)
		}
		*dst = n
	}
	return v, nil
}

// String is the usual form, such as 2.34.8.
func (v Version) String() string {
	return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
}

// Less orders versions by age.
func (v Version) Less(o Version) bool {
	if v.Major != o.Major {
		return v.Major < o.Major
	}
	if v.Minor != o.Minor {
		return v.Minor < o.Minor
	}
	return v.Patch < o.Patch
}

// outputsNamed is from where on DRV^OUTPUTS is understood. Tried: not by 2.8,
// by 2.26 and 2.34; the place between them is not measured.
func outputsNamed() Version { return Version{2, 13, 0} }

// installablesRead is from where on --stdin is understood, by its release notes.
// Tried: by 2.26 and 2.34.
func installablesRead() Version { return Version{2, 15, 0} }

// NamesAllFailures says whether a build of several derivations tells of each that
// failed: 2.26 and 2.34 do, 2.8 tells of one, and says nothing of the others. Lix,
// whose versions begin at 2.90, is not tried.
func (v Version) NamesAllFailures() bool {
	return !v.Less(Version{2, 26, 0}) && v.Less(Version{2, 90, 0})
}

// datesCopies says whether a path in the store may be given the time that the flake in
// it was last modified: by 2.26 and 2.34; 2.8 has 0 there and fails over any other. Lix,
// whose versions begin at 2.90, is not tried.
func (v Version) datesCopies() bool {
	return !v.Less(Version{2, 26, 0}) && v.Less(Version{2, 90, 0})
}

// installable is how this version wants to be told to build a derivation: 2.8
// by the bare path; 2.26 and 2.34 with ^*, without which 2.34 takes the .drv
// file itself and exits 0 having built nothing.
func (v Version) installable(drv string) string {
	if v.Less(outputsNamed()) {
		return drv
	}
	return drv + "^*"
}

// showAllSystems is the flag that makes `nix flake show` list the outputs of
// other systems too: 2.8 always does and rejects it, 2.26 and 2.34 want it.
func (v Version) showAllSystems() []string {
	if v.Less(outputsNamed()) {
		return nil
	}
	return []string{"--all-systems"}
}

// jsonFormat keeps `nix path-info --json` in the form it has had for long: 2.34
// warns that it will want to be told. 2.26 does not know the flag, nor does Lix,
// whose versions begin at 2.90.
func (v Version) jsonFormat() []string {
	if v.Less(Version{2, 34, 0}) || !v.Less(Version{2, 90, 0}) {
		return nil
	}
	return []string{"--json-format", "1"}
}
