package nix

import (
	"context"

	"github.com/flakeci/flakeci/internal/nix/expr"
	"github.com/flakeci/flakeci/result"
)

// Host is the configuration of a machine.
type Host struct {
	ID   string   // the caller's name for it
	Path []string // from the flake's outputs
}

// HostAnswer is what a host's configuration says, without a build.
type HostAnswer struct {
	// Users are the names in the option home-manager.users, which home-manager's modules for
	// NixOS and nix-darwin declare.
	Users []string        `json:"users"`
	Info  result.HostInfo `json:"info"`
}

// Hosts asks hosts for the homes inside them, and for their names and accounts. A host that does
// not evaluate is missing from the result, which is by id.
func (t *Target) Hosts(ctx context.Context, hosts []Host) (map[string]HostAnswer, error) {
	answers := map[string]HostAnswer{}
	err := each(hosts, func(some []Host) error {
		got := inOrder[HostAnswer]{want: len(some)}
		list := listOf(some, func(h Host) string {
			return "{ users = " + usersExpr(h.Path) + "; info = hostInfo (" + expr.Output(h.Path...) + ".config or { }); }"
		})
		_, err := t.Eval(ctx, "f: let"+expr.Strings+hostInfoExpr+"in ("+list+") f", &got)
		for i, answer := range got.list {
			answers[some[i].ID] = answer
		}
		return err
	})
	return answers, err
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
