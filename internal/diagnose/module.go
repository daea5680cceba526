package diagnose

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/modulesystem"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// adviseModule says what is wrong with an option of the module system, and where.
func adviseModule(c *result.Cause, e *nixlog.EvalError, _ []string) {
	m := e.Module
	c.Title = notEvaluated + firstLine(m.Title())
	switch m.Kind {
	case modulesystem.Undeclared:
		c.Hint = "check how the option is spelled, and whether the module that declares it is imported"
		if names := suggestedRE.FindAllString(m.Advice, -1); names != nil {
			for i := range names {
				names[i] = strings.Trim(names[i], "`'")
			}
			c.Hint = fmt.Sprintf("did you mean %s?", strings.Join(names, ", "))
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
		c.Hint = "remove it; the message says what there is instead"
	case modulesystem.Attribute:
		c.Hint = fmt.Sprintf("a module with config or options has nothing else beside them: move %s into config", m.Option)
	}
}

// suggestedRE finds the options that the module system suggests.
var suggestedRE = regexp.MustCompile("`[^`']+'")
