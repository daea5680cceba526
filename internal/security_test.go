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
	testNameRE   = regexp.MustCompile(`\bTest[A-Z]\w+`)
	scriptNameRE = regexp.MustCompile(`\b(?:run|base|report|matrix|diff|vm)-[a-z-]+\b`)
)

// What docs/security.md claims is tested where it says so: each test and script that it
// names is there.
func TestSecurityClaimsNameTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	var there strings.Builder
	err = filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		switch base := filepath.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(base, ".") && name != "..":
			return filepath.SkipDir
		case strings.HasSuffix(base, "_test.go"):
			code, err := os.ReadFile(name)
			there.Write(code)
			return err
		case strings.HasSuffix(base, ".txtar"):
			there.WriteString("script " + strings.TrimSuffix(base, ".txtar") + "\n")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	named := testNameRE.FindAllString(string(text), -1)
	if len(named) == 0 {
		t.Error("no claim names a test")
	}
	for _, name := range named {
		if !strings.Contains(there.String(), "func "+name+"(") {
			t.Errorf("there is no %s", name)
		}
	}
	for _, claim := range regexp.MustCompile(`\(tested: [^)]*\)`).FindAllString(string(text), -1) {
		for _, name := range scriptNameRE.FindAllString(claim, -1) {
			if !strings.Contains(there.String(), "script "+name+"\n") {
				t.Errorf("there is no script %s", name)
			}
		}
	}
}
