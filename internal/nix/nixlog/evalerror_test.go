package nixlog

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/internal/nix/recordings"
)

// If a later version changes the type of a field, only that field is lost.
func TestRecordsAreReadTolerantly(t *testing.T) {
	var log ErrorLog
	log.Line([]byte(`@nix {"action":"msg","level":0,"line":"three","column":{},"file":7,"fields":"none","raw_msg":"bad","new":[1]}`))
	if e := log.EvalError(flaketree.Tree{}, ""); e == nil || e.Message != "bad" {
		t.Errorf("got %+v", e)
	}
	for _, line := range []string{"@nix", "@nix ", "@nix {", "@nix []", "@nix null", "", "error:", "\xff"} {
		log = ErrorLog{}
		log.Line([]byte(line))
		if e := log.EvalError(flaketree.Tree{}, ""); e != nil {
			t.Errorf("%q gives %+v", line, e)
		}
	}
}

// A trace of tens of thousands of frames takes no time to read. A message that is too long
// becomes an error that says so.
func TestHugeTraces(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`@nix {"action":"msg","level":0,"msg":"error: x","raw_msg":"x","trace":[`)
	for i := range 50000 {
		fmt.Fprintf(&b, `{"file":"/checkout/modules/a.nix:%d:1","line":%d,"column":1,"raw_msg":"while evaluating '/checkout/modules/a.nix' and /checkout/b"},`, i+1, i+1)
	}
	b.WriteString(`{}]}`)
	var log ErrorLog
	begin := time.Now()
	log.Line(b.Bytes())
	e := log.EvalError(flaketree.Tree{Checkout: "/checkout", StorePath: "/nix/store/x"}, "")
	if e == nil || len(e.Frames) != 50001 || e.Place.String() != "modules/a.nix:1:1" || e.Frames[0].Text != "while evaluating 'modules/a.nix' and b" {
		t.Fatalf("got %v", e)
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("took %s", took)
	}
	log = ErrorLog{}
	log.Line(append([]byte(`@nix {"action":"msg"`), make([]byte, MaxRecord)...))
	if e := log.EvalError(flaketree.Tree{}, ""); e == nil || !strings.Contains(e.Message, "64 MiB") {
		t.Errorf("got %v", e)
	}
}

// A module may be imported by its folder; its text is in default.nix.
func TestPlaceOfAFolder(t *testing.T) {
	const root = "/nix/store/x-source"
	tree := flaketree.Tree{StorePath: root, Read: func(file string) string {
		return map[string]string{"hosts/a/default.nix": "{\n  x = throw \"no\";\n}\n"}[file]
	}}
	for name, want := range map[string]string{"a": "hosts/a/default.nix", "b": "hosts/b"} {
		if got, _ := placeOf(tree, &record{}, tree.ModuleError("The option `y' has conflicting definition values:\n- In `"+root+"/hosts/"+name+"': 5")); got.String() != want {
			t.Errorf("%s: place is %q, want %q", name, got, want)
		}
	}
	r := record{RawMsg: "no", Trace: []traceRecord{{RawMsg: "while evaluating definitions from `" + root + "/hosts/a':"}}}
	if got, _ := placeOf(tree, &r, nil); got.String() != "hosts/a/default.nix:2" {
		t.Errorf("place is %q", got)
	}
}

func FuzzEvaluationError(f *testing.F) {
	for _, kind := range []string{"eval", "flake-metadata", "flake-show"} {
		recordings.Seed(f, kind, "stderr")
	}
	for _, line := range []string{
		bare("[json.exception.parse_error.101] parse error at line 2, column 1"),
		`@nix {"action":"msg","level":0,"msg":"x","raw_msg":"lock file '/checkout/flake.lock' has unsupported version 99999999999999999999"}`,
		`@nix {"action":"msg","level":0,"msg":"x","raw_msg":"syntax error in '/checkout/a' and '/checkout/../b'","file":"/checkout/a","line":1}`,
		`@nix {"action":"msg","level":0,"msg":"x","raw_msg":"The option ` + "`a.b'" + ` does not exist. Definition values:\n- In ` + "`/checkout/a'" + `: 1"}`,
		`@nix {"action":"msg","level":0,"msg":"x","raw_msg":"\nFailed assertions:\n- no\n- Conflicting managed target files: a, b"}`,
		`@nix {"action":"msg","level":0,"msg":"x","raw_msg":"Package 'steam-1' in /p:1 has an unfree license"}`,
		`@nix {"action":"msg","level":0,"msg":"x","raw_msg":"stack overflow; max-call-depth exceeded"}`,
	} {
		f.Add([]byte(line))
	}
	f.Add([]byte(downloading + "\n" + string(errorRecord("Failed to open archive (Source threw exception: error: unable to download 'http://h/x': HTTP error 503)"))))
	f.Add([]byte(cloning + "\nfatal: unable to access 'http://u:p@h/g/': no\n" + string(errorRecord("program 'git' failed with exit code 128"))))
	f.Add(errorRecord("opening Git repository \"/x\": repository path '/x' is not owned by current user"))
	untracked := func(string) bool { return true }
	full := flaketree.Tree{StorePath: "/nix/store/00000000000000000000000000000000-source", Checkout: "/checkout", Rev: "0123456789012345678901234567890123456789", Untracked: untracked}
	lookedInto := full
	lookedInto.LockFile, lookedInto.Pure = "flake.lock", true
	lookedInto.Input = func(string) string { return "dep" }
	lookedInto.InputTree = lookedInto.Input
	lookedInto.Files = func() []string { return []string{"flake.nix", "hosts/a.nix"} }
	lookedInto.Setting = func(string) string { return "true" }
	f.Fuzz(func(t *testing.T, data []byte) {
		lookedInto.Read = func(file string) string {
			if !filepath.IsLocal(file) {
				t.Errorf("%q is read", file)
			}
			return string(data) + "\n<<<<<<< x\n\n>>>>>>> x"
		}
		unresolved := lookedInto
		unresolved.StorePath = ""
		for _, tree := range []flaketree.Tree{full, {}, {Checkout: "/checkout", Untracked: untracked}, lookedInto, unresolved} {
			var log ErrorLog
			eachLine(data, log.Line)
			e := log.EvalError(tree, "target/")
			if e == nil {
				continue
			}
			files := []string{e.Place.File, e.Untracked, e.Submodule}
			if e.Spoiled != nil {
				files = append(files, e.Spoiled.Place.File)
			}
			for _, p := range e.Mentions {
				files = append(files, p.File)
			}
			for _, a := range e.Assertions {
				files = append(files, a.Place.File)
			}
			if x := e.Excerpt; x != nil && (len(x.Lines) == 0 || len(x.Lines) > 3 || e.Spoiled == nil && (e.Place.Line < x.FirstLine || e.Place.Line >= x.FirstLine+len(x.Lines))) {
				t.Errorf("the excerpt %+v does not have line %d", x, e.Place.Line)
			}
			for _, file := range files {
				if file != "" && !filepath.IsLocal(file) {
					t.Errorf("%q leads out of the flake", file)
				}
			}
			if e.Input != nil && e.Input.Name == "" {
				t.Errorf("an input without a name: %+v", e.Input)
			}
			if e.Fetch != nil && (e.Fetch.URL == "" || e.Input != nil) {
				t.Errorf("%+v could not be fetched, nor %+v", e.Fetch, e.Input)
			}
			_, _, _ = e.NoFlake(), e.MachineFault(), e.Transient() // none panics
		}
	})
}
