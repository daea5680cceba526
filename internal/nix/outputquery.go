package nix

import "strings"

// outputQuery asks for the names in one output. In the expression, `o` is the flake's outputs. One
// of names, attrs and seen is set; the first two return the field of the offer that the answer
// goes into.
type outputQuery struct {
	output, expr string
	names        func(*Offer) *[]string
	attrs        func(*Offer) *[]Attr
	seen         bool // only counts the names, and may fail
}

func plainQuery(output string, dst func(*Offer) *[]string) outputQuery {
	return outputQuery{output: output, expr: "builtins.attrNames (o." + output + " or { })", names: dst}
}

func nestedQuery(output string, dst func(*Offer) *[]Attr) outputQuery {
	return outputQuery{output: output, expr: nested("o."+output+" or { }", "set.${system}"), attrs: dst}
}

// nested lists the system and the name of each attribute of a two-level set.
func nested(set, inner string) string {
	return "let set = " + set + "; in builtins.concatMap (system: map (name: { inherit system name; })" +
		" (builtins.attrNames (" + inner + "))) (builtins.attrNames set)"
}

// hostAndHomeQueries are cheap: they force nothing below a name.
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
		{
			output: "legacyPackages.<system>.nixosConfigurations",
			expr:   nested("o.legacyPackages or { }", "set.${system}.nixosConfigurations or { }"),
			attrs:  func(o *Offer) *[]Attr { return &o.LegacyNixOS },
		},
		{output: "colmenaHive", expr: "builtins.attrNames (o.colmenaHive.nodes or { })", names: func(o *Offer) *[]string { return &o.Colmena }},
		plainQuery("nixOnDroidConfigurations", func(o *Offer) *[]string { return &o.Droid }),
		{output: "systemConfigs", expr: managedExpr, attrs: func(o *Offer) *[]Attr { return &o.Managed }},
	}
}

// managedExpr lists configurations of system-manager, which are either below their system or
// directly in the output.
const managedExpr = `let set = o.systemConfigs or { }; in builtins.concatMap (name:
  if builtins.match "[a-z0-9_]+-linux" name != null && (set.${name}.type or "") != "derivation"
  then map (inner: { system = name; name = inner; }) (builtins.attrNames set.${name})
  else [ { system = ""; inherit name; } ]) (builtins.attrNames set)`

// seenQueries list what flakeci does not test. If an output cannot be listed, it counts as empty.
func seenQueries() []outputQuery {
	seen := func(output, list string) outputQuery {
		return outputQuery{
			output: output, seen: true,
			expr: "let got = builtins.tryEval (builtins.attrNames (" + list + ")); in if got.success then got.value else [ ]",
		}
	}
	return []outputQuery{
		seen("colmena", "if o ? colmenaHive then { } else builtins.removeAttrs (o.colmena or { }) [ \"meta\" \"network\" \"defaults\" ]"),
		seen("deploy.nodes", "o.deploy.nodes or { }"),
		seen("hydraJobs", "o.hydraJobs or { }"),
	}
}

// otherQueries replace `nix flake show` if that fails.
func otherQueries() []outputQuery {
	return []outputQuery{
		nestedQuery("checks", func(o *Offer) *[]Attr { return &o.Checks }),
		nestedQuery("packages", func(o *Offer) *[]Attr { return &o.Packages }),
		nestedQuery("devShells", func(o *Offer) *[]Attr { return &o.DevShells }),
		plainQuery("formatter", func(o *Offer) *[]string { return &o.Formatters }),
	}
}

// Listings is how many outputs may contain hosts and homes.
var Listings = func() int {
	outputs := map[string]bool{}
	for _, q := range hostAndHomeQueries() {
		outputs[q.topLevel()] = true
	}
	return len(outputs)
}()

// topLevel returns the name of the output that the query looks into.
func (q outputQuery) topLevel() string {
	name, _, _ := strings.Cut(q.output, ".")
	return name
}
