package nix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/expr"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
)

// Fault is an output that could not be listed. What it would have offered is unknown, so a
// run with a fault cannot pass.
type Fault struct {
	Output string
	Err    error
}

// Inventory lists the hosts and homes that the flake offers, by the names of their
// attributes. An output that throws becomes a [Fault] and does not hide the others.
func (t *Target) Inventory(ctx context.Context) (Offer, []Fault, error) {
	return t.ask(ctx, slices.Concat(hostAndHomeQueries(), seenQueries()))
}

// Others lists what else the flake offers, as `nix flake show` does. That can take long, as it
// forces every package, and it fails completely if one of them throws, or if it takes more memory
// than it may. In that case Others asks only for the names in each output; the run then finds the
// package that throws when it evaluates it.
func (t *Target) Others(ctx context.Context) (Offer, []Fault, error) {
	shown, err := t.show(ctx)
	if isConfined(err) {
		return t.ask(ctx, otherQueries())
	}
	if err != nil {
		return Offer{}, nil, err
	}
	offer := Offer{Checks: shown.Checks, Packages: shown.Packages, DevShells: shown.DevShells, Formatters: shown.Formatters}
	return t.confirm(ctx, offer)
}

// confirm asks for the names in outputs for which nothing was shown. Those are usually empty, and
// asking costs little. Without this, a part that Nix did not show would silently go untested.
func (t *Target) confirm(ctx context.Context, offer Offer) (Offer, []Fault, error) {
	var empty []outputQuery
	for _, q := range otherQueries() {
		if q.isEmpty(&offer) {
			empty = append(empty, q)
		}
	}
	if len(empty) == 0 {
		return offer, nil, nil
	}
	more, faults, err := t.ask(ctx, empty)
	for _, q := range empty {
		q.copy(&offer, &more)
	}
	return offer, faults, err
}

// OtherNames lists the same as [Target.Others], but only by the names of attributes, for
// callers that test nothing. It forces nothing below a name, imports nothing from
// derivations, and fails if one output cannot be listed.
func (t *Target) OtherNames(ctx context.Context) (Offer, error) {
	return t.askAll(ctx, otherQueries(), func(q *evalCall) {
		q.auxiliary = true
		q.args = append(q.args, "--option", "allow-import-from-derivation", "false")
	})
}

// ask sends all queries to one process. If that fails it sends each to its own, so that
// only the one at fault is lost.
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
			again := slices.ContainsFunc(faults, func(f Fault) bool { return f.Output == q.topLevel() })
			if !q.seen && !again {
				faults = append(faults, Fault{Output: q.topLevel(), Err: err})
			}
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
	switch {
	case q.seen:
		dst.count(q.output, src.Seen[q.output])
		return
	case q.names != nil:
		*q.names(dst) = *q.names(src)
		return
	}
	*q.attrs(dst) = *q.attrs(src)
}

func (t *Target) askAll(ctx context.Context, queries []outputQuery, adjust ...func(*evalCall)) (Offer, error) {
	var function strings.Builder
	function.WriteString("f: let o = f.outputs; in {")
	for _, q := range queries {
		fmt.Fprintf(&function, " %s = map (x: if builtins.isString x then { system = \"\"; name = x; } else x) (%s);", expr.Quote(q.output), q.expr)
	}
	function.WriteString(" }")
	got := listing{queries: queries}
	if _, err := t.Eval(ctx, function.String(), &got, adjust...); err != nil {
		return Offer{}, err
	}
	return got.offer, nil
}

// listing is the answer to queries.
type listing struct {
	queries []outputQuery
	offer   Offer
}

// UnmarshalJSON rejects a listing without an output that was asked for: hosts that are not
// listed would silently go untested.
func (l *listing) UnmarshalJSON(text []byte) error {
	var answers map[string]names
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

// count sets how many entries an output has that flakeci does not test.
func (o *Offer) count(output string, n int) {
	if n == 0 {
		return
	}
	if o.Seen == nil {
		o.Seen = map[string]int{}
	}
	o.Seen[output] = n
}

// names is the content of one output. Systems are empty if the output has none.
type names []Attr

func (a names) into(q outputQuery, o *Offer) {
	switch {
	case q.seen:
		o.count(q.output, len(a))
		return
	case q.attrs != nil:
		*q.attrs(o) = a
		return
	}
	dst := q.names(o)
	for _, x := range a {
		*dst = append(*dst, x.Name)
	}
}

// Usernames asks homes for their config.home.username. An Attr without a system is in the
// flake's homeConfigurations, one with a system in the legacyPackages of that system. A home
// that does not evaluate is missing from the result: it fails when it is built.
func (t *Target) Usernames(ctx context.Context, homes []Attr) (map[Attr]string, error) {
	users := map[Attr]string{}
	err := each(homes, func(some []Attr) error {
		got := inOrder[string]{want: len(some)}
		_, err := t.Eval(ctx, listOf(some, func(a Attr) string {
			path := []string{"homeConfigurations", a.Name, "config", "home", "username"}
			if a.System != "" {
				path = append([]string{"legacyPackages", a.System}, path...)
			}
			return stringOf(expr.Output(path...))
		}), &got)
		for i, user := range got.list {
			users[some[i]] = user
		}
		return err
	})
	return users, err
}

// inOrder is a list of answers, one for each question.
type inOrder[T any] struct {
	want int
	list []T
}

// UnmarshalJSON rejects a list that is longer or shorter.
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

// atOnce is how many items one process is asked about. The question is an argument of that process,
// which on Linux has less than 128 KiB: 1,000 hosts did not fit. And a process keeps in memory what
// it evaluates of each host.
const atOnce = 32

// each asks about all items, several at once. If one of them may have caused an error, it asks about
// each alone, and skips those that fail.
func each[T any](all []T, ask func([]T) error) error {
	for some := range slices.Chunk(all, atOnce) {
		err := ask(some)
		if err != nil && isConfined(err) {
			err = eachAlone(some, ask)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func eachAlone[T any](some []T, ask func([]T) error) error {
	if len(some) == 1 {
		return nil // it is the one that failed
	}
	for i := range some {
		if err := ask(some[i : i+1]); err != nil && !isConfined(err) {
			return err
		}
	}
	return nil
}

// isConfined reports whether another question may succeed in spite of an error: the flake is at
// fault, or the evaluator crashed or took all memory.
func isConfined(err error) bool {
	var evalErr *nixlog.EvalError
	var died *proc.Error
	return errors.As(err, &evalErr) || errors.As(err, &died) && died.Err == nil && died.Signal != 0
}

// stringOf returns the value of an expression, and throws if that is not a string.
func stringOf(value string) string {
	return "let s = " + value + "; in if builtins.isString s then s else throw \"a name is of type ${builtins.typeOf s}\""
}

// listOf makes a function of the flake that lists one value for each item.
func listOf[T any](items []T, value func(T) string) string {
	var list []string
	for _, it := range items {
		list = append(list, value(it))
	}
	return "f: " + expr.List(list)
}
