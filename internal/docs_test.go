package internal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testNameRE = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`)
	// A claim names its tests and scripts.
	claimRE  = regexp.MustCompile(`\(tested(?: on \w+)?:\s([^)]*)\)`)
	scriptRE = regexp.MustCompile(`^(?:TestScripts/words/)?([a-z]+(?:-[a-z]+)+)(?:\.txtar)?$`)
)

// Each test and script that docs/security.md names exists.
func TestSecurityClaimsNameTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	code, names := "", map[string]bool{}
	for name, text := range tests(t) {
		code += text
		names[strings.TrimSuffix(filepath.Base(name), ".txtar")] = true
	}
	named := testNameRE.FindAllString(string(text), -1)
	if len(named) == 0 {
		t.Error("no claim names a test")
	}
	for _, name := range named {
		if !strings.Contains(code, "func "+name+"(") {
			t.Errorf("there is no %s", name)
		}
	}
	scripts := 0
	for _, claim := range claimRE.FindAllStringSubmatch(string(text), -1) {
		for _, named := range strings.Split(claim[1], ",") {
			named = strings.TrimSpace(named)
			script := scriptRE.FindStringSubmatch(named)
			switch {
			case script != nil:
				scripts++
				if !names[script[1]] {
					t.Errorf("there is no script %s", script[1])
				}
			case !testNameRE.MatchString(named) && !strings.HasPrefix(named, "with "):
				t.Errorf("%q is neither a test nor a script", named)
			}
		}
	}
	if scripts == 0 {
		t.Error("no claim names a script")
	}
}

// tests returns the content of Go test files by path, and scripts with empty content.
func tests(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		switch base := filepath.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(base, ".") && name != "..":
			return filepath.SkipDir
		case strings.HasSuffix(base, "_test.go"):
			code, err := os.ReadFile(name)
			all[name] = string(code)
			return err
		case strings.HasSuffix(base, ".txtar"):
			all[name] = ""
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	treePathRE = regexp.MustCompile("`((?:cmd|internal|matrix|reports|result|runner|vmtest|scripts|testdata|docs|bench|examples|\\.github)/[^` ]*)`")
	bracesRE   = regexp.MustCompile(`^(.*)\{(.*)\}(.*)$`)
)

// The guides name files and folders that exist.
func TestGuidesNameWhatIsThere(t *testing.T) {
	found := 0
	for _, guide := range []string{"CONTRIBUTING.md", "docs/architecture.md"} {
		text, err := os.ReadFile(filepath.Join("..", guide))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range treePathRE.FindAllStringSubmatch(string(text), -1) {
			paths := []string{m[1]}
			if b := bracesRE.FindStringSubmatch(m[1]); b != nil {
				paths = nil
				for one := range strings.SplitSeq(b[2], ",") {
					paths = append(paths, b[1]+one+b[3])
				}
			}
			for _, path := range paths {
				if strings.Contains(path, "NAME") {
					continue
				}
				found++
				if matches, _ := filepath.Glob(filepath.Join("..", path)); len(matches) == 0 {
					t.Errorf("%s names %s, which does not exist", guide, path)
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d paths were found", found)
	}
}
