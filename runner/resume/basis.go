package resume

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/evalcache"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// The terms of a journal on which parts of a [result.Basis] depend. The others, such as the
// systems that a machine builds for, do not matter for what passed on another machine.
var (
	evaluationTerms = []string{"flakeci", "Nix", "--option"}
	optionTerms     = []string{"--option"}
	vmTerms         = []string{"--accel", "[vm] in flakeci.toml"}
)

// Basis returns what the results of a run depend on, from the content of its flake and the terms of
// its journal. The content is empty if evaluations may see more than the flake.
func Basis(content string, terms map[string]string, s matrix.Selection) result.Basis {
	hash := func(names []string) string {
		var parts [][]byte
		for _, name := range names {
			parts = append(parts, []byte(terms[name]))
		}
		return evalcache.Hash(parts...)
	}
	b := result.Basis{Options: hash(optionTerms), VM: hash(vmTerms), Selection: selectionHash(s)}
	if content != "" {
		b.Evaluation = evalcache.Hash([]byte(content), []byte(hash(evaluationTerms)))
	}
	return b
}

// selectionHash identifies a selection. The order of flags does not matter.
func selectionHash(s matrix.Selection) string {
	s.Job = nil // that is a shard
	kinds := make([]string, 0, len(s.Kinds))
	for _, k := range s.Kinds {
		kinds = append(kinds, string(k))
	}
	var parts [][]string
	for _, list := range [][]string{s.Hosts, s.Users, kinds, s.VMs, s.Cells, s.Exclude, s.Systems} {
		list = slices.Sorted(slices.Values(list))
		parts = append(parts, append([]string{}, list...))
	}
	text, _ := json.Marshal(parts) // lists of strings
	return evalcache.Hash(text)
}

// names lists names, the first three of them.
func names(list []string) string {
	const most = 3
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:most], ", ") + " and more"
}
