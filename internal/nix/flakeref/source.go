package flakeref

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Source is what a reference stands for, as Nix describes it.
type Source struct {
	Type string `json:"type"`
	URL  string `json:"url"`
	Path string `json:"path"`
	Dir  string `json:"dir"`
	Ref  string `json:"ref"`
	Rev  string `json:"rev"`

	LastModified int64 `json:"lastModified"`

	attrs map[string]any // all of them, by name
}

// UnmarshalJSON keeps all attributes, not only those with fields of their own.
func (s *Source) UnmarshalJSON(text []byte) error {
	type plain Source
	if err := json.Unmarshal(text, (*plain)(s)); err != nil {
		return err
	}
	return json.Unmarshal(text, &s.attrs)
}

// CarriedParameters lists the attributes that a URL has to carry.
func (s Source) CarriedParameters() []string {
	switch s.Type {
	case "git":
		return []string{"submodules", "shallow", "allRefs", "lfs", "exportIgnore", "verifyCommit", "keytype", "publicKey", "publicKeys", "name"}
	case "github", "gitlab", "sourcehut":
		return []string{"host"}
	case "path":
		return []string{"rev", "revCount"}
	}
	return nil
}

// choosingParameters lists the parameters that decide what is read. For most types, Nix rejects
// unknown parameters. For these types, it takes them for part of the address and reads a tree
// other than the one requested.
func (s Source) choosingParameters() []string {
	switch s.Type {
	case "git":
		return []string{"dir", "ref", "rev", "submodules", "lfs", "exportIgnore", "verifyCommit", "keytype", "publicKey", "publicKeys", "narHash"}
	case "tarball", "file":
		return []string{"dir", "narHash"}
	}
	return nil
}

// Parameter returns an attribute as a URL has it. It is "" if the attribute is not set, or
// off.
func (s Source) Parameter(name string) string {
	switch v := s.attrs[name].(type) {
	case string:
		return v
	case bool:
		if v {
			return "1"
		}
	case float64:
		return fmt.Sprintf("%.0f", v)
	}
	return ""
}

// Complete adds the attributes that a URL lacks, which Nix wrote for the source.
func (s Source) Complete(ref string) string {
	has := Parameters(ref)
	for _, name := range s.CarriedParameters() {
		if value := s.Parameter(name); value != "" && has[name] == "" {
			ref = withParameter(ref, name, value)
		}
	}
	return ref
}

// WithHash returns the source with the hash of its tree, if it has none: Nix may not keep
// the hash that was asked for.
func (s Source) WithHash(locked Source) Source {
	if s.Parameter("narHash") == "" {
		s.attrs = maps.Clone(s.attrs)
		s.attrs["narHash"] = locked.Parameter("narHash")
	}
	return s
}

// Misread explains how the source differs from what a person's reference asks for, or returns "".
// Nix itself would continue silently.
func (s Source) Misread(ref Ref, version string) string {
	asked := ref.parameters()
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		want, got := asked[name], s.Parameter(name)
		if !slices.Contains(s.choosingParameters(), name) || got == want || got == "" && (want == "0" || want == "") {
			continue
		}
		if name == "dir" && path.Clean(got) == path.Clean("./"+want) {
			continue
		}
		switch _, known := s.attrs[name].(bool); {
		case known:
			return fmt.Sprintf("Nix %s reads %s=%s as off; write %s=1", version, name, want, name)
		case got != "":
			return fmt.Sprintf("Nix %s reads %s=%s as %s", version, name, want, got)
		}
		return fmt.Sprintf("Nix %s ignores %s=%s, so another tree would be tested; leave it out, or use a Nix that supports it", version, name, want)
	}
	return ""
}

// Folder returns the local folder that the source was read from in its current state, or
// "", and whether git decides which files count.
func (s Source) Folder() (dir string, inGit bool) {
	switch {
	case s.Type == "path":
		return s.Path, false
	case s.Type != "git" || s.Ref != "" || s.Rev != "":
		return "", false
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "file" {
		return "", false
	}
	return u.Path, true
}

// matches reports whether a URL, as Nix prints it in an error, is this source.
func (s Source) matches(fetched string) bool {
	switch {
	case s.Rev != "":
		return strings.Contains(fetched, s.Rev)
	case s.URL != "":
		return plainURL(fetched) == plainURL(s.URL)
	}
	return s.Path != "" && plainURL(fetched) == pathScheme+s.Path
}

// plainURL reduces a URL to what Nix writes in the same way everywhere: without the kind of
// source before the scheme, the query and the encoding.
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
