package nix

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/proc"
)

// Question is what is asked of one cell.
type Question struct {
	// Path is the attribute path from the flake's outputs.
	Path []string
	// Fallback is asked where Path does not exist.
	Fallback []string
	// Embedded asks a host for the homes inside it.
	Embedded bool
	// Skippable asks a package whether it wants to be built here at all.
	Skippable bool
	// Home asks an activation package whom it is for.
	Home bool
	// VM asks a host for its virtual machine, instead of anything at Path.
	VM *VM
}

// Instance is a derivation that evaluation gave.
type Instance struct {
	DrvPath string            `json:"drvPath"`
	System  string            `json:"system"`
	Outputs map[string]string `json:"outputs"`
	// Skip says why a package is not to be built; then there is no derivation.
	Skip string `json:"skip"`
	// NotDerivation is the type of what stood there instead of a derivation.
	NotDerivation string         `json:"notDerivation"`
	Homes         []EmbeddedHome `json:"homes"`
	// Home is there if it was asked for, its fields empty where the home does not
	// say. Homes inside a host have it too.
	Home *HomeInfo `json:"home"`
	VM   *VMInfo   `json:"vm"`
	// NoVM is true of a host that has no runner.
	NoVM bool `json:"noVM"`
}

// EmbeddedHome is a home inside a host; User is its attribute there.
type EmbeddedHome struct {
	User string `json:"user"`
	HomeInfo
	Instance Instance `json:"instance"`
}

// What a derivation is asked for. Contexts are dropped: the strings are for
// reading, and nothing must be built to print them.
const describeExpr = `
  plain = builtins.unsafeDiscardStringContext;
  describe = d:
    if builtins.isAttrs d && (d.type or "") == "derivation" then {
      drvPath = plain d.drvPath;
      system = plain d.system;
      outputs = builtins.listToAttrs (map (name: { inherit name; value = plain d.${name}.outPath; }) (d.outputs or [ "out" ]));
    } else { notDerivation = builtins.typeOf d; };
`

// A package says itself where it is not wanted; platforms may hold patterns
// besides names of systems, which only nixpkgs' own meta.unsupported can judge.
const skipExpr = `
  skip = system: d: let m = d.meta or { }; names = builtins.filter builtins.isString (m.platforms or [ ]); in
    if (m.hydraPlatforms or null) == [ ] then "meta.hydraPlatforms is empty"
    else if m.unsupported or false || builtins.elem system (m.badPlatforms or [ ])
      || (m ? platforms && names == m.platforms && !(builtins.elem system names))
    then "does not support ${system}" else "";
`

const homesExpr = `
  homes = host: let users = host.config.home-manager.users or { }; in map (user: whose users.${user} // {
    inherit user;
    instance = describe users.${user}.home.activationPackage;
  }) (builtins.attrNames users);
`

// Instantiate evaluates one cell to its derivation, whose .drv is then in the
// store. Something that is no derivation is an [*EvalError].
func (t *Target) Instantiate(ctx context.Context, q Question) (Instance, proc.Usage, error) {
	var in Instance
	usage, err := t.Eval(ctx, q.function(), &in)
	path := q.Path
	if q.VM != nil {
		path = q.VM.path()
		err = q.VM.blame(err)
	}
	switch {
	case err == nil && in.NoVM:
		err = q.VM.noRunner()
	case err == nil && in.Skip == "":
		err = in.check(path)
	}
	for i, h := range in.Homes {
		in.Homes[i].Instance.Home = &in.Homes[i].HomeInfo
		if err == nil {
			err = h.Instance.check(append(q.Path[:2:2], "config", "home-manager", "users", h.User, "home", "activationPackage"))
		}
	}
	return in, usage, err
}

var drvPathRE = regexp.MustCompile(`^` + drvPattern + `$`)

// check holds what evaluation gave to what a derivation is. Its path goes onto
// Nix's command line, so that it must not be whatever the flake likes.
func (in Instance) check(path []string) error {
	switch {
	case in.NotDerivation != "":
		return &EvalError{Message: fmt.Sprintf("%s is no derivation but of type %s", strings.Join(path, "."), in.NotDerivation)}
	case !drvPathRE.MatchString(in.DrvPath):
		return &EvalError{Message: fmt.Sprintf("%s is no derivation: its drvPath is %q", strings.Join(path, "."), in.DrvPath)}
	}
	return nil
}

func (q Question) function() string {
	if q.VM != nil {
		return q.VM.function()
	}
	var b strings.Builder
	b.WriteString("f: let" + describeExpr + textExpr + whoseExpr)
	value := "f.outputs" + selector(q.Path)
	if q.Fallback != nil {
		value += " or f.outputs" + selector(q.Fallback)
	}
	result := "describe value"
	if q.Embedded {
		b.WriteString(homesExpr)
		result += " // { homes = homes f.outputs" + selector(q.Path[:2]) + "; }"
	}
	if q.Home {
		result += " // { home = " + homeExpr(q.Path) + "; }"
	}
	if q.Skippable {
		b.WriteString(skipExpr)
		result = "(let reason = skip " + quote(q.Path[1]) + " value; in if reason != \"\" then { skip = reason; } else " + result + ")"
	}
	fmt.Fprintf(&b, "  value = %s; in %s", value, result)
	return b.String()
}

// selector writes a path as .a."b c".d for use behind an expression.
func selector(path []string) string {
	var b strings.Builder
	for _, name := range path {
		b.WriteString("." + quote(name))
	}
	return b.String()
}

var quoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", `\${`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// quote writes a string as a Nix string literal.
func quote(s string) string { return `"` + quoter.Replace(s) + `"` }
