package diagnose

import (
	"fmt"
	"regexp"

	"github.com/flakeci/flakeci/internal/nix/storepath"
)

// outputFaults lists what may be wrong with the output of a builder that succeeded. In a text, %s
// stands for the first group of the pattern; of a store path it shows only the name.
var outputFaults = []struct {
	message *regexp.Regexp
	fault   string
}{
	{regexp.MustCompile(`failed to produce output`), "it produced no output"},
	{regexp.MustCompile(`is not allowed to refer to the following paths:\s+(\S+)`), "it refers to %s, which is not allowed"},
	{regexp.MustCompile(`is not allowed to refer`), "it refers to a forbidden path"},
	{regexp.MustCompile(`^closure of path .* is too large at (\d+ bytes; limit is \d+ bytes)`), "it is too large together with everything it needs (%s)"},
	{regexp.MustCompile(`is too large at (\d+ bytes; limit is \d+ bytes)`), "it is too large (%s)"},
	{regexp.MustCompile(`has an unsupported type`), "its output has something that is not a file, a folder or a link"},
	{regexp.MustCompile(`suspicious ownership or permission`), "other users may write to its output"},
	{regexp.MustCompile(`cycle detected in`), "its outputs refer to each other"},
	{regexp.MustCompile(`illegal reference specifier ['"]([^'"]+)`), "%s is neither a store path nor one of its outputs"},
	{regexp.MustCompile(`output check for .* contains output name ['"]([^'"]+)`), "%s is neither a store path nor one of its outputs"},
	{regexp.MustCompile(`should be a non-executable regular file`), "its output must be a single file that is not executable"},
	{regexp.MustCompile(`depends on impure derivation ['"]([^'"]+)`), "it needs %s, which is impure"},
}

// outputFault returns what is wrong with an output, or "" if the message is about something
// else.
func outputFault(message string) string {
	for _, o := range outputFaults {
		m := o.message.FindStringSubmatch(message)
		if m == nil {
			continue
		}
		if len(m) == 1 {
			return o.fault
		}
		found := m[1]
		if storepath.Is(found) {
			found = storepath.Name(found)
		}
		return fmt.Sprintf(o.fault, found)
	}
	return ""
}
