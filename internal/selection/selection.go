// Package selection interprets the flags that select cells.
package selection

import (
	"slices"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// Flags are the values of the flags that select cells, in the same way for every subcommand.
type Flags struct {
	Hosts, Users, Kinds, Cells, Exclude, Systems, VMs []string
	Shard                                             Shard
	Origin                                            Origin
}

// Error is a mistake in the values of a flag, or of none if Flag is empty.
type Error struct{ Flag, Msg, Hint string }

func (e *Error) Error() string { return e.Msg }

// Selection reads the flags. Its error is an [*Error], or that of [matrix.ParseKinds].
func (s *Flags) Selection() (matrix.Selection, error) {
	names := s.kindNames()
	vms, all, err := s.vmHosts()
	if err != nil {
		return matrix.Selection{}, err
	}
	if all {
		names = append(names, string(result.KindVM))
	}
	if slices.Contains(s.VMs, "none") {
		// It overrides the kinds of flakeci.toml.
		names = slices.DeleteFunc(slices.Clone(names), func(kind string) bool { return kind == string(result.KindVM) })
		if len(names) == 0 {
			return matrix.Selection{}, &Error{Msg: "--vm none leaves out everything that --kind vm selects", Hint: "drop --vm none, or select other kinds too"}
		}
	}
	kinds, err := matrix.ParseKinds(names)
	return matrix.Selection{
		Hosts: s.Hosts, Users: s.Users, Kinds: kinds, VMs: vms,
		Cells: s.Cells, Exclude: s.Exclude, Systems: s.Systems, Job: s.Shard.Job,
	}, err
}

// kindNames returns the kinds to select: those given, or the default.
func (s *Flags) kindNames() []string {
	if len(s.Kinds) > 0 {
		return s.Kinds
	}
	return []string{string(result.KindNixOS), string(result.KindHome)}
}

// vmHosts returns the hosts to boot by name, and whether to boot all selected ones.
func (s *Flags) vmHosts() (names []string, all bool, err error) {
	for _, name := range s.VMs {
		switch name {
		case "all", "none":
			if slices.ContainsFunc(s.VMs, func(other string) bool { return other != name }) {
				return nil, false, &Error{Msg: "--vm " + name + " cannot be combined with other hosts"}
			}
			all = name == "all"
		default:
			names = append(names, name)
		}
	}
	return names, all, nil
}

// SelectsHomes reports whether the homes inside hosts must be known before cells can be
// selected.
func (s *Flags) SelectsHomes() bool {
	return len(s.Users) > 0 || len(s.Cells) > 0
}

// LookInside returns a function that reports whether the homes inside a host must be
// listed: because cells are selected by the names of homes, or because the host is left out
// and its homes are not.
func (s *Flags) LookInside(sel matrix.Selection) func(host result.Cell) bool {
	homes := sel
	homes.Exclude = nil
	return func(host result.Cell) bool {
		if job := sel.Job; job != nil && !s.SelectsHomes() {
			return !sel.Admits(host) && job.HasHomeIn(host.ID)
		}
		return s.SelectsHomes() || !sel.Admits(host) && homes.Admits(matrix.EmbeddedCell(host, "", ""))
	}
}

// flagValues is one of the flags with its values.
type flagValues struct {
	flag   string
	values *[]string
}

// flags lists the selection flags.
func (s *Flags) flags() []flagValues {
	return []flagValues{
		{"host", &s.Hosts}, {"user", &s.Users}, {"kind", &s.Kinds}, {"cell", &s.Cells},
		{"exclude", &s.Exclude}, {"system", &s.Systems}, {"vm", &s.VMs},
	}
}
