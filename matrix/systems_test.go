package matrix

import (
	"slices"
	"testing"
)

func TestNearSystem(t *testing.T) {
	for system, want := range map[string]string{
		"x86-64-linux": "x86_64-linux", "x86_64_linux": "x86_64-linux", "X86_64-Linux": "x86_64-linux", "amd64-linux": "x86_64-linux",
		"x86_64-linx": "x86_64-linux", "x86_46-linux": "x86_64-linux", "x8664-linux": "x86_64-linux", "linux-x86_64": "x86_64-linux",
		"aarch64_linux": "aarch64-linux", "arm64-linux": "aarch64-linux", "aarch64-linux ": "aarch64-linux",
		"aarch64-macos": "aarch64-darwin", "arm64-darwin": "aarch64-darwin", "aarch64-darwni": "aarch64-darwin", "x86_64-osx": "x86_64-darwin",
		"i686_linux": "i686-linux", "x86_64_v3-linux": "x86_64-v3-linux",
		// A system of nixpkgs is nobody's typing error, and what is near nothing may be real.
		"x86_64-linux": "", "aarch64-darwin": "", "armv5tel-linux": "", "x86_64-v4-linux": "", "riscv32-linux": "", "x86_64-freebsd": "",
		"builtin": "", "": "", "my-own-board": "", "sparc9-plan9": "", "x86_64-fuchsia": "",
	} {
		if got := NearSystem(system); got != want {
			t.Errorf("%q is near %q, want %q", system, got, want)
		}
	}
	for _, system := range append(slices.Clone(knownSystems), nixSystems()...) {
		if got := NearSystem(system); got != "" {
			t.Errorf("%s is near %s", system, got)
		}
	}
}
