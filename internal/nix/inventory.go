package nix

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/internal/proc"
)

// Fault is an output whose names could not be had; what it would have offered
// is unknown, so a run that meets one is never green.
type Fault struct {
	Output string
	Err    error
}

// An outputQuery asks for the names in one output. The expression stands where
// `o` is the flake's outputs; assign puts the answer into the offer.
type outputQuery struct {
	output, expr string
	names        func(*Offer) *[]string
	attrs        func(*Offer) *[]Attr
}

func plainQuery(output string, dst func(*Offer) *[]string) outputQuery {
	return outputQuery{output: output, expr: "builtins.attrNames (o." + output + " or { })", names: dst}
}

func nestedQuery(output string, dst func(*Offer) *[]Attr) outputQuery {
	return outputQuery{output: output, expr: nested("o."+output+" or { }", "set.${system}"), attrs: dst}
}

// nested lists system and name of a two-level set.
func nested(set, inner string) string {
	return "let set = " + set + "; in builtins.concatMap (system: map (name: { inherit system name; })" +
		" (builtins.attrNames (" + inner + "))) (builtins.attrNames set)"
}

// The queries for hosts and homes are cheap: nothing below a name is forced.
func hostAndHomeQueries() []outputQuery {
	return []outputQuery{
		plainQuery("nixosConfigurations", func(o *Offer) *[]string { return &o.NixOS }),
		plainQuery("darwinConfigurations", func(o *Offer) *[]string { return &o.Darwin }),
		plainQuery("homeConfigurations", func(o *Offer) *[]string { return &o.Homes }),
		{
			output: "legacyPackages",
			expr:   nested("o.legacyPackages or { }", "set.${system}.homeConfigurations or { }"),
			attrs:  func(o *Offer) *[]Attr { return &o.LegacyHomes },
		},
	}
}

// The queries that stand in for `nix flake show` where that fails.
func otherQueries() []outputQuery {
	return []outputQuery{
		nestedQuery("checks", func(o *Offer) *[]Attr { return &o.Checks }),
		nestedQuery("packages", func(o *Offer) *[]Attr { return &o.Packages }),
		nestedQuery("devShells", func(o *Offer) *[]Attr { return &o.DevShells }),
		plainQuery("formatter", func(o *Offer) *[]string { return &o.Formatters }),
	}
}

// Listings is how many outputs hosts and homes may stand in.
var Listings = len(hostAndHomeQueries())

// Inventory lists the hosts and homes that the flake offers, by the names of their
// attributes. One output that throws does not hide the rest: it comes back as a
// Fault.
func (t *Target) Inventory(ctx context.Context) (Offer, []Fault, error) {
	return t.ask(ctx, hostAndHomeQueries())
}

// Others lists what else the flake offers: what `nix flake show` lists. That can
// take its time, since it forces every package, and fails as a whole if one throws.
// Then names are asked output by output, and the one that throws is found when it
// is evaluated; so they are if it takes more memory than it may.
func (t *Target) Others(ctx context.Context) (Offer, []Fault, error) {
	shown, err := t.show(ctx)
	if isOfOne(err) {
		return t.ask(ctx, otherQueries())
	}
	return Offer{Checks: shown.Checks, Packages: shown.Packages, DevShells: shown.DevShells, Formatters: shown.Formatters}, nil, err
}

// OtherNames lists by the names of attributes alone what [Target.Others] lists, for who
// only wants to know what there is. It forces nothing below a name, builds nothing that
// a name is imported from, and gives up where one output cannot be listed.
func (t *Target) OtherNames(ctx context.Context) (Offer, error) {
	return t.askAll(ctx, otherQueries(), func(q *question) {
		q.beside = true
		q.args = append(q.args, "--option", "allow-import-from-derivation", "false")
	})
}

// ask puts all queries to one process and, if that fails, each to its own, so
// that only the guilty one is lost.
func (t *Target) ask(ctx context.Context, queries []outputQuery) (Offer, []Fault, error) {
	offer, err := t.askAll(ctx, queries)
	var evalErr *EvalError
	if err == nil || !errors.As(err, &evalErr) || len(queries) == 1 {
		return offer, nil, err
	}
	offer = Offer{}
	var faults []Fault
	for _, q := range queries {
		one, err := t.askAll(ctx, []outputQuery{q})
		switch {
		case err == nil:
			q.copy(&offer, &one)
		case errors.As(err, &evalErr):
			faults = append(faults, Fault{Output: q.output, Err: err})
		default:
			return offer, faults, err
		}
	}
	return offer, faults, nil
}

func (q outputQuery) copy(dst, src *Offer) {
	if q.names != nil {
		*q.names(dst) = *q.names(src)
		return
	}
	*q.attrs(dst) = *q.attrs(src)
}

func (t *Target) askAll(ctx context.Context, queries []outputQuery, adjust ...func(*question)) (Offer, error) {
	var expr strings.Builder
	expr.WriteString("f: let o = f.outputs; in {")
	answers := map[string]*answer{}
	for _, q := range queries {
		fmt.Fprintf(&expr, " %s = map (x: if builtins.isString x then { system = \"\"; name = x; } else x) (%s);", q.output, q.expr)
		answers[q.output] = &answer{}
	}
	expr.WriteString(" }")
	var offer Offer
	if _, err := t.Eval(ctx, expr.String(), &answers, adjust...); err != nil {
		return offer, err
	}
	for _, q := range queries {
		answers[q.output].into(q, &offer)
	}
	return offer, nil
}

// answer is the names of one output, the system empty where there is none.
type answer []Attr

func (a *answer) into(q outputQuery, o *Offer) {
	if q.attrs != nil {
		*q.attrs(o) = *a
		return
	}
	dst := q.names(o)
	for _, x := range *a {
		*dst = append(*dst, x.Name)
	}
}

// Usernames asks homes for their config.home.username; an Attr without a system
// is one of the top-level homeConfigurations, one with a system stands in its
// legacyPackages. A home that does not evaluate has none; it is blamed when it
// is built.
func (t *Target) Usernames(ctx context.Context, homes []Attr) (map[Attr]string, error) {
	users := map[Attr]string{}
	err := each(homes, func(some []Attr) error {
		var got []string
		_, err := t.Eval(ctx, listOf(some, func(a Attr) string {
			path := []string{"homeConfigurations", a.Name, "config", "home", "username"}
			if a.System != "" {
				path = append([]string{"legacyPackages", a.System}, path...)
			}
			return stringOf("f.outputs" + selector(path))
		}), &got)
		for i, user := range got {
			users[some[i]] = user
		}
		return err
	})
	return users, err
}

// Host is a configuration of a machine: the output that it stands in,
// nixosConfigurations or darwinConfigurations, and its name there.
type Host struct {
	Output, Name string
}

// EmbeddedUsers asks hosts for the names in their home-manager.users, as
// home-manager's modules for NixOS and nix-darwin have it. A host that does not
// evaluate has none.
func (t *Target) EmbeddedUsers(ctx context.Context, hosts []Host) (map[Host][]string, error) {
	users := map[Host][]string{}
	err := each(hosts, func(some []Host) error {
		var got [][]string
		_, err := t.Eval(ctx, listOf(some, func(h Host) string {
			return usersExpr([]string{h.Output, h.Name})
		}), &got)
		for i, names := range got {
			users[some[i]] = names
		}
		return err
	})
	return users, err
}

// each asks about all at once and, if that fails for what is asked about, about
// each alone, passing over those that fail.
func each[T any](all []T, ask func([]T) error) error {
	if len(all) == 0 {
		return nil
	}
	err := ask(all)
	if err == nil || !isOfOne(err) {
		return err
	}
	if len(all) == 1 {
		return nil
	}
	for i := range all {
		if err := each(all[i:i+1], ask); err != nil {
			return err
		}
	}
	return nil
}

// isOfOne says whether an error need not hit other questions too: one of the
// flake, or the end of an evaluator that crashed or took all memory.
func isOfOne(err error) bool {
	var evalErr *EvalError
	var died *proc.Error
	return errors.As(err, &evalErr) || errors.As(err, &died) && died.Err == nil && died.Signal != 0
}

// stringOf gives an expression's value, and an error of the flake if that is no
// string.
func stringOf(expr string) string {
	return "let s = " + expr + "; in if builtins.isString s then s else throw \"a name is of type ${builtins.typeOf s}\""
}

// listOf is a function of the flake that gives a list of one expression an item.
func listOf[T any](items []T, expr func(T) string) string {
	var b strings.Builder
	b.WriteString("f: [")
	for _, it := range items {
		b.WriteString(" (" + expr(it) + ")")
	}
	b.WriteString(" ]")
	return b.String()
}
