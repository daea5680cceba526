package nix

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"sort"
	"strings"
)

// InputFault is an input that could not be fetched.
type InputFault struct {
	// Name is the input's path from the flake, such as "mid/nix-secrets"; what
	// stands before the last slash asks for it, else the flake itself. It is
	// empty where the flake itself could not be fetched.
	Name string
	// URL is what was fetched, empty where Nix does not tell.
	URL string
}

var (
	lockingRE    = regexp.MustCompile(`^while updating the (?:lock file of|flake input)`)
	inputNameRE  = regexp.MustCompile(`^while updating the flake input '(.+)'`)
	inputFetchRE = regexp.MustCompile(`^while fetching the input '(.+)'`)
	fetchFailRE  = regexp.MustCompile(`(?i)failed to fetch|unable to download|program '?git'? failed|could not resolve|cannot find .* (?:input|registries)|failed to open archive|HTTP error|cannot fetch|(?:git repository|path|status of) .*(?:does not exist|no such file)|revspec .* not found`)
)

// locking says whether Nix was busy with the flake's inputs, so that its words
// do not speak of the flake itself. Nothing is evaluated meanwhile; a trace with
// places in it has such words from the flake (builtins.addErrorContext).
func (r *record) locking() bool {
	about := false
	for _, t := range r.Trace {
		if t.File != "" {
			return false
		}
		about = about || lockingRE.MatchString(stripSGR(t.RawMsg))
	}
	return about
}

// nameInput says whose flake an error is in if it is not a failure to fetch.
func (e *EvalError) nameInput(prefix string) {
	if name := e.inputFrames(prefix).Name; e.Input == nil && name != "" {
		e.Message = fmt.Sprintf("in the flake of input %s: %s", name, e.Message)
	}
}

// inputFault recognises an input that could not be fetched and names it: from
// the trace while locking, from the lock file afterwards. What the flake itself
// fetches while it is evaluated is no input, and neither is one that was
// fetched and then throws. prefix is where the flake stands among the inputs of
// what was asked.
func (f *Flake) inputFault(e *EvalError, prefix string) *InputFault {
	in := e.inputFrames(prefix)
	switch {
	case in.URL == "" && !fetchFailRE.MatchString(e.Message):
		return nil
	case in.Name == "" && in.URL != "":
		in.Name = f.locks.nameOf(in.URL)
	}
	if in.Name == "" {
		return nil
	}
	return &in
}

// inputFrames is what the trace tells of the input that Nix was busy with.
func (e *EvalError) inputFrames(prefix string) InputFault {
	var in InputFault
	for _, fr := range e.Frames {
		if m := inputFetchRE.FindStringSubmatch(fr.Text); m != nil && in.URL == "" {
			in.URL = m[1]
		}
		if m := inputNameRE.FindStringSubmatch(fr.Text); m != nil && in.Name == "" && e.locking {
			in.Name = strings.TrimPrefix(m[1], prefix)
		}
	}
	return in
}

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
