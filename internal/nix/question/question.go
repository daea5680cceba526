// Package question writes the questions that flakeci asks about cells as Nix expressions, and
// checks their answers.
package question

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/expr"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/result"
)

// Question asks for the derivation of one cell.
type Question struct {
	// Path is the attribute path from the flake's outputs.
	Path []string
	// Fallback is used if Path does not exist.
	Fallback []string
	// Host is the path of the host's configuration, for the questions about it; nil means the
	// first two names of Path.
	Host []string
	// Info also asks a host for its names and accounts.
	Info bool
	// Embedded also asks a host for the homes inside it.
	Embedded bool
	// Users asks a host only for the names of the homes inside it. With Defined, it asks for
	// those that its modules define, which works for most hosts that do not evaluate.
	Users, Defined bool
	// Skippable also asks a package whether it should be built here at all.
	Skippable bool
	// Home also asks an activation package for its user.
	Home bool
	// VM asks a host for its virtual machine, instead of anything at Path.
	VM *VM
}

// Instance is the answer to a [Question].
type Instance struct {
	DrvPath string            `json:"drvPath"`
	System  string            `json:"system"`
	Outputs map[string]string `json:"outputs,omitzero"`
	// Skip says why a package should not be built. There is no derivation then.
	Skip string `json:"skip"`
	// NotDerivation is the type of a value that is not a derivation.
	NotDerivation string         `json:"notDerivation"`
	Homes         []EmbeddedHome `json:"homes,omitzero"`
	// Home is set if it was asked for, and for homes inside a host. Its fields are empty
	// if the home does not set them.
	Home *HomeInfo `json:"home,omitzero"`
	VM   *VMInfo   `json:"vm,omitzero"`
	// Info is set if it was asked for.
	Info result.HostInfo `json:"info,omitzero"`
	// NoVM is set for a host without a runner.
	NoVM bool `json:"noVM"`
	// Warnings came up while this was evaluated. A process evaluates what its cells share only
	// once, and that warns only once.
	Warnings []result.Warning `json:"warnings,omitempty"`
}

// EmbeddedHome is a home inside a host. User is its attribute name there.
type EmbeddedHome struct {
	User string `json:"user"`
	HomeInfo
	Instance Instance `json:"instance"`
}

const describeExpr = `
  describe = d:
    if builtins.isAttrs d && (d.type or "") == "derivation" then {
      drvPath = plain d.drvPath;
      system = plain d.system;
      outputs = builtins.listToAttrs (map (name: { inherit name; value = plain d.${name}.outPath; }) (d.outputs or [ "out" ]));
    } else { notDerivation = builtins.typeOf d; };
`

// A package itself says where it should not be built. Its platforms may include patterns as well
// as names of systems; only nixpkgs' own meta.unsupported can decide those.
const skipExpr = `
  skip = system: d: let m = d.meta or { }; names = builtins.filter builtins.isString (m.platforms or [ ]); in
    if (m.hydraPlatforms or null) == [ ] then "meta.hydraPlatforms is empty"
    else if m.unsupported or false || builtins.elem system (m.badPlatforms or [ ])
      || (m ? platforms && names == m.platforms && !(builtins.elem system names))
    then "does not support ${system}" else "";
`

const homesExpr = `
  homes = host: let users = host.config.home-manager.users or { }; in map (user: homeInfo users.${user} // {
    inherit user;
    instance = describe users.${user}.home.activationPackage;
  }) (builtins.attrNames users);
`

// Function makes a function of the flake from an expression that contains questions.
func Function(questions string) string {
	return "f: let" + expr.Strings + describeExpr + hostInfoExpr + homeInfoExpr + homesExpr + skipExpr + "in " + questions
}

// Expr writes the question, for use in a [Function].
func (q Question) Expr() string {
	if q.VM != nil {
		return q.VM.expr()
	}
	if q.Users {
		users := usersExpr(q.host())
		if q.Defined {
			users = definedUsersExpr(q.host())
		}
		return "{ homes = map (user: { inherit user; }) (" + users + "); }"
	}
	value := expr.Output(q.Path...)
	if q.Fallback != nil {
		value += " or " + expr.Output(q.Fallback...)
	}
	answer := "describe value"
	if q.Info {
		answer += " // { info = hostInfo (" + expr.Output(q.host()...) + ".config or { }); }"
	}
	if q.Embedded {
		answer += " // { homes = homes " + expr.Output(q.host()...) + "; }"
	}
	if q.Home {
		answer += " // { home = " + homeExpr(q.Path) + "; }"
	}
	if q.Skippable {
		answer = "(let reason = skip " + expr.Quote(q.Path[1]) + " value; in if reason != \"\" then { skip = reason; } else " + answer + ")"
	}
	return "let value = " + value + "; in " + answer
}

func (q Question) host() []string {
	if q.Host != nil {
		return slices.Clip(q.Host)
	}
	return q.Path[:2:2]
}

// usersExpr lists the names of the homes inside the host at a path.
func usersExpr(path []string) string {
	return "builtins.attrNames (" + expr.Output(append(slices.Clip(path), "config", "home-manager", "users")...) + " or { })"
}

// definedUsersExpr lists the homes that the modules of a host define. It asks the option rather
// than the configuration: the first access to the configuration fails if a module sets an option
// that does not exist.
func definedUsersExpr(path []string) string {
	return "builtins.attrNames (builtins.foldl' (all: d: if builtins.isAttrs d then all // d else all) { } " +
		expr.Output(append(slices.Clip(path), "options", "home-manager", "users", "definitions")...) + ")"
}

// SilentError reports an answer that leaves out what was asked for.
type SilentError struct {
	Path []string
}

func (e *SilentError) Error() string { return "it says nothing about " + strings.Join(e.Path, ".") }

// Finish prepares an answer for use and checks it. The error is a [*SilentError], or a
// [*nixlog.EvalError] for something that is not a derivation. An answer with an error keeps no
// paths.
func (q Question) Finish(in *Instance, store *storepath.Store) (err error) {
	path := q.Path
	if q.VM != nil {
		path = q.VM.path()
	}
	defer func() {
		if err != nil {
			in.clearPaths()
		}
	}()
	if !in.answers(q) {
		return &SilentError{path}
	}
	switch {
	case q.Users:
		return nil
	case in.NoVM && q.VM != nil:
		err = q.VM.noRunner()
	case in.Skip == "":
		if err = in.check(path, store); err == nil && q.VM != nil && in.Outputs["out"] == "" {
			err = &nixlog.EvalError{Message: strings.Join(path, ".") + " has no output named out, which would hold the runner"}
		}
	}
	for i, h := range in.Homes {
		in.Homes[i].Instance.Home = &in.Homes[i].HomeInfo
		if err == nil {
			err = h.Instance.check(append(q.host(), "config", "home-manager", "users", h.User, "home", "activationPackage"), store)
		}
	}
	return err
}

// Blame adds the home to an error of the question's evaluation that is about one for the guest's
// store.
func (q Question) Blame(err error) error {
	if q.VM == nil {
		return err
	}
	return q.VM.blame(err)
}

// answers reports whether this is an answer to the question at all.
func (in Instance) answers(q Question) bool {
	if q.Users || q.Embedded && in.NotDerivation == "" {
		if in.Homes == nil {
			return false
		}
	}
	return q.Users || in.NoVM && q.VM != nil || in.Skip != "" || in.NotDerivation != "" || in.DrvPath != "" && in.Outputs != nil
}

// nameRE matches the names of outputs and systems. Nix allows others, which nobody uses.
var nameRE = regexp.MustCompile(`^[0-9A-Za-z_][0-9A-Za-z+._-]{0,99}$`)

// check rejects what is not a derivation. Its paths go onto Nix's command line, so a flake
// must not be able to put anything else there.
func (in Instance) check(path []string, store *storepath.Store) error {
	wrong := func(format string, args ...any) error {
		return &nixlog.EvalError{Message: strings.Join(path, ".") + " is not a derivation" + fmt.Sprintf(format, args...)}
	}
	switch {
	case in.NotDerivation != "":
		return wrong(": it is of type %s", in.NotDerivation)
	case !storepath.IsDerivation(in.DrvPath) || store.Check(in.DrvPath) != nil:
		return wrong(": its drvPath is %q", in.DrvPath)
	case !nameRE.MatchString(in.System):
		return wrong(": its system is %q", in.System)
	}
	for _, name := range slices.Sorted(maps.Keys(in.Outputs)) {
		out := in.Outputs[name]
		switch {
		case !nameRE.MatchString(name):
			return wrong(": it has an output %q", name)
		case !storepath.IsPlaceholder(out) && store.Check(out) != nil:
			return wrong(": the path of its output %s is %q", name, out)
		}
	}
	return nil
}

// clearPaths removes every path, including those of the homes inside. It changes no map or
// slice in place, as others may hold it.
func (in *Instance) clearPaths() {
	in.DrvPath, in.Outputs = "", nil
	if !nameRE.MatchString(in.System) {
		in.System = ""
	}
	in.Homes = slices.Clone(in.Homes)
	for i := range in.Homes {
		in.Homes[i].Instance.clearPaths()
	}
}
