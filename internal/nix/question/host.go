package question

import (
	"github.com/flakeci/flakeci/internal/nix/expr"
	"github.com/flakeci/flakeci/result"
)

// HostAnswer is what a host's configuration says, without a build.
type HostAnswer struct {
	// Users are the names in the option home-manager.users, which home-manager's modules for
	// NixOS and nix-darwin declare.
	Users []string        `json:"users"`
	Info  result.HostInfo `json:"info"`
}

// Hosts makes a function of the flake that lists a [HostAnswer] for the host at each path.
func Hosts(paths [][]string) string {
	var list []string
	for _, path := range paths {
		list = append(list, "{ users = "+usersExpr(path)+"; info = hostInfo ("+expr.Output(path...)+".config or { }); }")
	}
	return "f: let" + expr.Strings + hostInfoExpr + "in " + expr.List(list)
}

// hostInfoExpr takes the configuration of a host; any part of it may be missing. networking.fqdn
// throws without a domain. It skips the accounts of builders. A host that declares only root
// declares no person: every machine has root, declared or not.
const hostInfoExpr = `
  hostInfo = config: let
    set = value: if builtins.isAttrs value then value else { };
    users = set (config.users.users or { });
    people = builtins.filter (name: name != "root" && (users.${name}.isNormalUser or true) != false) (builtins.attrNames users);
    accounts = if people == [ ] then [ ] else builtins.filter (name: builtins.match "nixbld[0-9]+" name == null) (builtins.attrNames users);
    got = builtins.tryEval (builtins.deepSeq accounts accounts);
  in {
    hostName = text (config.networking.hostName or "");
    fqdn = text (config.networking.fqdn or "");
    accounts = if got.success then got.value else [ ];
  };
`
