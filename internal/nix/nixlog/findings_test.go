package nixlog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/result"
)

const storePath = "/nix/store/00000000000000000000000000000000-source"

// treeOf returns a tree with these files.
func treeOf(files map[string]string) flaketree.Tree {
	return flaketree.Tree{
		StorePath: storePath, Checkout: "/checkout", LockFile: "flake.lock",
		Read: func(file string) string { return files[file] },
	}
}

// logged returns the error of a log with one message at a place, which may be empty.
func logged(t *testing.T, tree flaketree.Tree, message, place string) *EvalError {
	t.Helper()
	var log ErrorLog
	at := ""
	if place != "" {
		at = `"file":"` + storePath + `/` + place + `","line":2,"column":1,`
	}
	log.Line(fmt.Appendf(nil, `@nix {"action":"msg","level":0,%s"msg":"x","raw_msg":%q}`, at, message))
	e := log.EvalError(tree, "")
	if e == nil {
		t.Fatal("no error")
	}
	return e
}

func TestSpoiledFiles(t *testing.T) {
	const conflict = "{\n<<<<<<< HEAD\n=======\n>>>>>>> x\n}\n"
	files := map[string]string{
		"crypt.nix": "\x00GITCRYPT\x00abc", "lfs.json": "version https://git-lfs.github.com/spec/v1\noid",
		"hosts/a.nix": "{ }:\n  x (readFile ../lfs.json) (readFile (self + \"/crypt.nix\")) ./../../etc\n", "conflict.nix": conflict,
		"marks.nix": "''\n<<<<<<< not a conflict\n''\n",
	}
	for _, tt := range []struct{ message, at, want string }{
		{"syntax error, unexpected end of file", "crypt.nix", "crypt.nix git-crypt"},
		{"the contents of the file '" + storePath + "/crypt.nix' cannot be represented as a Nix string", "", "crypt.nix git-crypt"},
		{"the contents of the file '/etc/crypt.nix' cannot be represented as a Nix string", "", ""},
		{"[json.exception.parse_error.101] parse error at line 1, column 1", "hosts/a.nix", "lfs.json git-lfs"},
		{"while parsing TOML: no", "hosts/a.nix", "lfs.json git-lfs"},
		{"syntax error, unexpected '<'", "conflict.nix", "conflict.nix:2 conflict"},
		{"attribute 'x' missing", "conflict.nix", ""},
		{"syntax error, unexpected '<'", "marks.nix", ""},
		{"attribute 'x' missing", "hosts/a.nix", ""},
	} {
		got := ""
		if s := logged(t, treeOf(files), tt.message, tt.at).Spoiled; s != nil {
			got = s.Place.String() + " " + string(s.By)
		}
		if got != tt.want {
			t.Errorf("%s at %q: got %q, want %q", tt.message, tt.at, got, tt.want)
		}
	}
}

// A setting counts only if it has the value that forbids, and if the flake does not just say so.
func TestSettingsThatForbid(t *testing.T) {
	set := map[string]string{"allow-dirty": "false", "restrict-eval": "true", "max-call-depth": "5", "abort-on-warn": "true"}
	for _, tt := range []struct{ message, at, want string }{
		{"Git tree '/checkout' is dirty", "", "allow-dirty"},
		{"Git tree '/checkout' is dirty", "a.nix", ""},
		{"access to absolute path '/checkout' is forbidden in pure eval mode (use '--impure' to override)", "", "restrict-eval"},
		{"access to absolute path '/checkout' is forbidden in pure eval mode (use '--impure' to override)", "a.nix", ""},
		{"access to URI 'http://x' is forbidden in restricted mode", "a.nix", "restrict-eval"},
		{"stack overflow; max-call-depth exceeded", "", "max-call-depth"},
		{"aborting to reveal stack trace of warning, as abort-on-warn is set", "a.nix", "abort-on-warn"},
		{"foo: abort-on-warn is set", "a.nix", ""},
		{"my own: x is forbidden in restricted mode", "a.nix", ""},
		{"no disk", "", ""},
	} {
		tree := treeOf(nil)
		tree.Setting = func(string) string { return "" }
		if got := logged(t, tree, tt.message, tt.at).Setting; got != "" {
			t.Errorf("%s: without a setting it is %q", tt.message, got)
		}
		tree.Setting = func(name string) string { return set[name] }
		if got := logged(t, tree, tt.message, tt.at).Setting; got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.message, got, tt.want)
		}
	}
}

func TestImpurity(t *testing.T) {
	tree := treeOf(map[string]string{"a.nix": "{ }:\n  throw (builtins.getEnv \"X\")\nif getEnv \"HOME\" == \"\" then throw \"no home\" else 1\n"})
	tree.Pure = true
	for message, want := range map[string]string{"x": "getEnv", "no home": "getEnv"} {
		if got := logged(t, tree, message, "a.nix").Impure; got != want {
			t.Errorf("%s: got %q", message, got)
		}
	}
	tree.Pure = false
	if got := logged(t, tree, "x", "a.nix").Impure; got != "" {
		t.Errorf("an evaluation that may read the environment lacks %q", got)
	}
}

// The warning that ended the evaluation is part of the error.
func TestAbortOnWarn(t *testing.T) {
	tree := treeOf(nil)
	tree.Setting = func(string) string { return "true" }
	var log ErrorLog
	log.Line([]byte(`@nix {"action":"msg","level":1,"msg":"evaluation warning: careful"}`))
	log.Line([]byte(`@nix {"action":"msg","level":0,"msg":"x","raw_msg":"aborting to reveal stack trace of warning, as abort-on-warn is set"}`))
	if e := log.EvalError(tree, ""); e.Setting != "abort-on-warn" || !strings.HasSuffix(e.Message, "\ncareful") {
		t.Errorf("got %+v", e)
	}
}

// What a library of Nix throws is not the flake's fault, unless a text of the flake is to blame.
func TestErrorsWithoutData(t *testing.T) {
	for text, want := range map[string]result.CauseKind{
		"std::bad_function_call": result.CauseInfra,
		"[json.exception.type_error.316] invalid UTF-8 byte at index 3: 0xE9": "",
		"out of memory": result.CauseMemory,
	} {
		var log ErrorLog
		log.Line([]byte(bare(text)))
		e := log.EvalError(treeOf(nil), "")
		if e == nil || e.MachineFault() != want || e.Sudden {
			t.Errorf("%s: got %+v", text, e)
		}
	}
	var log ErrorLog
	log.Line([]byte(bare("relayed")))
	log.Line([]byte(`@nix {"action":"msg","level":0,"msg":"x","raw_msg":"own"}`))
	log.Line([]byte(bare("relayed")))
	if e := log.EvalError(treeOf(nil), ""); e.Message != "own" {
		t.Errorf("the error is %q, not Nix's own", e.Message)
	}
	log = ErrorLog{}
	log.Line([]byte("\x1b[31;1merror:\x1b[0m stack overflow (possible infinite recursion)"))
	if e := log.EvalError(treeOf(nil), ""); e == nil || !e.Sudden || e.MachineFault() != "" {
		t.Errorf("got %+v", e)
	}
}

func TestCrash(t *testing.T) {
	for want, line := range map[string]string{
		"Assertion 'scheme' failed": "\x1b[31;1mterminating due to unexpected unrecoverable internal error: \x1b[0mAssertion 'scheme' failed",
		"no":                        "  what():  no",
	} {
		var log ErrorLog
		log.Line([]byte(line))
		if got := log.Crash(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A program counts as the hook only if Nix has run it as the hook.
func TestHook(t *testing.T) {
	for _, program := range []string{"/hook", "/other"} {
		log := NewBuildLog(BuildWatcher{})
		for _, line := range []string{
			`{"action":"start","fields":["` + storePath + `.drv"],"id":7,"level":4,"text":"running post-build-hook '/hook'","type":110}`,
			`{"action":"result","fields":["cannot push"],"id":7,"type":107}`,
			`{"action":"result","fields":["not the hook's"],"id":8,"type":107}`,
			`{"action":"msg","level":0,"msg":"x","raw_msg":"program \"` + program + `\" failed due to signal 9 (Killed)"}`,
		} {
			log.Line([]byte("@nix " + line))
		}
		f := log.Unnamed("nothing")
		if hook := program == "/hook"; hook != (f.Hook == "/hook") || hook != slices.Equal(f.Tail, []string{"cannot push"}) || f.Kind != result.CauseInfra || f.Signal != 9 {
			t.Errorf("%s: got %+v", program, f)
		}
	}
}
