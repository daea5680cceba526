package flagvalue

import (
	"errors"
	"slices"
	"strings"
)

// pairSeparator joins the two values of a pair; it cannot occur in an argument.
const pairSeparator = "\x00"

// JoinPairs makes "--option KEY VALUE" one argument: flags of the flag library take only
// one value. The flags are those that take two. It returns the one that has fewer, or "".
func JoinPairs(args, flags []string) (joined []string, short string) {
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--":
			return append(joined, args[i:]...), ""
		case slices.Contains(flags, args[i]):
			if i+2 >= len(args) {
				return nil, args[i]
			}
			joined = append(joined, args[i]+"="+args[i+1]+pairSeparator+args[i+2])
			i += 2
		default:
			joined = append(joined, args[i])
		}
	}
	return joined, ""
}

// Pairs is a flag that takes two values, which [JoinPairs] joins, and can be repeated.
type Pairs [][2]string

func (p *Pairs) String() string { return "" }

// Type names the values in the help.
func (p *Pairs) Type() string { return "NAME VALUE" }

// Set adds two joined values.
func (p *Pairs) Set(s string) error {
	if !strings.Contains(s, pairSeparator) {
		return errors.New("not two values")
	}
	*p = append(*p, SplitPair(s))
	return nil
}

// SplitPair returns the two values that [JoinPairs] joined.
func SplitPair(s string) [2]string {
	name, value, _ := strings.Cut(s, pairSeparator)
	return [2]string{name, value}
}
