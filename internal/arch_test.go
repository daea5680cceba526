// Package internal_test holds rules for the whole tree that no compiler checks: what each
// package may import, and which packages may start processes and read files.
// docs/architecture.md explains them.
package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/flakeci/flakeci"

// rule says which of our packages the packages below a folder may import. A package may
// always import those of its own folder and below.
type rule struct {
	folder string   // relative to the root; the longest match counts
	may    []string // folders, with everything below
}

// rules lists the folders from the bottom up. The test fails for a folder that is missing
// here.
func rules() []rule {
	return []rule{
		{"result", nil},
		{"internal/safely", nil},
		{"internal/secretenv", nil},
		{"internal/tmpdir", nil},
		{"internal/terminal", nil},
		{"internal/message", []string{"internal/clean"}},
		{"internal/proc", []string{"internal/safely"}},
		{"internal/git", []string{"internal/proc", "internal/safefile", "internal/safely"}},
		{"internal/nix/nixfile", nil},
		{"internal/nix/modulesystem", nil},
		{"internal/nix/flaketree", []string{"internal/nix/modulesystem", "internal/nix/nixfile", "result"}},
		{"internal/nix/nixlog", []string{"internal/clean", "internal/nix/flaketree", "internal/nix/modulesystem", "internal/nix/nixfile", "internal/nix/storepath", "result"}},
		{"internal/nix/builders", []string{"internal/nix/nixlog", "internal/safefile"}},
		{"internal/nix/flakeref", []string{"internal/git", "internal/nix/storepath"}},
		{"internal/nix/evalcache", []string{"internal/safefile"}},
		{"internal/nix/drvfile", []string{"internal/nix/storepath"}},
		{"internal/nix/expr", nil},
		{"internal/nix/storepath", nil},
		{"internal/nix/unit", []string{"internal/nix/expr", "internal/nix/flaketree", "result"}},
		{"internal/nix/question", []string{"internal/nix/expr", "internal/nix/nixlog", "internal/nix/storepath", "internal/nix/unit", "result"}},
		{"internal/nix/source", []string{"internal/safefile"}},
		{"internal/nix/locate", []string{"internal/nix/flaketree", "internal/nix/modulesystem", "internal/nix/nixfile", "internal/nix/nixlog", "result"}},
		{"internal/nix/recordings", []string{"internal/test"}},
		{"internal/container/inside", []string{"internal/git", "internal/safefile", "internal/safely"}},
		{"internal/container/pack", []string{"internal/git", "internal/safefile"}},
		{"internal/container/luggage", []string{"internal/container/pack", "internal/git", "internal/nix/flakeref", "internal/safefile"}},
		{"internal/container", []string{"internal/artifact", "internal/linuxbuild", "internal/proc", "internal/safefile", "internal/safely", "result"}},
		{"internal/linuxbuild", []string{"internal/proc", "internal/safefile"}},
		{"internal/test", []string{"internal", "result"}},
		{"internal/nix", []string{"internal/git", "internal/proc", "internal/safefile", "internal/safely", "internal/tmpdir", "result"}},
		// It stands above vmtest: it returns the checks of flakeci.toml as vmtest runs them.
		{"internal/config", []string{"vmtest", "matrix", "internal", "result"}},
		{"internal/diagnose", []string{"internal/nix", "internal/proc", "result"}},
		{"internal", []string{"internal", "result"}},
		{"matrix", []string{"result"}},
		{"internal/selection", []string{"matrix", "result"}},
		{"runner/push", []string{"runner/event", "runner/outcome", "runner/retry", "internal", "result"}},
		{"runner/outcome", []string{"matrix", "internal/nix/question", "result"}},
		{"runner/event", []string{"runner/outcome", "matrix", "internal/safely", "result"}},
		{"runner", []string{"matrix", "internal", "result"}},
		{"runner/resume", []string{"runner", "matrix", "internal/clean", "internal/nix/evalcache", "internal/nix/storepath", "internal/redact", "internal/safefile", "result"}},
		{"runner/plan", []string{"runner", "matrix", "internal", "result"}},
		{"runner/baseline", []string{"runner", "matrix", "internal", "result"}},
		// It stands above both, which know nothing of each other.
		{"internal/suggest", []string{"matrix"}},
		{"internal/vmboot", []string{"runner", "vmtest", "matrix", "result"}},
		{"vmtest", []string{"internal", "result"}},
		{"reports/view", []string{"internal", "result"}},
		{"reports/table", []string{"reports/view", "internal", "result"}},
		{"reports/html", []string{"reports/view", "internal", "result"}},
		{"reports/markdown", []string{"reports/view", "internal", "result"}},
		{"reports/junit", []string{"reports/view", "internal", "result"}},
		{"reports/trace", []string{"reports/view", "internal", "result"}},
		{"reports/merge", []string{"reports/view", "matrix", "internal", "result"}},
		{"reports/github", []string{"reports/markdown", "reports/view", "internal", "result"}},
		{"reports/history", []string{"internal", "result"}},
		{"reports/partial", []string{"reports", "runner/event", "runner/journal", "runner/outcome", "internal/safefile", "result"}},
		{"reports/crash", []string{"reports", "reports/partial", "runner/event", "matrix", "internal/artifact", "internal/safely", "result"}},
		{"reports/output", []string{"reports", "internal"}},
		{"reports/forms", []string{"reports/html", "reports/junit", "reports/markdown", "reports/trace", "reports/output", "internal/safely", "result"}},
		// Its views show a run that has no report yet.
		{"reports/progress", []string{"reports", "reports/view", "runner/event", "runner/outcome", "matrix", "internal", "result"}},
		// Only this folder itself collects a report from a run.
		{"reports", []string{"runner/outcome", "matrix", "internal", "result"}},
		{"bench", []string{"reports", "vmtest", "runner", "matrix", "internal", "result"}},
		{"cmd", []string{"reports", "vmtest", "runner", "matrix", "internal", "result"}},
	}
}

// source is a Go file that is not a test.
type source struct {
	name    string // relative to the root, with slashes
	folder  string
	imports []string
	syntax  *ast.File
}

// sources parses the program's files. It skips the examples and folders that Go ignores.
func sources(t *testing.T) []source {
	t.Helper()
	root := ".."
	var all []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		base := path.Base(filepath.ToSlash(name))
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || name == filepath.Join(root, "examples")):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go"):
			return nil
		}
		all = append(all, parse(t, root, name))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func parse(t *testing.T, root, name string) source {
	t.Helper()
	syntax, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(root, name)
	if err != nil {
		t.Fatal(err)
	}
	s := source{name: filepath.ToSlash(relative), syntax: syntax}
	s.folder = path.Dir(s.name)
	for _, spec := range syntax.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		s.imports = append(s.imports, p)
	}
	return s
}

// ours returns the folder of a package of this module.
func ours(imported string) (string, bool) {
	return strings.CutPrefix(imported, module+"/")
}

// under reports whether a folder is another or below it.
func under(folder, parent string) bool {
	return folder == parent || strings.HasPrefix(folder, parent+"/")
}

// isUnder reports whether a folder is one of others or below it.
func isUnder(folder string, parents []string) bool {
	return slices.ContainsFunc(parents, func(parent string) bool { return under(folder, parent) })
}

// testSupport is compiled only into tests.
var testSupport = []string{"internal/test", "internal/git/planted", "internal/damage", "internal/nix/recordings"}

// ruleFor returns the rule with the longest matching folder.
func ruleFor(folder string) (rule, bool) {
	var best rule
	for _, r := range rules() {
		if under(folder, r.folder) && len(r.folder) > len(best.folder) {
			best = r
		}
	}
	return best, best.folder != ""
}

func TestImportDirection(t *testing.T) {
	for _, s := range sources(t) {
		r, found := ruleFor(s.folder)
		if !found {
			t.Errorf("%s: the design has no folder %s; give it a rule here", s.name, s.folder)
			continue
		}
		if r.folder == "reports" && s.folder != "reports" {
			t.Errorf("%s: give %s a rule of its own; that of reports is for what collects a report", s.name, s.folder)
		}
		for _, p := range s.imports {
			folder, own := ours(p)
			if folder == "internal/config" && r.folder != "cmd" {
				t.Errorf("%s imports %s, which is for cmd alone", s.name, folder)
			}
			if own && !under(folder, r.folder) && !slices.ContainsFunc(r.may, func(may string) bool { return under(folder, may) }) {
				t.Errorf("%s imports %s; packages in %s may import only %q of ours", s.name, folder, r.folder, r.may)
			}
		}
	}
}

// Pure packages depend on nothing but their arguments, and import only the standard library
// and each other. A report holds times, but reads no clock.
func TestPurePackages(t *testing.T) {
	impure := []string{"os", "net", "syscall", "math/rand", "math/rand/v2"}
	for _, s := range sources(t) {
		if !isUnder(s.folder, []string{"matrix", "result", "runner/graph", "internal/closure", "internal/selection", "internal/nix/nixlog", "internal/nix/flaketree", "internal/nix/nixfile", "internal/nix/modulesystem", "internal/nix/locate", "internal/nix/drvfile", "internal/nix/expr", "internal/nix/storepath", "internal/nix/question", "internal/nix/unit"}) {
			continue
		}
		for _, p := range s.imports {
			_, own := ours(p)
			if first, _, _ := strings.Cut(p, "/"); strings.Contains(first, ".") && !own {
				t.Errorf("%s imports %s, which is not of the standard library", s.name, p)
			}
			if slices.ContainsFunc(impure, func(i string) bool { return under(p, i) }) {
				t.Errorf("%s imports %s, which is not pure", s.name, p)
			}
		}
		for _, use := range uses(s, map[string][]string{"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker"}}) {
			t.Errorf("%s uses %s, which is not pure", s.name, use)
		}
	}
}

// No program contains test support.
func TestProgramsImportNoTestSupport(t *testing.T) {
	for _, s := range sources(t) {
		if isUnder(s.folder, testSupport) {
			continue
		}
		for _, p := range s.imports {
			if folder, own := ours(p); own && isUnder(folder, testSupport) {
				t.Errorf("%s imports %s, which is for tests alone", s.name, folder)
			}
		}
	}
}

func TestOnlyProcStartsProcesses(t *testing.T) {
	for _, s := range sources(t) {
		if under(s.folder, "internal/proc") || isUnder(s.folder, testSupport) {
			continue
		}
		if slices.Contains(s.imports, "os/exec") {
			t.Errorf("%s imports os/exec; processes are started by internal/proc", s.name)
		}
		for _, use := range uses(s, map[string][]string{
			"os":      {"StartProcess"},
			"syscall": {"ForkExec", "StartProcess", "Exec"},
		}) {
			t.Errorf("%s uses %s; processes are started by internal/proc", s.name, use)
		}
	}
}

// A container engine can do anything on its machine, so one package knows how to ask.
func TestOnlyContainerAsksEngines(t *testing.T) {
	found := false
	for _, s := range sources(t) {
		for _, p := range s.imports {
			if !strings.HasPrefix(p, "github.com/testcontainers/") && !strings.HasPrefix(p, "github.com/moby/") {
				continue
			}
			if found = true; s.folder != "internal/container" {
				t.Errorf("%s imports %s; container engines are for internal/container", s.name, p)
			}
		}
	}
	if !found {
		t.Error("nothing asks an engine at all")
	}
}

// A process may start others, which may escape. Only below a supervisor does none of them
// outlive flakeci.
func TestEveryProcessIsSupervised(t *testing.T) {
	found := 0
	for _, s := range sources(t) {
		if under(s.folder, "internal/proc") || isUnder(s.folder, testSupport) {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok || !isName(literal.Type, "proc", "Cmd") {
				return true
			}
			found++
			if !slices.ContainsFunc(literal.Elts, func(e ast.Expr) bool {
				pair, ok := e.(*ast.KeyValueExpr)
				return ok && isIdent(pair.Key, "Supervised") && isIdent(pair.Value, "true")
			}) {
				t.Errorf("%s runs a proc.Cmd that is not supervised", s.name)
			}
			return true
		})
	}
	if found == 0 {
		t.Error("no proc.Cmd was found at all")
	}
}

func isIdent(e ast.Expr, name string) bool {
	ident, ok := e.(*ast.Ident)
	return ok && ident.Name == name
}

// isName reports whether an expression is a name of a package.
func isName(e ast.Expr, pkg, name string) bool {
	selector, ok := e.(*ast.SelectorExpr)
	return ok && isIdent(selector.X, pkg) && selector.Sel.Name == name
}

// A stranger may have made or filled any file. Reading all of one needs a limit, which
// internal/safefile requires.
func TestFilesAreReadWithALimit(t *testing.T) {
	kernels := []string{"internal/memory", "internal/proc", "vmtest/accel.go", "internal/secretenv/hide_linux.go"} // read /proc
	// It has a limit of its own, as result imports only the standard library.
	const limited = "result/json.go"
	for _, s := range sources(t) {
		if isUnder(s.folder, testSupport) || isUnder(s.name, kernels) || s.name == limited || under(s.folder, "internal/safefile") {
			continue
		}
		for _, use := range uses(s, map[string][]string{"os": {"ReadFile"}, "io": {"ReadAll"}}) {
			t.Errorf("%s uses %s; files are read by internal/safefile", s.name, use)
		}
		if len(uses(s, map[string][]string{"os": {"Open"}})) > 0 {
			t.Errorf("%s uses os.Open; files are opened by internal/safefile", s.name)
		}
	}
}

// A panic in a goroutine ends the program without a report, unless internal/safely started
// the goroutine or wraps its function.
func TestGoroutinesAreStartedSafely(t *testing.T) {
	for _, s := range sources(t) {
		if under(s.folder, "internal/safely") || under(s.folder, "bench") || isUnder(s.folder, testSupport) {
			continue
		}
		for _, bare := range bareGoroutines(s.syntax) {
			t.Errorf("%s: %s; start it with internal/safely", s.name, bare)
		}
	}
}

func TestBareGoroutinesAreFound(t *testing.T) {
	const text = `package p
func f() {
	go g()
	wg.Go(g)
	time.AfterFunc(1, func() {})
	safely.Go(g)
	wg.Go(safely.Func(g))
	defer context.AfterFunc(ctx, safely.Func(g))()
}`
	syntax, err := parser.ParseFile(token.NewFileSet(), "p.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(bareGoroutines(syntax), ", "); got != "go, Go, AfterFunc" {
		t.Errorf("found %s", got)
	}
}

// bareGoroutines are the functions that start a goroutine whose panic nobody catches.
func bareGoroutines(file *ast.File) []string {
	var found []string
	isSafely := func(e ast.Expr) bool {
		selector, ok := e.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		pkg, ok := selector.X.(*ast.Ident)
		return ok && pkg.Name == "safely"
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = append(found, "go")
		case *ast.CallExpr:
			selector, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || selector.Sel.Name != "Go" && selector.Sel.Name != "AfterFunc" || len(n.Args) == 0 || isSafely(n.Fun) {
				return true
			}
			if of, ok := n.Args[len(n.Args)-1].(*ast.CallExpr); !ok || !isSafely(of.Fun) {
				found = append(found, selector.Sel.Name)
			}
		}
		return true
	})
	return found
}

func TestOnlyCmdReadsTheOutside(t *testing.T) {
	for _, s := range sources(t) {
		// Helpers check before main how they were started, and only tests are built with
		// the race detector.
		if under(s.folder, "cmd") || s.name == "internal/proc/helper.go" || s.name == "internal/proc/supervisor/supervisor_linux.go" || s.name == "internal/proc/supervisor_race_linux.go" || isUnder(s.folder, testSupport) {
			continue
		}
		for _, p := range s.imports {
			if p == "flag" || strings.HasPrefix(p, "github.com/spf13/") {
				t.Errorf("%s imports %s; flags are read by cmd", s.name, p)
			}
		}
		for _, use := range uses(s, map[string][]string{
			"os":      {"Args", "Environ", "Exit", "ExpandEnv", "Getenv", "LookupEnv", "Stderr", "Stdin", "Stdout"},
			"log":     {"Fatal", "Fatalf", "Fatalln"},
			"syscall": {"Environ", "Exit", "Getenv"},
		}) {
			t.Errorf("%s uses %s; that is for cmd, which hands on what others need", s.name, use)
		}
	}
}

// Packages that `make test` runs without the race detector start no goroutine.
func TestSinksStartNoGoroutine(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^sinks = ((?:.*\\\n)*.*)$`).FindStringSubmatch(string(makefile))
	if list == nil {
		t.Fatal("the Makefile has no list of sinks any more")
	}
	var sinks []string
	for _, word := range strings.Fields(strings.ReplaceAll(list[1], "\\\n", " ")) {
		sinks = append(sinks, strings.TrimPrefix(word, "./"))
	}
	for _, s := range sources(t) {
		if !slices.Contains(sinks, s.folder) {
			continue
		}
		if slices.Contains(s.imports, "sync") {
			t.Errorf("%s shares data between goroutines; test it with the race detector (sinks in the Makefile)", s.name)
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s starts a goroutine; test it with the race detector (sinks in the Makefile)", s.name)
			}
			return true
		})
	}
}

// Each test that `make test` runs without the race detector is in one of the packages
// listed for that, and in no other, where it would never run.
func TestBulkIsTestedOnce(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?m)^bulk = \^Test\(([A-Za-z|]+)\)\$\$$`).FindSubmatch(makefile)
	folders := regexp.MustCompile(`(?m)^bulky = (.*)$`).FindSubmatch(makefile)
	if names == nil || folders == nil {
		t.Fatal("the Makefile has no list of bulk any more")
	}
	code := tests(t)
	for name := range strings.SplitSeq(string(names[1]), "|") {
		var in []string
		for file, text := range code {
			if strings.Contains(text, "\nfunc Test"+name+"(") {
				in = append(in, "./"+strings.TrimPrefix(filepath.ToSlash(filepath.Dir(file)), "../"))
			}
		}
		if len(in) != 1 || !slices.Contains(strings.Fields(string(folders[1])), in[0]) {
			t.Errorf("Test%s is in %q; it has to be in one package of %s", name, in, folders[1])
		}
	}
}

// uses lists the names that a file uses from other packages.
func uses(s source, names map[string][]string) []string {
	local := map[string]string{} // name in the file to import path
	for i, spec := range s.syntax.Imports {
		name := path.Base(s.imports[i])
		if spec.Name != nil {
			name = spec.Name.Name
		}
		local[name] = s.imports[i]
	}
	var found []string
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := selector.X.(*ast.Ident); ok && slices.Contains(names[local[pkg.Name]], selector.Sel.Name) {
			found = append(found, pkg.Name+"."+selector.Sel.Name)
		}
		return true
	})
	return found
}
