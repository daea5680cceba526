package nix

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// fixture opens a copy of one of testdata/flakes with the stand-in for nixpkgs.
func (w *world) fixture(name string) *Target {
	w.Helper()
	if err := os.CopyFS(w.dir, os.DirFS(filepath.Join(lanes.Root(w), "testdata", "flakes", name))); err != nil {
		w.Fatal(err)
	}
	git(w.T, w.dir, "init", "--quiet", "--initial-branch", "main")
	git(w.T, w.dir, "add", ".")
	git(w.T, w.dir, "commit", "--quiet", "--message", "first")
	return w.standIns(w.dir, "nixpkgs", "nixpkgs/busybox")
}

// standIns opens a flake with stand-ins for some of its inputs.
func (w *world) standIns(dir string, inputs ...string) *Target {
	w.Helper()
	var o FlakeOptions
	for _, name := range inputs {
		ref := "path:" + filepath.Join(lanes.Root(w), "testdata", "inputs", name)
		switch name {
		case "nixpkgs/busybox":
			ref = "path:" + lanes.Busybox(w)
		case "nixpkgs/guest": // as much of one as an evaluation reads
			guest := filepath.Join(w.scratch, "guest")
			files{"vmlinuz": ""}.write(w.T, guest, strings.NewReplacer())
			ref = "path:" + guest
		}
		o.Overrides = append(o.Overrides, Override{Name: name, Ref: ref})
	}
	target, err := w.open(dir, o)
	if err != nil {
		w.Fatal(err)
	}
	return target
}

// guest is what the fixture's runner says about itself.
type guest struct {
	Graphics, Agent   *bool
	MemorySize, Cores int
	Autologin         string
}

var toldRE = regexp.MustCompile(`\("(told|paths|toplevel)","((?:[^"\\]|\\.)*)"\)`)

// variables reads the variables of a derivation.
func (w *world) variables(drv string) map[string]string {
	w.Helper()
	text, err := os.ReadFile(drv)
	if err != nil {
		w.Fatal(err)
	}
	vars := map[string]string{}
	for _, m := range toldRE.FindAllStringSubmatch(string(text), -1) {
		vars[m[1]] = strings.ReplaceAll(strings.ReplaceAll(m[2], `\"`, `"`), `\\`, `\`)
	}
	return vars
}

func (w *world) guest(drv string) string {
	w.Helper()
	vars := w.variables(drv)
	if vars["told"] == "" {
		return ""
	}
	var g guest
	if err := json.Unmarshal([]byte(vars["told"]), &g); err != nil {
		w.Fatal(err)
	}
	text := fmt.Sprintf("%d MiB, %d cores, graphics %v", g.MemorySize, g.Cores, *g.Graphics)
	if g.Agent != nil {
		text += fmt.Sprintf(", agent %v", *g.Agent)
	}
	if g.Autologin != "" {
		text += ", " + g.Autologin
	}
	if paths := vars["paths"]; paths != "" {
		for path := range strings.FieldsSeq(paths) {
			text += ", " + storepath.Name(path)
		}
	}
	return text
}

// machine returns the answer in short, or the error.
func (w *world) machine(target *Target, vm question.VM) (text string, in question.Instance) {
	w.Helper()
	in, err := instantiate(w.Context(), target, question.Question{VM: &vm})
	var e *nixlog.EvalError
	switch {
	case errors.As(err, &e):
		return "error: " + e.Error(), in
	case err != nil:
		w.Errorf("%+v: %v", vm, err)
		return "", in
	}
	text = storepath.Name(in.DrvPath)
	if told := w.guest(in.DrvPath); told != "" {
		text += " with " + told
	}
	if in.VM.Injected {
		text += "; injected"
	}
	for _, why := range in.VM.Without {
		text += "; " + why
	}
	return text, in
}

var stepHome = []string{"homeConfigurations", "joachim@modern", "activationPackage"}

// like compares with a pattern in which … stands for anything.
func like(got, want string) bool {
	parts := strings.Split(want, "…")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile("(?s)^" + strings.Join(parts, ".*") + "$").MatchString(got)
}

func TestVM(t *testing.T) {
	odd := []string{"homeConfigurations", "o\"dd ${x}.y\n", "activationPackage"}
	home := func(name string) [][]string {
		return [][]string{stepHome, {"homeConfigurations", name, "activationPackage"}}
	}
	const plain = "1024 MiB, 1 cores, graphics false, agent true; injected"
	tests := []struct {
		vm   question.VM
		want string // … stands for what versions place or word differently
	}{
		{question.VM{Host: "modern"}, "nixos-vm with 2048 MiB, 2 cores, graphics false, agent true; injected"},
		{question.VM{Host: "modern", MemoryMiB: 512, Cores: 4, Autologin: true}, "nixos-vm with 512 MiB, 4 cores, graphics false, agent true, root; injected"},
		{question.VM{Host: "modern", Homes: [][]string{stepHome, odd}}, "nixos-vm with 2048 MiB, 2 cores, graphics false, agent true, home-joachim, home-odd; injected"},
		{question.VM{Host: "imports-qemu-vm"}, "nixos-vm with 3072 MiB, 1 cores, graphics false, agent true; injected"},
		{question.VM{Host: "only-qemu-vm", MemoryMiB: 512}, "nixos-vm with 512 MiB, 1 cores, graphics false, agent true; injected"},
		{question.VM{Host: "own-agent-off"}, "nixos-vm with " + plain},
		{question.VM{Host: "agent-forced-off"}, "nixos-vm with " + plain},
		{question.VM{Host: "graphics-on"}, "nixos-vm with " + plain},
		{question.VM{Host: "broken-elsewhere"}, "nixos-vm with " + plain},
		{question.VM{Host: "no-guest-option"}, "nixos-vm with 1024 MiB, 1 cores, graphics false; injected"},
		{question.VM{Host: "no-vm-variant", MemoryMiB: 512}, "vm-of-old; the host's nixpkgs has no virtualisation.vmVariant: nothing was set"},
		{question.VM{Host: "ancient", Homes: home("broken")}, "vm-of-ancient; the host has no extendModules: nothing was set"},
		{question.VM{Host: "config-only"}, "nixos-vm with 2048 MiB, 2 cores, graphics true, agent true; the host has no extendModules: nothing was set"},
		{question.VM{Host: "bare", MemoryMiB: 1, Cores: 1, Homes: home("broken"), Autologin: true}, "bare-vm; injected" +
			"; no virtualisation.graphics: the guest may need a screen" +
			"; no virtualisation.qemu.guestAgent, no services.qemuGuest: the guest may have no agent to answer" +
			"; no virtualisation.memorySize: the memory is what the host sets" +
			"; no virtualisation.cores: the number of cores is what the host sets" +
			"; no virtualisation.additionalPaths: homes are not in the guest's store"},
		{question.VM{Host: "no-vm"}, "error: host no-vm has no config.system.build.vm; every host made by nixpkgs.lib.nixosSystem has one"},
		{question.VM{Host: "nothing"}, "error: host nothing has no config.system.build.vm; every host made by nixpkgs.lib.nixosSystem has one"},
		{question.VM{Host: "number"}, "error: host number has no config.system.build.vm; every host made by nixpkgs.lib.nixosSystem has one"},
		{question.VM{Host: "vm-is-a-number"}, "error: nixosConfigurations.vm-is-a-number.config.system.build.vm is not a derivation: it is of type int"},
		{question.VM{Host: "nonesuch"}, "error: …attribute 'nonesuch' missing"},
		{question.VM{Host: "broken"}, "error: hosts/broken.nix:2:…no name for this host"},
		{question.VM{Host: "broken-variant"}, "error: hosts/broken.nix:2:…no name for this host"},
		{question.VM{Host: "missing-option"}, "error: …The option `virtualisation.vmVariant.virtualisation.nonesuch' does not exist…"},
		{question.VM{Host: "modern", Homes: home("broken")}, "error: flake.nix:…: home homeConfigurations.broken.activationPackage for the guest's store: no such home"},
		{question.VM{Host: "modern", Homes: home("broken-inside")}, "error: flake.nix:…: home homeConfigurations.broken-inside.activationPackage for the guest's store: no such output"},
		{question.VM{Host: "modern", Homes: home("number")}, "error: …home homeConfigurations.number.activationPackage for the guest's store: homeConfigurations.number.activationPackage is not a derivation"},
		{question.VM{Host: "modern", Homes: home("none\nsuch")}, "error: …home homeConfigurations.none\nsuch.activationPackage for the guest's store: attribute '…' missing"},
	}
	eachLane(t, func(w *world) {
		target := w.fixture("vm-features")
		for _, tt := range tests {
			if got, _ := w.machine(target, tt.vm); !like(got, tt.want) {
				w.Errorf("%+v\n got %q\nwant %q", tt.vm, got, tt.want)
			}
		}
	})
}

// flakeci's module is in the guest, and does not change the host.
func TestVMDoesNotChangeTheHost(t *testing.T) {
	eachLane(t, func(w *world) {
		vm := question.VM{MemoryMiB: 512, Cores: 4, Autologin: true, Homes: [][]string{stepHome}}
		target := w.fixture("vm-features")
		for _, host := range []string{"modern", "imports-qemu-vm", "own-agent-off", "graphics-on"} {
			vm.Host = host
			in, err := w.host(target, host)
			if err != nil {
				w.Fatal(err)
			}
			asked, _, _ := strings.Cut(question.Function(question.Question{VM: &vm}.Expr()), "in if machine")
			var extended string
			if _, err := target.Eval(w.Context(), asked+"in plain machine.system.system.build.toplevel.drvPath", &extended); err != nil || extended != in.DrvPath {
				w.Errorf("%s: %s becomes %s, %v", host, in.DrvPath, extended, err)
			}
			_, guest := w.machine(target, vm)
			if top := w.variables(guest.DrvPath)["toplevel"]; top == "" || top == in.Outputs["out"] {
				w.Errorf("%s: the guest's system is %q", host, top)
			}
		}
	})
}

func TestVMOfOddHosts(t *testing.T) {
	eachLane(t, func(w *world) {
		target := w.fixture("vm-features")
		seen := map[string]string{}
		for _, name := range []string{`a"b`, "${x}", "h.1", "a b", "a\nb", `a\b`, "a''b", "--option", ""} {
			got, in := w.machine(target, question.VM{Host: name})
			if !like(got, "nixos-vm with 1024 MiB…injected") || seen[in.DrvPath] != "" {
				w.Errorf("%q: got %q, as of %q", name, got, seen[in.DrvPath])
			}
			seen[in.DrvPath] = "host " + name
			got, _ = w.machine(target, question.VM{Host: name + "!"})
			if !like(got, "error: …missing") {
				w.Errorf("%q: got %q", name, got)
			}
		}
	})
}

func TestVMInfo(t *testing.T) {
	tests := map[string]string{
		"modern":          "2048 MiB, 2 cores, joachim in /home/joachim, worker in /srv/work",
		"imports-qemu-vm": "3072 MiB, 1 cores",
		"config-only":     "2048 MiB, 2 cores, joachim in /home/joachim, worker in /srv/work",
		"ancient":         "0 MiB, 0 cores",
		"bare":            "0 MiB, 0 cores",
		"odd-values":      "0 MiB, 0 cores",
		"odd-users":       "0 MiB, 0 cores,  in , y in ",
	}
	eachLane(t, func(w *world) {
		target := w.fixture("vm-features")
		for host, want := range tests {
			_, in := w.machine(target, question.VM{Host: host})
			if in.VM == nil {
				w.Errorf("%s: there is no answer", host)
				continue
			}
			got := fmt.Sprintf("%d MiB, %d cores", in.VM.MemoryMiB, in.VM.Cores)
			for _, a := range in.VM.Accounts {
				got += fmt.Sprintf(", %s in %s", a.Name, a.Home)
			}
			if got != want {
				w.Errorf("%s: got %q, want %q", host, got, want)
			}
		}
	})
}

// The question is about a dirty tree, with overrides.
func TestVMOfADirtyTree(t *testing.T) {
	eachLane(t, func(w *world) {
		w.fixture("vm-features")
		files{"hosts/broken.nix": "{\n\n  networking.hostName = throw \"changed\";\n}\n"}.write(w.T, w.dir, strings.NewReplacer())
		target := w.standIns(w.dir, "nixpkgs", "nixpkgs/busybox")
		if got, _ := w.machine(target, question.VM{Host: "broken"}); !like(got, "error: hosts/broken.nix:3…: changed") {
			w.Errorf("got %q", got)
		}
	})
}

// The hosts are one of the example, with the stand-in for all of nixpkgs, and one that itself
// has the options of a virtual machine.
func TestVMOfTheStandIn(t *testing.T) {
	eachLane(t, func(w *world) {
		target := w.fleet()
		toplevel, err := w.host(target, "reason")
		if err != nil {
			w.Fatal(err)
		}
		vm := question.VM{Host: "reason", MemoryMiB: 512, Cores: 2, Autologin: true, Homes: [][]string{{"homeConfigurations", "joachim@reason", "activationPackage"}}}
		got, in := w.machine(target, vm)
		if got != "nixos-vm; injected" || in.VM.MemoryMiB != 512 || in.VM.Cores != 2 || len(in.VM.Accounts) != 1 || in.VM.Accounts[0] != (question.Account{Name: "joachim", Home: "/home/joachim"}) {
			w.Errorf("got %q, %+v", got, in.VM)
		}
		asked, _, _ := strings.Cut(question.Function(question.Question{VM: &vm}.Expr()), "in if machine")
		var extended struct {
			Drv     string
			Options []string
			Agent   bool
			Login   string
			Paths   []string
		}
		asked += `in {
			drv = plain machine.system.system.build.toplevel.drvPath;
			options = machine.guest.virtualisation.qemu.options;
			agent = machine.guest.services.qemuGuest.enable;
			login = machine.guest.services.getty.autologinUser;
			paths = map (p: plain "${p}") machine.guest.virtualisation.additionalPaths;
		}`
		if _, err := target.Eval(w.Context(), asked, &extended); err != nil {
			w.Fatal(err)
		}
		if extended.Drv != toplevel.DrvPath || strings.Join(extended.Options, " ") != "-nographic" || !extended.Agent || extended.Login != "root" || len(extended.Paths) != 1 {
			w.Errorf("the host is %s; got %+v", toplevel.DrvPath, extended)
		}

		files{"flake.nix": `{
			inputs.nixpkgs.url = "nixpkgs";
			outputs = { self, nixpkgs }: {
				nixosConfigurations.itself = nixpkgs.lib.nixosSystem {
					modules = [ ({ modulesPath, ... }: {
						imports = [ "${modulesPath}/virtualisation/qemu-vm.nix" ];
						nixpkgs.hostPlatform = "x86_64-linux";
						virtualisation.memorySize = 3072;
						system.stateVersion = "25.05";
					}) ];
				};
			};
		}`}.write(w.T, filepath.Join(w.scratch, "itself"), strings.NewReplacer())
		target = w.standIns(filepath.Join(w.scratch, "itself"), "nixpkgs", "nixpkgs/busybox", "nixpkgs/guest")
		if got, in := w.machine(target, question.VM{Host: "itself"}); got != "nixos-vm; injected" || in.VM.MemoryMiB != 3072 {
			w.Errorf("got %q, %+v", got, in.VM)
		}
	})
}
