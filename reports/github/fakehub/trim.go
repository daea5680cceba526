package fakehub

import (
	"encoding/json"
	"fmt"
	"strings"
)

// paths are those of GitHub's description that the hub answers to. The whole
// description would take ten seconds to read, and 300 MB.
var paths = []string{
	"/user",
	"/repos/{owner}/{repo}",
	"/repos/{owner}/{repo}/pulls",
	"/repos/{owner}/{repo}/pulls/{pull_number}",
	"/repos/{owner}/{repo}/issues",
	"/repos/{owner}/{repo}/issues/{issue_number}",
	"/repos/{owner}/{repo}/issues/{issue_number}/comments",
	"/repos/{owner}/{repo}/issues/comments/{comment_id}",
	"/repos/{owner}/{repo}/check-runs",
	"/repos/{owner}/{repo}/check-runs/{check_run_id}",
	"/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations",
	"/repos/{owner}/{repo}/commits/{ref}/check-runs",
	"/repos/{owner}/{repo}/statuses/{sha}",
}

// document is what is kept of a description.
type document struct {
	OpenAPI    string                                `json:"openapi"`
	Info       json.RawMessage                       `json:"info"`
	Paths      map[string]json.RawMessage            `json:"paths"`
	Components map[string]map[string]json.RawMessage `json:"components"`
}

// trim cuts a description down to some paths, and to the components that these
// refer to.
func trim(text []byte, keep []string) ([]byte, error) {
	var whole document
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, err
	}
	part := document{OpenAPI: whole.OpenAPI, Info: whole.Info, Paths: map[string]json.RawMessage{}, Components: map[string]map[string]json.RawMessage{}}
	var open []json.RawMessage
	for _, p := range keep {
		item, ok := whole.Paths[p]
		if !ok {
			return nil, fmt.Errorf("the description has no path %s", p)
		}
		part.Paths[p] = item
		open = append(open, item)
	}
	for len(open) > 0 {
		last := open[len(open)-1]
		open = open[:len(open)-1]
		refs, err := references(last)
		if err != nil {
			return nil, err
		}
		for _, ref := range refs {
			kind, name, _ := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
			component, ok := whole.Components[kind][name]
			if !ok {
				return nil, fmt.Errorf("the description has no %s", ref)
			}
			if part.Components[kind] == nil {
				part.Components[kind] = map[string]json.RawMessage{}
			}
			if _, known := part.Components[kind][name]; !known {
				part.Components[kind][name] = component
				open = append(open, component)
			}
		}
	}
	return json.Marshal(part)
}

// references lists what a piece of a description refers to.
func references(text []byte) ([]string, error) {
	var whole any
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, err
	}
	var found []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				found = append(found, ref)
			}
			for _, below := range v {
				walk(below)
			}
		case []any:
			for _, below := range v {
				walk(below)
			}
		}
	}
	walk(whole)
	return found, nil
}
