package fakehub

import (
	"bytes"
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
	text, err := json.Marshal(part)
	if err != nil {
		return nil, err
	}
	return mended(text)
}

// mended writes schemas that may be null in another way. Prism's validator knows
// nullable only beside a type; where it stands beside oneOf or anyOf, it gives up on
// the whole schema, and prism lets everything pass without a word.
func mended(text []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // examples have ids that a float does not hold
	var whole any
	if err := decoder.Decode(&whole); err != nil {
		return nil, err
	}
	each(whole, func(schema map[string]any) {
		for _, kind := range []string{"oneOf", "anyOf"} {
			if list, ok := schema[kind].([]any); ok && schema["nullable"] == true && schema["type"] == nil {
				// Prism adds the null itself.
				schema[kind] = append(list, map[string]any{"type": "boolean", "nullable": true, "enum": []any{}})
				delete(schema, "nullable")
			}
		}
	})
	return json.Marshal(whole)
}

// references lists what a piece of a description refers to.
func references(text []byte) ([]string, error) {
	var whole any
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, err
	}
	var found []string
	each(whole, func(o map[string]any) {
		if ref, ok := o["$ref"].(string); ok {
			found = append(found, ref)
		}
	})
	return found, nil
}

// each calls a function with every object in a piece of JSON.
func each(v any, do func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		do(v)
		for _, below := range v {
			each(below, do)
		}
	case []any:
		for _, below := range v {
			each(below, do)
		}
	}
}
