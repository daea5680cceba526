package nix

import (
	"context"
	"encoding/json"
	"errors"
	"sort"
)

// Offer is what a flake offers, by name. Slices are sorted.
type Offer struct {
	NixOS, Darwin               []string
	Homes                       []string
	LegacyHomes                 []Attr // legacyPackages.<system>.homeConfigurations
	Checks, Packages, DevShells []Attr
	Formatters                  []string // systems
}

// Attr is a named output of one system.
type Attr struct {
	System string `json:"system"`
	Name   string `json:"name"`
}

// UnmarshalJSON refuses a name without its system, and a system without a name.
func (a *Attr) UnmarshalJSON(text []byte) error {
	var both struct{ System, Name *string }
	if err := json.Unmarshal(text, &both); err != nil {
		return err
	}
	if both.System == nil || both.Name == nil {
		return errors.New("a name in it is not whole")
	}
	*a = Attr{System: *both.System, Name: *both.Name}
	return nil
}

// showNode is a node of `nix flake show --json`: an attribute set of further
// nodes, or a leaf with a type.
type showNode map[string]json.RawMessage

// leafType is the node's type if it is a leaf, else "".
func (n showNode) leafType() string {
	var s string
	if json.Unmarshal(n["type"], &s) != nil {
		return ""
	}
	return s
}

// child gives the node below a name; a name that is absent, or something that
// is no node, gives an empty one.
func (n showNode) child(name string) showNode {
	var c showNode
	if json.Unmarshal(n[name], &c) != nil {
		return nil
	}
	return c
}

// names lists the children in order, also those that are empty: that is how newer
// versions show what is no derivation, of which older ones make an error. It is
// blamed when it is evaluated. All systems were asked for, so nothing else is empty.
func (n showNode) names() []string {
	var names []string
	for name := range n {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

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

// offer reads the root of what `nix flake show --json` prints. It has no names
// of homes and darwin hosts: those come back as one leaf of type "unknown".
func (n showNode) offer() Offer {
	return Offer{
		NixOS:      n.child("nixosConfigurations").leaves(),
		Checks:     n.child("checks").attrs(),
		Packages:   n.child("packages").attrs(),
		DevShells:  n.child("devShells").attrs(),
		Formatters: n.child("formatter").leaves(),
	}
}

// leaves lists the children unless the node itself is a leaf.
func (n showNode) leaves() []string {
	if n.leafType() != "" {
		return nil
	}
	return n.names()
}

// show asks `nix flake show`, which prints nothing at all if any output throws.
func (t *Target) show(ctx context.Context) (Offer, error) {
	var root showNode
	if t.answers.get("flake show", &root) {
		return root.offer(), nil
	}
	q := question{flake: &t.Flake, call: call{sub: []string{"flake", "show"}, beside: true, args: t.args("", t.client.Version.showAllSystems()...), refs: []string{t.Flake.reference()}}}
	if _, err := t.client.evaluate(ctx, q, &root); err != nil {
		return Offer{}, err
	}
	t.answers.add("flake show", root)
	return root.offer(), nil
}
