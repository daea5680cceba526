package matrix

import (
	"slices"
	"strings"
)

// NearSystem returns the system that was probably meant by one that does not exist, or "". It knows
// how people write systems elsewhere, and finds one or two typing errors. It returns "" for any
// system of nixpkgs, however rare.
func NearSystem(system string) string {
	if system == "" || slices.Contains(knownSystems, system) {
		return ""
	}
	plain := plainSystem(system)
	for _, known := range knownSystems {
		if plainSystem(known) == plain {
			return known
		}
	}
	const limit = 3
	best, fewest := "", limit
	for _, known := range nixSystems() {
		if d := typos(plain, plainSystem(known), limit); d < fewest {
			best, fewest = known, d
		}
	}
	return best
}

// plainSystem writes a system without what people mix up: case, separators, the order of its parts,
// and other names of the same thing.
func plainSystem(system string) string {
	s := strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(strings.ToLower(system))
	for _, alias := range [][2]string{{"macosx", "darwin"}, {"macos", "darwin"}, {"osx", "darwin"}, {"amd64", "x8664"}, {"arm64", "aarch64"}} {
		s = strings.ReplaceAll(s, alias[0], alias[1])
	}
	for _, kernel := range []string{"linux", "darwin"} {
		if rest, first := strings.CutPrefix(s, kernel); first {
			return rest + kernel
		}
	}
	return s
}

// knownSystems lists the systems of nixpkgs (lib.systems.doubles.all), and the variants of x86_64
// and arm that Nix itself has.
var knownSystems = func() []string {
	byKernel := map[string]string{
		"cygwin":  "i686 x86_64",
		"darwin":  "aarch64 armv7a i686 x86_64",
		"freebsd": "aarch64 i686 x86_64",
		"genode":  "aarch64 i686 x86_64",
		"ghcjs":   "javascript",
		"linux": "aarch64 aarch64_be alpha armv5tel armv6l armv7a armv7l armv8l hppa i386 i486 i586 i686 loongarch64 m68k microblaze " +
			"microblazeel mips mips64 mips64el mipsel powerpc powerpc64 powerpc64le riscv32 riscv64 s390 s390x sh4 sparc sparc64 " +
			"x86_64 x86_64-v1 x86_64-v2 x86_64-v3 x86_64-v4",
		"mmixware": "mmix",
		"netbsd":   "aarch64 armv6l armv7a armv7l i686 m68k mipsel powerpc riscv32 riscv64 x86_64",
		"none": "aarch64 aarch64_be arm armv6l avr i686 m68k microblaze microblazeel mips mips64 msp430 or1k powerpc powerpcle " +
			"riscv32 riscv64 rx s390 s390x vc4 x86_64",
		"openbsd": "i686 x86_64",
		"redox":   "x86_64",
		"solaris": "x86_64",
		"wasi":    "wasm32 wasm64",
		"windows": "aarch64 i686 x86_64",
	}
	list := []string{"builtin"}
	for kernel, cpus := range byKernel {
		for _, cpu := range strings.Fields(cpus) {
			list = append(list, cpu+"-"+kernel)
		}
	}
	slices.Sort(list)
	return list
}()
