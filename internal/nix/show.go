package nix

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// Offer lists what a flake offers, by name. Slices are sorted.
type Offer struct {
	NixOS, Darwin               []string
	Colmena, Droid              []string // colmenaHive.nodes, nixOnDroidConfigurations
	LegacyNixOS                 []Attr   // legacyPackages.<system>.nixosConfigurations
	Managed                     []Attr   // systemConfigs, for each system or not
	Homes                       []string
	LegacyHomes                 []Attr // legacyPackages.<system>.homeConfigurations
	Checks, Packages, DevShells []Attr
	Formatters                  []string // systems
	// Seen counts the entries of outputs that flakeci does not test, by output.
	Seen map[string]int
}

// Attr is a named output of one system.
type Attr struct {
	System string `json:"system"`
	Name   string `json:"name"`
}

// UnmarshalJSON rejects a name without its system, and a system without a name.
func (a *Attr) UnmarshalJSON(text []byte) error {
	var both struct{ System, Name *string }
	if err := json.Unmarshal(text, &both); err != nil {
		return err
	}
	if both.System == nil || both.Name == nil {
		return errors.New("an entry in it lacks its name or system")
	}
	*a = Attr{System: *both.System, Name: *both.Name}
	return nil
}

// showNode is a node of `nix flake show --json`: a set of further nodes, or a leaf with a
// type.
type showNode map[string]json.RawMessage

// leafType returns the type of a leaf, or "" for any other node.
func (n showNode) leafType() string {
	var s string
	if json.Unmarshal(n["type"], &s) != nil {
		return ""
	}
	return s
}

// child returns the node with a name. It is empty if there is none, or it is not a node.
func (n showNode) child(name string) showNode {
	var c showNode
	if json.Unmarshal(n[name], &c) != nil {
		return nil
	}
	return c
}

// names lists the children in order, including empty ones. Newer versions show an empty node for a
// value that is not a derivation, and older ones fail. Evaluating that value fails again. No other
// node is empty, because the call asks for all systems.
func (n showNode) names() []string { return slices.Sorted(maps.Keys(n)) }

// attrs lists the leaves of an output that has systems as its first level.
func (n showNode) attrs() []Attr {
	var attrs []Attr
	for _, system := range n.names() {
		for _, name := range n.child(system).names() {
			attrs = append(attrs, Attr{System: system, Name: name})
		}
	}
	return attrs
}

// offer reads the root node. It has no names of homes and darwin hosts: `nix flake show`
// prints one leaf of type "unknown" for them.
func (n showNode) offer() Offer {
	return Offer{
		NixOS:      n.child("nixosConfigurations").leaves(),
		Checks:     n.child("checks").attrs(),
		Packages:   n.child("packages").attrs(),
		DevShells:  n.child("devShells").attrs(),
		Formatters: n.child("formatter").leaves(),
	}
}

// leaves lists the children, or nothing if the node itself is a leaf.
func (n showNode) leaves() []string {
	if n.leafType() != "" {
		return nil
	}
	return n.names()
}

// showQuestion stands for `nix flake show` among the questions whose answers are kept.
const showQuestion = "flake show"

// show calls `nix flake show`, which prints nothing at all if any output throws.
func (t *Target) show(ctx context.Context) (Offer, error) {
	var root showNode
	if t.cached(showQuestion, &root) {
		return root.offer(), nil
	}
	if e := t.failure(showQuestion); e != nil {
		return Offer{}, e.Error
	}
	q := evalCall{flake: &t.Flake, call: call{sub: []string{"flake", "show"}, auxiliary: true, args: t.args("", t.client.Version.showAllSystems()...), refs: []string{t.Flake.reference()}}}
	if _, err := t.client.evaluate(ctx, q, &root); err != nil {
		t.fail(showQuestion, nil, err)
		return Offer{}, err
	}
	t.cache.Add(showQuestion, root)
	return root.offer(), nil
}
