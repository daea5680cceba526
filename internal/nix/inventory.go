package nix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
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
	if err != nil {
		return Offer{}, nil, err
	}
	offer := Offer{Checks: shown.Checks, Packages: shown.Packages, DevShells: shown.DevShells, Formatters: shown.Formatters}
	return t.confirm(ctx, offer)
}

// confirm asks by name for the outputs of which nothing was shown. Mostly there is
// nothing, and asking costs little; what is there but not shown would go untested and
// nobody would know.
func (t *Target) confirm(ctx context.Context, offer Offer) (Offer, []Fault, error) {
	var silent []outputQuery
	for _, q := range otherQueries() {
		if q.isEmpty(&offer) {
			silent = append(silent, q)
		}
	}
	if len(silent) == 0 {
		return offer, nil, nil
	}
	more, faults, err := t.ask(ctx, silent)
	for _, q := range silent {
		q.copy(&offer, &more)
	}
	return offer, faults, err
}

// OtherNames lists what [Target.Others] lists, by the names of attributes alone, for
// those who only want to know what there is. It forces nothing below a name, imports
// nothing from derivations, and gives up if one output cannot be listed.
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
	var evalErr *nixlog.EvalError
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

func (q outputQuery) isEmpty(o *Offer) bool {
	if q.names != nil {
		return len(*q.names(o)) == 0
	}
	return len(*q.attrs(o)) == 0
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
	for _, q := range queries {
		fmt.Fprintf(&expr, " %s = map (x: if builtins.isString x then { system = \"\"; name = x; } else x) (%s);", q.output, q.expr)
	}
	expr.WriteString(" }")
	got := listing{queries: queries}
	if _, err := t.Eval(ctx, expr.String(), &got, adjust...); err != nil {
		return Offer{}, err
	}
	return got.offer, nil
}

// listing is the answer to some queries.
type listing struct {
	queries []outputQuery
	offer   Offer
}

// UnmarshalJSON refuses a listing that leaves out an output that was asked for: hosts
// that are not listed are not tested, and nobody would know.
func (l *listing) UnmarshalJSON(text []byte) error {
	var answers map[string]answer
	if err := json.Unmarshal(text, &answers); err != nil {
		return err
	}
	l.offer = Offer{}
	for _, q := range l.queries {
		if answers[q.output] == nil {
			return fmt.Errorf("it does not list %s", q.output)
		}
		answers[q.output].into(q, &l.offer)
	}
	return nil
}

// answer is the names of one output, the system empty where there is none.
type answer []Attr

func (a answer) into(q outputQuery, o *Offer) {
	if q.attrs != nil {
		*q.attrs(o) = a
		return
	}
	dst := q.names(o)
	for _, x := range a {
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
		got := inOrder[string]{want: len(some)}
		_, err := t.Eval(ctx, listOf(some, func(a Attr) string {
			path := []string{"homeConfigurations", a.Name, "config", "home", "username"}
			if a.System != "" {
				path = append([]string{"legacyPackages", a.System}, path...)
			}
			return stringOf("f.outputs" + selector(path))
		}), &got)
		for i, user := range got.list {
			users[some[i]] = user
		}
		return err
	})
	return users, err
}

// inOrder is a list of answers, one for each thing that was asked about.
type inOrder[T any] struct {
	want int
	list []T
}

// UnmarshalJSON refuses a list that is longer or shorter.
func (o *inOrder[T]) UnmarshalJSON(text []byte) error {
	o.list = nil
	if err := json.Unmarshal(text, &o.list); err != nil {
		return err
	}
	if n := len(o.list); n != o.want {
		o.list = nil
		return fmt.Errorf("it has %d answers to %d questions", n, o.want)
	}
	return nil
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
		got := inOrder[[]string]{want: len(some)}
		_, err := t.Eval(ctx, listOf(some, func(h Host) string {
			return usersExpr([]string{h.Output, h.Name})
		}), &got)
		for i, names := range got.list {
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
	var evalErr *nixlog.EvalError
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
