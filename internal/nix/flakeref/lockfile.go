package flakeref

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/storepath"
)

// LockFile is the graph of a flake's inputs.
type LockFile struct {
	Nodes map[string]LockNode `json:"nodes"`
	Root  string              `json:"root"`
}

// LockNode is a flake with its inputs: names of nodes or, if they follow another input,
// paths from the root.
type LockNode struct {
	Inputs map[string]json.RawMessage `json:"inputs"`
	Locked Source                     `json:"locked"`
	// Original is the source as flake.nix gives it.
	Original map[string]any `json:"original"`
}

// node returns the name of the node that an input is, or "" if it follows another one.
func (n LockNode) node(input string) string {
	var name string
	if json.Unmarshal(n.Inputs[input], &name) != nil {
		return ""
	}
	return name
}

// NameOf returns the path from the root of the input that is fetched from a URL, or "". Of
// several paths it is the shortest.
func (l LockFile) NameOf(fetched string) string {
	return l.name(func(s Source) bool { return s.matches(fetched) })
}

// NameOfTree returns the path from the root of the input with a tree in the store, or "".
func (l LockFile) NameOfTree(storePath string) string {
	return l.name(func(s Source) bool { return storepath.OfTree(s.Parameter("narHash")) == storePath })
}

// name returns the shortest path from the root of an input that is found.
func (l LockFile) name(found func(Source) bool) string {
	type item struct{ node, path string }
	queue, seen := []item{{l.Root, ""}}, map[string]bool{}
	for len(queue) > 0 {
		it := queue[0]
		queue = queue[1:]
		if seen[it.node] {
			continue
		}
		seen[it.node] = true
		node := l.Nodes[it.node]
		if it.path != "" && found(node.Locked) {
			return it.path
		}
		for _, name := range slices.Sorted(maps.Keys(node.Inputs)) {
			if target := node.node(name); target != "" {
				queue = append(queue, item{target, strings.TrimPrefix(it.path+"/"+name, "/")})
			}
		}
	}
	return ""
}

// Input returns the input at a path from the root, such as mid/nixpkgs.
func (l LockFile) Input(path string) (Source, bool) {
	node := l.Nodes[l.Root]
	for name := range strings.SplitSeq(path, "/") {
		next := node.node(name)
		if next == "" {
			return Source{}, false
		}
		node = l.Nodes[next]
	}
	return node.Locked, true
}

// UnknownInput is an override for an input that the flake does not have: Nix continues with
// inputs that nobody intended.
type UnknownInput struct {
	Name  string   // as it was given
	Known []string // the inputs at the level of the wrong name
}

// Unknown reports whether the flake has no input at a path. It does not look into inputs
// that follow another one.
func (l LockFile) Unknown(path string) (UnknownInput, bool) {
	node, at := l.Nodes[l.Root], ""
	for name := range strings.SplitSeq(path, "/") {
		if _, ok := node.Inputs[name]; !ok {
			known := slices.Sorted(maps.Keys(node.Inputs))
			for i := range known {
				known[i] = at + known[i]
			}
			return UnknownInput{Name: path, Known: known}, true
		}
		target := node.node(name)
		if target == "" {
			break
		}
		node, at = l.Nodes[target], at+name+"/"
	}
	return UnknownInput{}, false
}

// Uncovered returns the direct inputs, in order, that a lock file on disk does not have, or has for
// another source than flake.nix gives now.
func (l LockFile) Uncovered(disk LockFile) []string {
	var names []string
	now, then := l.Nodes[l.Root], disk.Nodes[disk.Root]
	for _, name := range slices.Sorted(maps.Keys(now.Inputs)) {
		node, locked := now.node(name), then.node(name)
		switch {
		case node == "" && locked == "" && then.Inputs[name] != nil: // both follow another input
		case node == "", locked == "", !reflect.DeepEqual(l.Nodes[node].Original, disk.Nodes[locked].Original):
			names = append(names, name)
		}
	}
	return names
}
