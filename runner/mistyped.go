package runner

import (
	"fmt"

	"github.com/flakeci/flakeci/internal/selection"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// mistyped returns why a cell can never be built: no machine has its system, or the system that it
// is listed under in the flake, and its author probably meant another one. It returns nil for any
// other cell. A system that a builder has is real, whatever its name.
func (r *run) mistyped(c result.Cell) []*result.Cause {
	systems := []string{c.System}
	if selection.IsOther(c.Kind) && len(c.Path) > 1 {
		systems = append(systems, c.Path[1])
	}
	for _, system := range systems {
		near := matrix.NearSystem(system)
		if near == "" || r.Machine.Knows(system) {
			continue
		}
		return []*result.Cause{r.causes.Once("system\x00"+system, func() *result.Cause {
			return &result.Cause{
				Kind: result.CauseEval, Title: fmt.Sprintf("no machine has the system %s", system),
				Message: "no machine has the system " + system, Hint: fmt.Sprintf("did you mean %s?", near),
			}
		})}
	}
	return nil
}
