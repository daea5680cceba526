package nix

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// VM asks a host for the runner of its virtual machine. Where the host's
// nixpkgs can, a module of flakeci's is added to the machine: it makes it fit
// for being booted without a screen and asked about, and is no part of the host
// itself.
type VM struct {
	Host string
	// Homes are attribute paths, from the flake's outputs, of activation packages
	// that are to be in the guest's store.
	Homes [][]string
	// MemoryMiB and Cores are what the guest gets; 0 leaves them as the host has
	// them.
	MemoryMiB, Cores int
	// Autologin logs root in on the serial console, for looking around.
	Autologin bool
}

// VMInfo is what there is to know of a virtual machine before it is booted.
type VMInfo struct {
	// Injected says whether flakeci's module is part of it.
	Injected bool `json:"injected"`
	// Without tells, in words for the report, what could not be set and why.
	Without []string `json:"without"`
	// MemoryMiB and Cores are what the guest gets, 0 where it does not say.
	MemoryMiB int `json:"memoryMiB"`
	Cores     int `json:"cores"`
	// Accounts are those of people, in the order of their attributes.
	Accounts []Account `json:"accounts"`
}

// Account is a normal user of a host.
type Account struct {
	Name string `json:"name"`
	Home string `json:"home"`
}

// A vmSetting is something flakeci's module sets, wherever one of the options is
// there; without is what to say where none is, empty if that is as well.
type vmSetting struct {
	options []string
	value   string
	without string
}

// What a host forces for a real screen or machine does not hold for its guest:
// the priority is above mkForce (50) and above what qemu-vm.nix itself overrides
// the host with (10).
func forced(value string) string { return "lib.mkOverride 9 " + value }

func (v VM) settings() []vmSetting {
	list := []vmSetting{
		// Without a screen the serial line is the console.
		{[]string{"virtualisation.graphics"}, forced("false"), "no virtualisation.graphics: it may want a screen"},
		// A host may switch the agent off by its service, or the VM's default.
		{
			[]string{"virtualisation.qemu.guestAgent.enable", "services.qemuGuest.enable"}, forced("true"),
			"no virtualisation.qemu.guestAgent, no services.qemuGuest: there may be nobody in the guest to answer",
		},
		// Ports of this machine, which two guests cannot both have, and ways out of
		// a guest that is to be closed.
		{[]string{"virtualisation.forwardPorts"}, forced("[ ]"), ""},
	}
	if v.MemoryMiB > 0 {
		list = append(list, vmSetting{[]string{"virtualisation.memorySize"}, forced(strconv.Itoa(v.MemoryMiB)), "no virtualisation.memorySize: the memory is as the host has it"})
	}
	if v.Cores > 0 {
		list = append(list, vmSetting{[]string{"virtualisation.cores"}, forced(strconv.Itoa(v.Cores)), "no virtualisation.cores: the number of cores is as the host has it"})
	}
	if len(v.Homes) > 0 {
		list = append(list, vmSetting{[]string{"virtualisation.additionalPaths"}, "homes", "no virtualisation.additionalPaths: homes are not in the guest's store"})
	}
	if v.Autologin {
		list = append(list, vmSetting{[]string{"services.getty.autologinUser"}, forced(`"root"`), "no services.getty.autologinUser: nobody is logged in on the console"})
	}
	return list
}

// path is where a host has its runner.
func (v VM) path() []string {
	return []string{"nixosConfigurations", v.Host, "config", "system", "build", "vm"}
}

// What a host can is read off what is there, never off a release. What is asked
// of options and configurations names nothing below them, so that nothing which
// the runner does not need is evaluated.
const vmExpr = `
  lack = there: words: if there then [ ] else [ words ];
  only = there: definition: if there then [ definition ] else [ ];
  untouched = why: {
    injected = false;
    without = [ "${why}: nothing was set" ];
    guest = host.config.virtualisation.vmVariant or host.config or { };
    build = host.config.system.build or { };
  };
  injected = modules: at: let
    system = (host.extendModules { inherit modules; }).config;
    guest = at system;
  in {
    injected = true;
    without = lacking guest;
    inherit system guest;
    build = guest.system.build or { };
  };
  machine =
    if !(host ? extendModules) then untouched "the host has no extendModules"
    else if host ? options.virtualisation.vmVariant then
      injected [ { _file = "flakeci"; virtualisation.vmVariant = module; } ] (config: config.virtualisation.vmVariant)
    else if host ? options.virtualisation.memorySize || host ? options.virtualisation.graphics then
      injected [ module ] (config: config)
    else untouched "the host's nixpkgs has no virtualisation.vmVariant";
  calm = check: default: value: let got = builtins.tryEval (if check value then value else default); in if got.success then got.value else default;
  number = calm builtins.isInt 0;
  accounts = users: let
    account = name: { name = text (users.${name}.name or name); home = text (users.${name}.home or ""); };
    normal = builtins.filter (name: (users.${name}.isNormalUser or false) == true) (builtins.attrNames users);
    all = builtins.tryEval (let list = if builtins.isAttrs users then map account normal else [ ]; in builtins.deepSeq list list);
  in if all.success then all.value else [ ];
  vm = {
    inherit (machine) injected without;
    memoryMiB = number (machine.guest.virtualisation.memorySize or 0);
    cores = number (machine.guest.virtualisation.cores or 0);
    accounts = accounts (machine.guest.users.users or { });
  };
`

// expr gives { noVM = true; } for a host that has no runner at all.
func (v VM) expr() string {
	var module, lacking strings.Builder
	for _, s := range v.settings() {
		for _, option := range s.options {
			fmt.Fprintf(&module, "\n    (only (options ? %s) { %s = %s; })", option, option, s.value)
		}
		if s.without == "" {
			continue
		}
		there := "guest ? " + strings.Join(s.options, " || guest ? ")
		fmt.Fprintf(&lacking, "\n    (lack (%s) %s)", there, quote(s.without))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "let\n  host = f.outputs%s;\n", selector(v.path()[:2]))
	fmt.Fprintf(&b, "  homes = [%s ];\n", v.homes())
	fmt.Fprintf(&b, "  module = { options, lib, ... }: { _file = \"flakeci\"; config = lib.mkMerge (builtins.concatLists [%s ]); };\n", module.String())
	fmt.Fprintf(&b, "  lacking = guest: builtins.concatLists [%s ];", lacking.String())
	b.WriteString(vmExpr + "in if machine.build ? vm then describe machine.build.vm // { inherit vm; } else { noVM = true; }")
	return b.String()
}

// homes writes the list of homes as strings: only then all of a home is
// evaluated within the words that name it.
func (v VM) homes() string {
	var b strings.Builder
	for i, path := range v.Homes {
		name := strings.Join(path, ".")
		fmt.Fprintf(&b, "\n    (builtins.addErrorContext %s (let home = f.outputs%s; in if (home.type or \"\") == \"derivation\" then \"${home.outPath}\" else throw %s))",
			quote(fmt.Sprintf("while evaluating home %d for the guest's store: %s", i, name)), selector(path), quote(name+" is no derivation"))
	}
	return b.String()
}

var guestHomeRE = regexp.MustCompile(`^while evaluating home (\d+) for the guest's store: `)

// blame names the home that an error of the evaluation is about.
func (v VM) blame(err error) error {
	var e *nixlog.EvalError
	if !errors.As(err, &e) {
		return err
	}
	for _, fr := range e.Frames {
		m := guestHomeRE.FindStringSubmatch(fr.Text)
		if m == nil {
			continue
		}
		if i, err := strconv.Atoi(m[1]); err == nil && i < len(v.Homes) {
			e.Message = fmt.Sprintf("home %s for the guest's store: %s", strings.Join(v.Homes[i], "."), e.Message)
			break
		}
	}
	return err
}

// noRunner says that a host cannot be booted.
func (v VM) noRunner() error {
	return &nixlog.EvalError{Message: fmt.Sprintf("host %s has no config.system.build.vm; every host made by nixpkgs.lib.nixosSystem has one", v.Host)}
}
