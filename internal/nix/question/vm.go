package question

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/expr"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// VM asks a host for the runner of its virtual machine. If the host's nixpkgs allows it,
// flakeci adds a module to the machine, so that it boots without a screen and answers
// questions. The host itself does not have that module.
type VM struct {
	Host string
	// Homes are the activation packages to put into the guest's store, as attribute
	// paths from the flake's outputs.
	Homes [][]string
	// MemoryMiB and Cores are what the guest gets. 0 keeps the host's own value.
	MemoryMiB, Cores int
	// Autologin logs root in on the serial console, for an interactive session.
	Autologin bool
}

// VMInfo is what is known about a virtual machine before it boots.
type VMInfo struct {
	// Injected reports whether the machine has flakeci's module.
	Injected bool `json:"injected"`
	// Without says what could not be set and why, for the report.
	Without []string `json:"without"`
	// MemoryMiB and Cores are what the guest gets, or 0 if the machine does not say.
	MemoryMiB int `json:"memoryMiB"`
	Cores     int `json:"cores"`
	// Accounts lists the normal users, in the order of their attribute names.
	Accounts []Account `json:"accounts"`
}

// Account is a normal user of a host.
type Account struct {
	Name string `json:"name"`
	Home string `json:"home"`
}

// vmSetting is a value for some options. flakeci's module sets those that exist.
type vmSetting struct {
	options []string
	value   string
	// without is what to report if none of them exists; it is empty if that does no harm.
	without string
}

// forced overrides what the host has for a real screen or machine. The priority is above
// mkForce (50), and above that of qemu-vm.nix itself (10).
func forced(value string) string { return "lib.mkOverride 9 " + value }

func (v VM) settings() []vmSetting {
	list := []vmSetting{
		// Without a screen the serial line is the console.
		{[]string{"virtualisation.graphics"}, forced("false"), "no virtualisation.graphics: the guest may need a screen"},
		// A host may switch off the agent's service, or the VM's default.
		{
			[]string{"virtualisation.qemu.guestAgent.enable", "services.qemuGuest.enable"}, forced("true"),
			"no virtualisation.qemu.guestAgent, no services.qemuGuest: the guest may have no agent to answer",
		},
		// Two guests cannot both have a port of this machine, and a forwarded port is a
		// way out of the guest, which should have none.
		{[]string{"virtualisation.forwardPorts"}, forced("[ ]"), ""},
	}
	if v.MemoryMiB > 0 {
		list = append(list, vmSetting{[]string{"virtualisation.memorySize"}, forced(strconv.Itoa(v.MemoryMiB)), "no virtualisation.memorySize: the memory is what the host sets"})
	}
	if v.Cores > 0 {
		list = append(list, vmSetting{[]string{"virtualisation.cores"}, forced(strconv.Itoa(v.Cores)), "no virtualisation.cores: the number of cores is what the host sets"})
	}
	if len(v.Homes) > 0 {
		list = append(list, vmSetting{[]string{"virtualisation.additionalPaths"}, "homes", "no virtualisation.additionalPaths: homes are not in the guest's store"})
	}
	if v.Autologin {
		list = append(list, vmSetting{[]string{"services.getty.autologinUser"}, forced(`"root"`), "no services.getty.autologinUser: nobody is logged in on the console"})
	}
	return list
}

// path is the attribute path of the host's runner.
func (v VM) path() []string {
	return []string{"nixosConfigurations", v.Host, "config", "system", "build", "vm"}
}

// A host's options decide what it supports, never its release. These questions force nothing below
// the options that they name, so that Nix evaluates nothing that the runner does not need.
const vmExpr = `
  lack = exists: words: if exists then [ ] else [ words ];
  only = exists: definition: if exists then [ definition ] else [ ];
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
  number = value: let got = builtins.tryEval (if builtins.isInt value then value else 0); in if got.success then got.value else 0;
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

// expr writes the question. For a host without a runner the answer is { noVM = true; }.
func (v VM) expr() string {
	var config, lacking []string
	for _, s := range v.settings() {
		for _, option := range s.options {
			config = append(config, fmt.Sprintf("only (options ? %s) { %s = %s; }", option, option, s.value))
		}
		if s.without != "" {
			exists := "guest ? " + strings.Join(s.options, " || guest ? ")
			lacking = append(lacking, fmt.Sprintf("lack (%s) %s", exists, expr.Quote(s.without)))
		}
	}
	return "let\n  host = " + expr.Output(v.path()[:2]...) + ";\n  homes = " + v.homes() + ";\n" +
		"  module = { options, lib, ... }: { _file = \"flakeci\"; config = lib.mkMerge (builtins.concatLists " + expr.List(config) + "); };\n" +
		"  lacking = guest: builtins.concatLists " + expr.List(lacking) + ";" +
		vmExpr + "in if machine.build ? vm then describe machine.build.vm // { inherit vm; } else { noVM = true; }"
}

// homes lists the homes as strings: only then does Nix evaluate all of a home inside the error
// context that names it.
func (v VM) homes() string {
	var list []string
	for i, path := range v.Homes {
		name := strings.Join(path, ".")
		list = append(list, fmt.Sprintf("builtins.addErrorContext %s (let home = %s; in if (home.type or \"\") == \"derivation\" then \"${home.outPath}\" else throw %s)",
			expr.Quote(fmt.Sprintf("while evaluating home %d for the guest's store: %s", i, name)), expr.Output(path...), expr.Quote(name+" is not a derivation")))
	}
	return expr.List(list)
}

var guestHomeRE = regexp.MustCompile(`^while evaluating home (\d+) for the guest's store: `)

// blame adds the home to an evaluation error that is about one.
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

// noRunner is the error for a host that cannot be booted.
func (v VM) noRunner() error {
	return &nixlog.EvalError{Message: fmt.Sprintf("host %s has no config.system.build.vm; every host made by nixpkgs.lib.nixosSystem has one", v.Host)}
}
