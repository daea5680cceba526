package nix

import (
	"fmt"
	"regexp"
	"strconv"
)

// Version is a Nix release: 2.34.8 is {2, 34, 8}.
type Version struct {
	Major, Minor, Patch int
}

// minVersion is the oldest Nix that flakeci is tested with.
func minVersion() Version { return Version{2, 8, 0} }

// versionRE matches the number that ends the line: "nix (Nix) 2.34.8", "nix (Lix, like Nix)
// 2.93.0", "nix (Determinate Nix 3.5.2) 2.28.3", "nix (Nix) 2.19pre2023_dirty".
var versionRE = regexp.MustCompile(`(\d+)\.(\d+)(?:\.(\d+))?\S*\s*$`)

// parseVersion reads the output of `nix --version`.
func parseVersion(line string) (Version, error) {
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

// String returns the usual form, such as 2.34.8.
func (v Version) String() string {
	return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
}

// Less reports whether the version is older than another.
func (v Version) Less(o Version) bool {
	if v.Major != o.Major {
		return v.Major < o.Major
	}
	if v.Minor != o.Minor {
		return v.Minor < o.Minor
	}
	return v.Patch < o.Patch
}

// sinceOutputSyntax is the first version that understands DRV^OUTPUTS. Tried: 2.26 and 2.34
// do, 2.8 does not. Versions between them were not tried.
func sinceOutputSyntax() Version { return Version{2, 13, 0} }

// sinceStdin is the first version that understands --stdin, according to its release notes.
// Tried: 2.26 and 2.34 do.
func sinceStdin() Version { return Version{2, 15, 0} }

// NamesAllFailures reports whether a build of several derivations names each one that
// failed: 2.26 and 2.34 do, 2.8 names only one. Lix, whose versions begin at 2.90, was not
// tried.
func (v Version) NamesAllFailures() bool {
	return !v.Less(Version{2, 26, 0}) && v.Less(Version{2, 90, 0})
}

// datesCopies reports whether a reference to a store path may carry the time at which the flake
// there was last modified: in 2.26 and 2.34 it may, but 2.8 expects 0 and fails for any other.
// Lix, whose versions begin at 2.90, was not tried.
func (v Version) datesCopies() bool {
	return !v.Less(Version{2, 26, 0}) && v.Less(Version{2, 90, 0})
}

// installable returns how this version names a derivation to build. 2.8 takes the bare path,
// 2.26 and 2.34 take ^* at its end. Without that, 2.34 takes the .drv file itself and exits
// with 0, having built nothing.
func (v Version) installable(drv string) string {
	if v.Less(sinceOutputSyntax()) {
		return drv
	}
	return drv + "^*"
}

// showAllSystems returns the flag that makes `nix flake show` list the outputs of other systems
// too. 2.8 always lists them and rejects the flag; 2.26 and 2.34 need it.
func (v Version) showAllSystems() []string {
	if v.Less(sinceOutputSyntax()) {
		return nil
	}
	return []string{"--all-systems"}
}

// jsonFormat returns the flag that keeps the format of `nix path-info --json`: 2.34 warns
// that a later version will need it. 2.26 does not know the flag, nor does Lix, whose
// versions begin at 2.90.
func (v Version) jsonFormat() []string {
	if v.Less(Version{2, 34, 0}) || !v.Less(Version{2, 90, 0}) {
		return nil
	}
	return []string{"--json-format", "1"}
}
