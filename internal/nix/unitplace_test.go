package nix

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

func TestUnitPlace(t *testing.T) {
	tests := []struct{ host, unit, want string }{
		{"units", "plain.service", "hosts/units.nix:4:3"},
		{"units", "odd ${x}\"y.service", "hosts/units.nix:7:3"},
		{"units", "template@.service", "hosts/units.nix:8:3"},
		{"units", "template@tty1.service", "hosts/units.nix:8:3"},
		{"units", "plain.timer", "hosts/units.nix:9:3"},
		{"units", "forced.socket", "hosts/units.nix:10:35"},
		{"units", "merged.target", "hosts/units.nix:12:7"},
		{"units", "conditional.target", "hosts/units.nix:13:22"},
		{"units", "off.target", ""},
		{"units", "member-off.target", ""},
		{"units", "member-on.target", "hosts/units.nix:16:7"},
		{"units", "both.service", "hosts/units-more.nix:4:5"},
		{"units", "generated.service", "hosts/units-more.nix"},
		{"units", "elsewhere.service", "hosts/units-more.nix"},
		{"units", "inline.service", "flake.nix:…"},
		{"units", "of-input.target", "flake.nix:…"},
		{"units", "handed-on.target", "hosts/handed-on.nix:4:5"},
		{"units", "sshd.service", ""},
		{"units", "via.target", "hosts/via.nix"},
		{"units", "nonesuch.service", ""},
		{"units", "plain.nonesuch", ""},
		{"units", "plain", ""},
		{"units", "", ""},
		{"units", "sys-devices.device", ""},
		{"units", "srv.mount", ""},
		{"units-by-hand", "unresolved.service", "hosts/units.nix"},
		{"units-by-hand", "merged.service", "hosts/units.nix"},
		{"units-by-hand", "off.service", ""},
		{"units-by-hand", "thrown.service", ""},
		{"units-by-hand", "no-file.service", "flake.nix:…"},
		{"units-by-hand", "odd.service", "flake.nix:…"},
		{"units-by-hand", "thrown.timer", "flake.nix:…"},
		{"units-by-hand", "x.socket", ""},
		{"units-by-hand", "x.path", ""},
		{"units-by-hand", `mnt-my\x20data\x2d1.mount`, "hosts/units.nix"},
		{"units-by-hand", `mnt-my\x20data\x2d1.automount`, "hosts/units.nix"},
		{"units-by-hand", "-.mount", "hosts/units.nix"},
		{"units-by-hand", "srv.mount", "flake.nix:…"},
		{"nothing", "plain.service", ""},
		{"number", "plain.service", ""},
		{"ancient", "plain.service", ""},
		{"broken", "plain.service", ""},
		{"nonesuch", "plain.service", ""},
		{"a\"b ${x}\n", "a\"b ${x}\n.service", ""},
	}
	eachLane(t, func(w *world) {
		target := w.fixture("vm-features")
		for _, tt := range tests {
			place, err := target.UnitPlace(w.Context(), tt.host, tt.unit)
			if got := place.String(); err != nil || !like(got, tt.want) || strings.Contains(tt.want, "…") && place.Line == 0 {
				w.Errorf("%s of %s: got %q, %v; want %q", tt.unit, tt.host, got, err, tt.want)
			}
		}
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		if _, err := target.UnitPlace(ctx, "units", "plain.service"); err == nil {
			w.Error("an interruption is not an error")
		}
	})
}

// The context ends an evaluation without end.
func TestUnitPlaceWithoutEnd(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	eachLane(t, func(w *world) {
		w.write(files{"flake.nix": `{ outputs = _: let l = builtins.genList (i: i) 1000000; in {
			nixosConfigurations.box.options.systemd.services = builtins.foldl' (a: _: builtins.foldl' (b: y: b) 0 l) 0 l; }; }`})
		target := w.mustOpen()
		ctx, cancel := context.WithTimeout(w.Context(), time.Second)
		defer cancel()
		began := time.Now()
		place, err := target.UnitPlace(ctx, "box", "x.service")
		if !errors.Is(err, context.DeadlineExceeded) || place.String() != "" || time.Since(began) > time.Minute {
			w.Errorf("got %q, %v after %s", place, err, time.Since(began))
		}
	})
}

// Places are relative to the repository, whichever way Nix read its files.
func TestUnitPlaceInTheRepository(t *testing.T) {
	eachLane(t, func(w *world) {
		w.fixture("vm-features")
		check := func(target *Target, want string) {
			w.Helper()
			if place, err := target.UnitPlace(w.Context(), "units", "plain.service"); err != nil || place.String() != want {
				w.Errorf("%s: got %q, %v; want %q", target.Flake.eval, place, err, want)
			}
		}
		opened := w.standIns(w.dir, "nixpkgs", "nixpkgs/busybox")
		files{"hosts/units.nix": "{\n\n  systemd.services.plain = { };\n}\n"}.write(w.T, w.dir, strings.NewReplacer())
		check(opened, "hosts/units.nix:4:3") // at its revision
		check(w.standIns(w.dir, "nixpkgs", "nixpkgs/busybox"), "hosts/units.nix:3:3")
		opened = w.standIns(w.dir, "nixpkgs", "nixpkgs/busybox")
		files{"hosts/units.nix": "{\n\n\n\n  systemd.services.plain = { };\n}\n"}.write(w.T, w.dir, strings.NewReplacer())
		check(opened, "hosts/units.nix:5:3") // as it is in the checkout now
		files{"hosts/units.nix": "{\n\n  systemd.services.plain = { };\n}\n"}.write(w.T, w.dir, strings.NewReplacer())
		check(w.standIns("path:"+w.dir, "nixpkgs", "nixpkgs/busybox"), "hosts/units.nix:3:3")
		sub := filepath.Join(w.scratch, "around", "sub")
		files{"flake.nix": "{ inputs.nixpkgs.url = \"nixpkgs\"; outputs = { self, nixpkgs }: { nixosConfigurations.units = nixpkgs.lib.evalModules { modules = [ ../units.nix ]; }; }; }",
			"../units.nix": "{ lib, ... }: {\n  options.systemd.services = lib.mkOption { };\n  config.systemd.services.plain = { };\n}\n"}.write(w.T, sub, strings.NewReplacer())
		git(w.T, filepath.Dir(sub), "init", "--quiet")
		git(w.T, filepath.Dir(sub), "add", ".")
		check(w.standIns(sub, "nixpkgs", "nixpkgs/busybox"), "units.nix:3:3")
	})
}

// One unit is the example's own, the other one is from nixpkgs.
func TestUnitPlaceInTheExample(t *testing.T) {
	eachLane(t, func(w *world) {
		target := w.fleet()
		for unit, want := range map[string]string{"backup.service": "hosts/reason/default.nix:26:3", "sshd.service": ""} {
			place, err := target.UnitPlace(w.Context(), "reason", unit)
			if place.File = strings.TrimPrefix(place.File, "examples/fleet/"); err != nil || place.String() != want {
				w.Errorf("%s: got %q, %v; want %q", unit, place, err, want)
			}
		}
	})
}

// fleet opens the example.
func (w *world) fleet() *Target {
	w.Helper()
	return w.standIns("path:"+filepath.Join(lanes.Root(w), "examples", "fleet"), "nixpkgs", "nixpkgs/busybox", "nixpkgs/guest", "home-manager", "sops-nix", "stylix")
}
