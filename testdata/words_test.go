package testdata_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/flakeci/flakeci/internal/nix/recordings"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// TestWords compares what the stand-in's module system says of faults, in the words of each
// release, with recordings of the real one. To record a release again, with the newest Nix:
//
//	RECORD_WORDS=26.05=/path/to/nixpkgs/lib go test ./testdata -run TestWords
func TestWords(t *testing.T) {
	if release, lib, ok := strings.Cut(os.Getenv("RECORD_WORDS"), "="); ok {
		record(t, release, lib)
	}
	standIn := fmt.Sprintf("(import %s)", filepath.Join(lanes.Root(t), "testdata", "inputs", "nixpkgs", "lib"))
	newest := lanes.Newest(t)
	forEachLane(t, func(t *testing.T, lane lanes.Lane) {
		for _, release := range releases {
			lib := fmt.Sprintf("%s.wordedAs.%q", standIn, release)
			for cases, recording := range map[string]string{"cases.nix": release + ".txtar", "stand-in.nix": "stand-in-" + release + ".txtar"} {
				want := recordings.Read(t, inWords(t, recording))
				got := wordsOf(t, lane, cases, release, lib)
				if len(got) != len(want) {
					t.Errorf("%s: there are %d cases and %d recordings", recording, len(got), len(want))
				}
				for name, text := range got {
					recorded := strings.TrimSuffix(string(want[name]), "\n")
					if lane != newest { // An older Nix says the rest in another order.
						text, recorded = onlyError(text), onlyError(recorded)
					}
					if text != recorded {
						t.Errorf("%s, %s: the stand-in says\n%s\nand the real one\n%s", recording, name, text, recorded)
					}
				}
			}
		}
	})
}

// releases are those of nixpkgs whose words the stand-in knows, in order.
var releases = []string{"18.09", "24.05", "26.05"}

func inWords(t *testing.T, name string) string {
	return filepath.Join(lanes.Root(t), "testdata", "words", name)
}

// record writes what a lib says.
func record(t *testing.T, release, lib string) {
	t.Helper()
	words := wordsOf(t, lanes.Newest(t), "cases.nix", release, fmt.Sprintf("(import %s)", lib))
	var a txtar.Archive
	for name, text := range words {
		a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(text + "\n")})
	}
	slices.SortFunc(a.Files, func(a, b txtar.File) int { return strings.Compare(a.Name, b.Name) })
	if err := os.WriteFile(inWords(t, release+".txtar"), txtar.Format(&a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// wordsOf returns what a lib, a Nix expression, says in each case of a file that there is since
// the release or an earlier one. One process evaluates all: starting Nix takes longer than a
// case.
func wordsOf(t *testing.T, lane lanes.Lane, file, release, lib string) map[string]string {
	t.Helper()
	cases := fmt.Sprintf("(import %s { lib = %s; })", inWords(t, file), lib)
	var all map[string][]string
	decode(t, must(t, lane, "eval", "--impure", "--json", "--expr", "builtins.mapAttrs (_: builtins.attrNames) "+cases), &all)

	const mark = "the case is "
	var lines strings.Builder
	fmt.Fprintf(&lines, "cases = %s\n", cases)
	for since, names := range all {
		for _, name := range names {
			if since <= release {
				fmt.Fprintf(&lines, "builtins.trace %q null\nbuiltins.deepSeq cases.%q.%s null\n", mark+name, since, name)
			}
		}
	}
	args := []string{"--extra-experimental-features", "nix-command flakes", "repl"}
	if lane == lanes.Newest(t) {
		args = append(args, "--show-trace")
	}
	cmd := exec.CommandContext(t.Context(), lane.Nix, args...)
	cmd.Env = append(os.Environ(), lanes.Env()...)
	cmd.Env = append(cmd.Env, "XDG_DATA_HOME="+t.TempDir()) // where the history goes
	cmd.Stdin = strings.NewReader(lines.String())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("nix repl: %v\n%s", err, stderr.String())
	}
	words := map[string]string{}
	for _, part := range strings.Split(stderr.String(), "trace: "+mark)[1:] {
		name, text, _ := strings.Cut(part, "\n")
		words[name] = said(text)
	}
	return words
}

var placeRE = regexp.MustCompile(`^at .*:\d+:\d+:$`)

// said returns the words of the lib in an error of Nix: the error itself, and of what Nix says
// about its circumstances the warnings and the lines that quote in the way of the module system.
func said(text string) string {
	var circumstances, message []string
	inMessage := false
	for _, line := range strings.Split(text, "\n") {
		bare := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(bare, "… "), placeRE.MatchString(bare):
			inMessage = false
			if strings.Contains(line, "`") {
				circumstances = append(circumstances, bare)
			}
		case strings.HasPrefix(bare, "trace: "), strings.HasPrefix(bare, "evaluation warning: "):
			circumstances = append(circumstances, bare)
		case strings.HasPrefix(bare, "(use '--show-trace'"), strings.HasPrefix(bare, "(stack trace truncated"):
			inMessage = false
		case strings.HasPrefix(bare, "error:") && !inMessage:
			inMessage, message = true, []string{bare}
		case inMessage:
			message = append(message, strings.TrimRight(strings.TrimPrefix(line, "       "), " "))
		}
	}
	return strings.TrimRight(strings.Join(append(circumstances, message...), "\n"), "\n")
}

// onlyError returns the error among the words.
func onlyError(words string) string {
	_, text, _ := strings.Cut("\n"+words, "\nerror:")
	return text
}
