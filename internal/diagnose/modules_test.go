package diagnose_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/internal/nix/locate"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/test/sample"
)

// The errors below testdata/modules are those of real module systems: the home-manager of 2026
// with sops-nix and stylix, and the module system of nixpkgs in October 2018. Each file has a
// fault in one of two fleets, and what a version of Nix said about it. Traces are shortened,
// and folders and hashes replaced.
func TestErrorsOfModuleSystems(t *testing.T) {
	files, err := filepath.Glob("testdata/modules/*.txtar")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, version := range []string{"2.34.8", "2.8.0"} {
		t.Run(version, func(t *testing.T) {
			var b strings.Builder
			for _, file := range files {
				name := strings.TrimSuffix(filepath.Base(file), ".txtar")
				if s := readScene(t, file); s.log[version] != "" {
					fmt.Fprintf(&b, "== %s\n%s", name, s.causes(t, version))
				}
			}
			sample.GoldenPath(t, "testdata/modules/"+version+".golden", []byte(b.String()))
		})
	}
}

// scene is a fault in a fleet.
type scene struct {
	cell string
	tree flaketree.Tree
	log  map[string]string // by the version of Nix
}

var inputRE = regexp.MustCompile(`(?m)^input ([0-9a-z]{32}) (\S+)$`)

func readScene(t *testing.T, file string) scene {
	t.Helper()
	archive := readArchive(t, file)
	s := scene{log: map[string]string{}}
	files := map[string]string{}
	inputs := map[string]string{}
	for line := range strings.Lines(string(archive.Comment)) {
		if cell, ok := strings.CutPrefix(strings.TrimSpace(line), "cell: "); ok {
			s.cell = cell
		}
		fleet, ok := strings.CutPrefix(strings.TrimSpace(line), "fleet: ")
		if !ok {
			continue
		}
		healthy := readArchive(t, "testdata/modules/"+fleet+".txtar")
		for _, f := range healthy.Files {
			files[f.Name] = string(f.Data)
		}
		for _, m := range inputRE.FindAllStringSubmatch(string(healthy.Comment), -1) {
			inputs["/nix/store/"+m[1]+"-source"] = m[2]
		}
	}
	for _, f := range archive.Files {
		if strings.HasSuffix(f.Name, ".nix") {
			files[f.Name] = string(f.Data)
		} else {
			s.log[f.Name] = string(f.Data)
		}
	}
	s.tree = flaketree.Tree{
		StorePath: "/nix/store/00000000000000000000000000000000-source", Checkout: "/checkout", Rev: strings.Repeat("0", 40), Pure: true,
		Read: func(file string) string { return files[file] },
		Files: func() []string {
			return slices.Sorted(func(yield func(string) bool) {
				for f := range files {
					if !yield(f) {
						return
					}
				}
			})
		},
		InputTree: func(root string) string {
			_, url, _ := strings.Cut(root, "/")
			url, _, _ = strings.Cut(url, "?")
			if name := inputs[root]; name != "" || strings.HasPrefix(root, "/") {
				return name
			}
			return url
		},
	}
	return s
}

func readArchive(t *testing.T, file string) *txtar.Archive {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return txtar.Parse(text)
}

// onPaper returns an error as a plan carries it to another machine.
func onPaper(t *testing.T, e *nixlog.EvalError) *nixlog.EvalError {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var read *nixlog.EvalError
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if here, there := diagnose.EvalCauses(e), diagnose.EvalCauses(read); !reflect.DeepEqual(here, there) {
		t.Errorf("the causes are %+v, and on another machine %+v", here, there)
	}
	return read
}

// causes writes what flakeci says about the fault.
func (s scene) causes(t *testing.T, version string) string {
	t.Helper()
	var log nixlog.ErrorLog
	var warnings nixlog.Warnings
	for line := range strings.Lines(s.log[version]) {
		line = strings.TrimSuffix(line, "\n")
		warnings.Add([]byte(line), s.tree)
		log.Line([]byte(line))
	}
	var b strings.Builder
	for _, w := range warnings {
		fmt.Fprintf(&b, "warning: %s\n", w.Text)
		if w.Location != nil {
			fmt.Fprintf(&b, "  at %s\n", w.Location)
		}
	}
	e := log.EvalError(s.tree, "")
	if e == nil || strings.HasPrefix(e.Message, "trace: ") {
		return b.String()
	}
	e = onPaper(t, e)
	user, host, _ := strings.Cut(s.cell, "@")
	e = locate.Failure{Err: e, Names: []string{host, user}, Warnings: warnings}.Locate(s.tree)
	for _, c := range diagnose.EvalCauses(e) {
		fmt.Fprintf(&b, "%s\n", c.Title)
		if c.Location != nil {
			fmt.Fprintf(&b, "  at %s\n", c.Location)
		}
		if c.Excerpt != nil {
			fmt.Fprintf(&b, "  %d: %s\n", c.Excerpt.FirstLine, strings.Join(c.Excerpt.Lines, "\n     "))
		}
		if c.Hint != "" {
			fmt.Fprintf(&b, "  hint: %s\n", c.Hint)
		}
		for line := range strings.SplitSeq(c.LogTail, "\n") {
			if line != "" {
				fmt.Fprintf(&b, "  | %s\n", line)
			}
		}
	}
	return b.String()
}
