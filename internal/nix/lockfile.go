package nix

import (
	"encoding/json"
	"net/url"
	"sort"
	"strings"
)

// lockFile is the graph of inputs: nodes by name, each with its inputs, which
// are node names or, where they follow another, paths from the root.
type lockFile struct {
	Nodes map[string]lockNode `json:"nodes"`
	Root  string              `json:"root"`
}

type lockNode struct {
	Inputs map[string]json.RawMessage `json:"inputs"`
	Locked flakeSource                `json:"locked"`
}

// nameOf finds the path from the root of the input that is fetched from a URL;
// of several the shortest.
func (l lockFile) nameOf(fetched string) string {
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
		if it.path != "" && node.Locked.matches(fetched) {
			return it.path
		}
		for _, name := range node.names() {
			var target string
			if json.Unmarshal(node.Inputs[name], &target) == nil {
				queue = append(queue, item{target, strings.TrimPrefix(it.path+"/"+name, "/")})
			}
		}
	}
	return ""
}

func (n lockNode) names() []string {
	names := make([]string, 0, len(n.Inputs))
	for name := range n.Inputs {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// matches says whether a URL as Nix prints it in an error is this source.
func (s flakeSource) matches(fetched string) bool {
	switch {
	case s.Rev != "":
		return strings.Contains(fetched, s.Rev)
	case s.URL != "":
		return plainURL(fetched) == plainURL(s.URL)
	}
	return s.Path != "" && plainURL(fetched) == "path:"+s.Path
}

// plainURL leaves of a URL what Nix writes in the same way everywhere: without
// the kind of source before the scheme, query and encoding.
func plainURL(u string) string {
	u, _, _ = strings.Cut(u, "?")
	if kind, rest, ok := strings.Cut(u, "+"); ok && !strings.Contains(kind, ":") {
		u = rest
	}
	if decoded, err := url.PathUnescape(u); err == nil {
		u = decoded
	}
	return u
}

// UnknownInput is an override for an input that the flake does not have: Nix
// goes on with other inputs than were meant.
type UnknownInput struct {
	Name  string   // as it was given
	Known []string // the inputs at the place where the name is wrong
}

// unknown lists the overrides that have no input. What follows another input is
// not looked into.
func (l lockFile) unknown(overrides []Override) []UnknownInput {
	var list []UnknownInput
	for _, o := range overrides {
		node, at := l.Nodes[l.Root], ""
		for _, name := range strings.Split(o.Name, "/") {
			input, ok := node.Inputs[name]
			if !ok {
				known := node.names()
				for i := range known {
					known[i] = at + known[i]
				}
				list = append(list, UnknownInput{Name: o.Name, Known: known})
				break
			}
			var target string
			if json.Unmarshal(input, &target) != nil {
				break
			}
			node, at = l.Nodes[target], at+name+"/"
		}
	}
	return list
}
