package nix

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
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
	// Users asks a host for the names of the homes inside it, and for nothing else.
	Users bool
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
	Outputs map[string]string `json:"outputs,omitzero"`
	// Skip says why a package is not to be built; then there is no derivation.
	Skip string `json:"skip"`
	// NotDerivation is the type of what stood there instead of a derivation.
	NotDerivation string         `json:"notDerivation"`
	Homes         []EmbeddedHome `json:"homes,omitzero"`
	// Home is there if it was asked for, its fields empty where the home does not
	// say. Homes inside a host have it too.
	Home *HomeInfo `json:"home,omitzero"`
	VM   *VMInfo   `json:"vm,omitzero"`
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

// Batch is evaluated by one process, one question after the other. What they
// share is evaluated once.
type Batch struct {
	Questions []Question
	// KeepGarbage switches the evaluator's garbage collector off, which is quicker
	// by a third and takes more memory with each question.
	KeepGarbage bool
	// Started is given the id of the process.
	Started func(pid int)
	// Warned is given the warnings of the flake, as they come up, by builtins.warn or
	// the lib.warn of nixpkgs.
	Warned func(text string)
	// Answered is given each answer as soon as it is there, in order. Something
	// that is no derivation is a [*nixlog.EvalError]. False ends the process with what is
	// left unanswered.
	Answered func(i int, in Instance, err error) (more bool)
}

// Instantiate evaluates cells to their derivations, whose .drv are then in the
// store. An error is about the first question that was not answered: the
// evaluator ends with it.
func (t *Target) Instantiate(ctx context.Context, b Batch) (proc.Usage, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	kill := make(chan struct{})
	answered, enough, lost := 0, false, false
	q := t.applying(b.function(t.client.mark))
	q.started, q.answer = b.Started, []byte("trace: "+t.client.mark)
	if b.KeepGarbage {
		q.env = []string{"GC_DONT_GC=1"}
	}
	q.line = func(line []byte) {
		if text, ok := nixlog.Warning(line); ok {
			if b.Warned != nil {
				b.Warned(text)
			}
			return
		}
		i, text, ok := nixlog.Answer(line, t.client.mark)
		if !ok || enough || lost || answered >= len(b.Questions) {
			return
		}
		var in Instance
		if i >= 0 && unmarshalWhole([]byte(text), &in) != nil {
			return
		}
		if lost = i != answered; lost {
			close(kill)
			stop()
			return
		}
		of := b.Questions[answered]
		raw := in
		err := of.finish(&in, t.client.store)
		if err == nil {
			t.answers.add(asking(of.expr()), raw)
		}
		if enough = !b.Answered(answered, in, err); enough {
			close(kill) // a long builtin does not hear an interruption
			stop()
		}
		answered++
	}
	var count int
	usage, err := t.client.evaluate(proc.WithKill(ctx, kill), q, &count)
	if enough || answered == len(b.Questions) {
		return usage, nil
	}
	if vm := b.Questions[answered].VM; vm != nil {
		err = vm.blame(err)
	}
	if err == nil || lost {
		err = fmt.Errorf("nix eval: %d answers to %d questions", answered, len(b.Questions))
	}
	return usage, err
}

// function reports each answer by a trace once it is there: what nix eval prints
// itself comes when all is done. Each has its number, for a line can be spoilt by
// what another program writes.
func (b Batch) function(mark string) string {
	var list strings.Builder
	for _, q := range b.Questions {
		list.WriteString("\n(" + q.expr() + ")")
	}
	return asking(fmt.Sprintf("builtins.foldl' (n: answer: builtins.trace \"%s${toString n} ${builtins.toJSON answer}\" (n + 1)) 0 [%s ]", mark, list.String()))
}

// An argument of a program on Linux has less than 128 KiB.
const maxQuestions = 96 << 10

// Fitting is how many questions, from the first on, go into one batch.
func Fitting(questions []Question) int {
	size := 0
	for i, q := range questions {
		if size += len(q.expr()) + 3; size > maxQuestions && i > 0 {
			return i
		}
	}
	return len(questions)
}

// finish makes what evaluation gave ready for use, and finds what is wrong with it. It
// leaves no path in an instance that is wrong.
func (q Question) finish(in *Instance, store *storeFolder) (err error) {
	path := q.Path
	if q.VM != nil {
		path = q.VM.path()
	}
	defer func() {
		if err != nil {
			in.forget()
		}
	}()
	if !in.says(q) {
		return badAnswer("eval", "it says nothing of %s", strings.Join(path, "."))
	}
	switch {
	case q.Users:
		return nil
	case in.NoVM:
		err = q.VM.noRunner()
	case in.Skip == "":
		if err = in.check(path, store); err == nil && q.VM != nil && in.Outputs["out"] == "" {
			err = &nixlog.EvalError{Message: strings.Join(path, ".") + " has no output named out, which would hold the runner"}
		}
	}
	for i, h := range in.Homes {
		in.Homes[i].Instance.Home = &in.Homes[i].HomeInfo
		if err == nil {
			err = h.Instance.check(append(q.Path[:2:2], "config", "home-manager", "users", h.User, "home", "activationPackage"), store)
		}
	}
	return err
}

// says reports whether this is an answer to the question at all.
func (in Instance) says(q Question) bool {
	if q.Users || q.Embedded && in.NotDerivation == "" {
		if in.Homes == nil {
			return false
		}
	}
	return q.Users || in.NoVM && q.VM != nil || in.Skip != "" || in.NotDerivation != "" || in.DrvPath != "" && in.Outputs != nil
}

// Names of outputs and systems. Nix allows more, which nobody uses.
var wordRE = regexp.MustCompile(`^[0-9A-Za-z_][0-9A-Za-z+._-]{0,99}$`)

// check refuses what is not a derivation. Its paths go onto Nix's command line, so they
// must not be whatever the flake likes.
func (in Instance) check(path []string, store *storeFolder) error {
	wrong := func(format string, args ...any) error {
		return &nixlog.EvalError{Message: strings.Join(path, ".") + " is no derivation" + fmt.Sprintf(format, args...)}
	}
	switch {
	case in.NotDerivation != "":
		return wrong(" but of type %s", in.NotDerivation)
	case !IsDerivation(in.DrvPath) || store.check(in.DrvPath) != nil:
		return wrong(": its drvPath is %q", in.DrvPath)
	case !wordRE.MatchString(in.System):
		return wrong(": its system is %q", in.System)
	}
	for _, name := range slices.Sorted(maps.Keys(in.Outputs)) {
		out := in.Outputs[name]
		switch {
		case !wordRE.MatchString(name):
			return wrong(": it has an output %q", name)
		case !placeholderRE.MatchString(out) && store.check(out) != nil:
			return wrong(": the path of its output %s is %q", name, out)
		}
	}
	return nil
}

// forget removes every path, those of the homes inside too. It changes no map in place,
// since others may hold it.
func (in *Instance) forget() {
	in.DrvPath, in.Outputs = "", nil
	if !wordRE.MatchString(in.System) {
		in.System = ""
	}
	in.Homes = slices.Clone(in.Homes)
	for i := range in.Homes {
		in.Homes[i].Instance.forget()
	}
}

// asking is a function of the flake that questions stand in.
func asking(questions string) string {
	return "f: let" + describeExpr + textExpr + whoseExpr + homesExpr + skipExpr + "in " + questions
}

// expr is the question itself, to stand in asking.
func (q Question) expr() string {
	if q.VM != nil {
		return q.VM.expr()
	}
	if q.Users {
		return "{ homes = map (user: { inherit user; }) (" + usersExpr(q.Path) + "); }"
	}
	value := "f.outputs" + selector(q.Path)
	if q.Fallback != nil {
		value += " or f.outputs" + selector(q.Fallback)
	}
	result := "describe value"
	if q.Embedded {
		result += " // { homes = homes f.outputs" + selector(q.Path[:2]) + "; }"
	}
	if q.Home {
		result += " // { home = " + homeExpr(q.Path) + "; }"
	}
	if q.Skippable {
		result = "(let reason = skip " + quote(q.Path[1]) + " value; in if reason != \"\" then { skip = reason; } else " + result + ")"
	}
	return "let value = " + value + "; in " + result
}

// usersExpr gives the names of the homes inside the host at, or above, a path.
func usersExpr(path []string) string {
	return "builtins.attrNames (f.outputs" + selector(append(path[:2:2], "config", "home-manager", "users")) + " or { })"
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
