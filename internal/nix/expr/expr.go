// Package expr writes expressions of the Nix language.
//
// Expressions are for use in a function whose argument f is the flake.
package expr

import "strings"

// Strings defines two functions. The first, plain, drops the context of a string: the string is
// only for reading, and nothing has to be built to print it. The second, text, reads a value that
// is only shown, so it must not fail: it returns "" for anything but a string or path, and for a
// value that throws.
const Strings = `
  plain = builtins.unsafeDiscardStringContext;
  text = value: let
    got = builtins.tryEval (if builtins.isString value || builtins.isPath value then plain (toString value) else "");
  in if got.success then got.value else "";
`

// Output selects an attribute path from the flake's outputs.
func Output(path ...string) string {
	var b strings.Builder
	b.WriteString("f.outputs")
	for _, name := range path {
		b.WriteString("." + Quote(name))
	}
	return b.String()
}

var quoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", `\${`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// Quote writes a string literal.
func Quote(s string) string { return `"` + quoter.Replace(s) + `"` }

// List writes a list of expressions.
func List(items []string) string {
	var b strings.Builder
	b.WriteString("[")
	for _, item := range items {
		b.WriteString("\n(" + item + ")")
	}
	b.WriteString(" ]")
	return b.String()
}
