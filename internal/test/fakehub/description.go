package fakehub

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// description is GitHub's description of its API in OpenAPI, or a part of it.
type description object

// trim reduces the description to the paths of routes and the components that they refer
// to. Prism would take ten seconds and 300 MB to read all of it.
func trim(text []byte, routes []route) (description, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // examples have ids that no float holds
	var d description
	if err := decoder.Decode(&d); err != nil {
		return nil, err
	}
	maps.DeleteFunc(d, func(name string, _ any) bool {
		return !slices.Contains([]string{"openapi", "info", "paths", "components"}, name)
	})
	paths, _ := d["paths"].(object)
	maps.DeleteFunc(paths, func(path string, _ any) bool {
		return !slices.ContainsFunc(routes, func(r route) bool { return r.path == path })
	})
	reached := map[string]bool{}
	var reach func(v any)
	reach = func(v any) {
		each(v, func(o object) {
			fixNullable(o)
			if ref, ok := o["$ref"].(string); ok && !reached[ref] {
				reached[ref] = true
				reach(d.at(target(ref)...))
			}
		})
	}
	reach(paths)
	components, _ := d["components"].(object)
	for kind, all := range components {
		maps.DeleteFunc(all.(object), func(name string, _ any) bool { return !reached["#/components/"+kind+"/"+name] })
	}
	return d, nil
}

// target returns the target of a reference.
func target(ref string) []string { return strings.Split(strings.TrimPrefix(ref, "#/"), "/") }

// each calls a function with every object in a JSON value.
func each(v any, do func(object)) {
	switch v := v.(type) {
	case object:
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

// fixNullable rewrites a nullable schema. Prism's validator knows nullable only next to a type;
// next to oneOf or anyOf, it gives up on the whole schema, and prism silently accepts everything.
func fixNullable(schema object) {
	for _, kind := range []string{"oneOf", "anyOf"} {
		if list, ok := schema[kind].([]any); ok && schema["nullable"] == true && schema["type"] == nil {
			// Prism adds the null itself.
			schema[kind] = append(list, object{"type": "boolean", "nullable": true, "enum": []any{}})
			delete(schema, "nullable")
		}
	}
}

// complete adds to an answer the fields that the description requires and the answer lacks.
func (d description) complete(to route, status int, answer any) any {
	if d == nil || answer == nil {
		return answer
	}
	var whole any
	if err := recode(answer, &whole); err != nil {
		panic(err) // cannot happen: the hub's objects hold nothing but JSON
	}
	d.fill(d.at("paths", to.path, strings.ToLower(to.method), "responses", strconv.Itoa(status), "content", "application/json", "schema"), whole)
	return whole
}

// at returns the value at a place in the description. It follows references on the way.
func (d description) at(place ...string) any {
	var v any = object(d)
	for _, name := range place {
		v = d.schema(v)[name]
	}
	return v
}

// schema follows a schema that only refers to another. Of several alternatives it takes the
// first.
func (d description) schema(v any) object {
	s, _ := v.(object)
	if ref, ok := s["$ref"].(string); ok {
		return d.schema(d.at(target(ref)...))
	}
	for _, kind := range []string{"oneOf", "anyOf", "allOf"} {
		if list, ok := s[kind].([]any); ok && s["properties"] == nil {
			return d.schema(list[0])
		}
	}
	return s
}

// fill adds to a value the fields that its schema requires.
func (d description) fill(schema, value any) {
	s := d.schema(schema)
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			d.fill(s["items"], item)
		}
	case object:
		properties, _ := s["properties"].(object)
		for name, below := range value {
			d.fill(properties[name], below)
		}
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, said := value[name.(string)]; !said {
				value[name.(string)] = d.blank(properties[name.(string)])
			}
		}
	}
}

// blank returns the emptiest value that a schema allows.
func (d description) blank(schema any) any {
	s := d.schema(schema)
	enum, _ := s["enum"].([]any)
	switch {
	case s["nullable"] == true:
		return nil
	case len(enum) > 0:
		return enum[0]
	case s["type"] == "object" || s["type"] == nil:
		o := object{}
		d.fill(schema, o)
		return o
	}
	return map[any]any{
		"string": map[any]string{"date-time": "2026-01-02T03:04:05Z", "uri": "https://github.com/"}[s["format"]],
		"array":  []any{}, "boolean": false, "integer": 0, "number": 0,
	}[s["type"]]
}
