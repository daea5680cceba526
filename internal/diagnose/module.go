package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/flakeci/flakeci/internal/nix/modulesystem"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// adviseModule says what is wrong with an option of the module system, and where.
func adviseModule(c *result.Cause, m *modulesystem.Error) {
	c.Title = notEvaluated + firstLine(m.Title())
	_, option := modulesystem.Home(m.Option)
	// Cells may give one wrong option several values.
	c.Key = result.NewCauseKey(c.Kind, append([]string{string(m.Kind), option, m.Type}, keyFiles(c, m)...)...)
	switch m.Kind {
	case modulesystem.Undeclared:
		c.Hint = "check how the option is spelled, and whether the module that declares it is imported"
		if names := suggestedRE.FindAllString(m.Advice, -1); names != nil {
			for i := range names {
				names[i] = strings.Trim(names[i], "`'")
			}
			c.Hint = "did you mean " + english.WordSeries(names, "or") + "?"
		}
	case modulesystem.Undefined:
		c.Hint = "set it, or import the module that does"
	case modulesystem.Conflict, modulesystem.Repeated:
		c.Hint = "remove all values but one, or have one win with lib.mkForce or lose with lib.mkDefault"
	case modulesystem.ReadOnly:
		c.Hint = "remove the value that the flake sets: the option has its own"
	case modulesystem.Redeclared:
		c.Hint = "remove one of the declarations, or import the module only once"
	case modulesystem.Removed:
		c.Hint = "remove it; the message says what replaces it"
	case modulesystem.Attribute:
		c.Hint = fmt.Sprintf("a module that has config or options may have nothing else beside them: move %s into config", m.Option)
	}
}

// keyFiles returns the files that tell a cause about an option from others: those that set it, or
// the one that should.
func keyFiles(c *result.Cause, m *modulesystem.Error) []string {
	if files := m.Files(); len(files) > 0 {
		return slices.Sorted(slices.Values(files)) // their order is that of a host's imports
	}
	if c.Location != nil {
		return []string{c.Location.File}
	}
	return nil
}

// adviseArgument names the argument that a module asks for and nothing passes to it.
func adviseArgument(c *result.Cause, e *nixlog.EvalError, _ []string) {
	c.Title = fmt.Sprintf("%smodule %s asks for the argument %s, which nothing passes to it", notEvaluated, e.Place.File, e.Argument)
	c.Hint = fmt.Sprintf("pass it with specialArgs (extraSpecialArgs for home-manager) or _module.args.%s, or correct its name", e.Argument)
}

// suggestedRE finds the options that the module system suggests.
var suggestedRE = regexp.MustCompile("`[^`']+'")
