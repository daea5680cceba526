package nix

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

// wantError is the expected error of an evaluation. A message that ends in … may go on
// differently.
type wantError struct {
	message string
	place   string
	input   string // path and URL of the input that could not be fetched
	missing string // the untracked file
	fetch   string // what the flake fetches and could not be fetched
}

// since is the expected error from a version on. A case has several if Nix changed its own.
type since struct {
	version string
	wantError
}

func always(w wantError) []since { return []since{{"0", w}} }

// throwAt expects a throw behind `toplevel =`. Since 2.26 Nix names its place. 2.8 does not,
// so the attribute is the innermost place.
func throwAt(message, place string) []since {
	return []since{{"0", wantError{message: message, place: "flake.nix:3:5"}}, {"2.26", wantError{message: message, place: place}}}
}

// evalCase is a flake whose host "bad" does not evaluate.
type evalCase struct {
	scenario
	want []since
}

func (c evalCase) prepared() scenario {
	c.ask = func(w *world) {
		target, err := w.open(w.dir, FlakeOptions{})
		if err == nil {
			_, err = w.host(target, "bad")
		}
		w.checkError(err, c.want)
	}
	return c.scenario
}

func (w *world) checkError(err error, wants []since) {
	w.Helper()
	var e *nixlog.EvalError
	if !errors.As(err, &e) {
		w.Fatalf("error is %T: %v", err, err)
	}
	got := wantError{message: w.neutral(e.Message), place: e.Place.String(), missing: e.Untracked}
	if e.Input != nil {
		got.input = w.neutral(e.Input.Name + " " + e.Input.URL)
	}
	if e.Fetch != nil {
		got.fetch = e.Fetch.URL
	}
	want := pick(w, wants)
	if start, ok := strings.CutSuffix(want.message, "…"); ok && strings.HasPrefix(got.message, start) || !w.known() {
		got.message = want.message
	}
	if got != want {
		w.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func pick(w *world, wants []since) wantError {
	w.Helper()
	var want wantError
	for _, s := range wants {
		v, err := parseVersion(s.version + ".0")
		if err != nil {
			w.Fatal(err)
		}
		if !w.client.Version.Less(v) {
			want = s.wantError
		}
	}
	return want
}

// known reports whether there is a recording of this very version. Another may use other
// words.
func (w *world) known() bool {
	return updating() || exists(filepath.Join("testdata", w.client.Version.String()))
}

var elapsedRE = regexp.MustCompile(`after \d+ ms`)

var revRE = regexp.MustCompile(`rev=[0-9a-f]{40}`)

// neutral hides what differs in each run.
func (w *world) neutral(s string) string {
	s = strings.NewReplacer(w.root, "/checkout", w.scratch, "/scratch").Replace(s)
	return elapsedRE.ReplaceAllString(revRE.ReplaceAllString(s, "rev=REV"), "after N ms")
}

// withInput returns a flake with one input, whose host "bad" is an expression.
func withInput(name, url, bad string) string {
	return fmt.Sprintf("{\n  inputs.%s.url = %q;\n  outputs = { self, ... }@inputs: {\n    nixosConfigurations.bad.config.system.build.toplevel = %s;\n  };\n}\n", name, url, bad)
}

func imported(file, text string) files {
	return files{"flake.nix": hosts("bad", "import ./"+file), file: text}
}

func TestEvaluationErrors(t *testing.T) {
	var all []scenario
	for _, c := range concat(faultsOfTheFlake(), missingFiles(), faultsOfInputs()) {
		all = append(all, c.prepared())
	}
	testScenarios(t, all)
}

func concat(lists ...[]evalCase) (all []evalCase) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func faultsOfTheFlake() []evalCase {
	return []evalCase{
		{scenario{name: "throw", tracked: imported("bad.nix", "\n\n  throw \"no disk\"\n")}, throwAt("no disk", "bad.nix:3:3")},
		{scenario{name: "throw-in-module", tracked: files{
			"flake.nix":          hosts("bad", "(import ./lib.nix [ ./modules/gaming.nix ]).drv"),
			"lib.nix":            "modules:\nbuiltins.foldl' (a: m: a // (import m { inherit a; })) { } modules\n",
			"modules/gaming.nix": "{ a, ... }:\n{\n  drv = if a ? x then 1 else throw \"gaming needs nvidia\";\n}\n",
		}}, []since{
			{"0", wantError{message: "gaming needs nvidia", place: "modules/gaming.nix:3:3"}},
			{"2.26", wantError{message: "gaming needs nvidia", place: "modules/gaming.nix:3:30"}},
		}},
		{scenario{name: "throw-without-position", tracked: files{"flake.nix": hosts("bad", "builtins.foldl' (a: b: builtins.throw b) 1 [ \"nowhere\" ]")}}, []since{
			{"0", wantError{message: "nowhere", place: "flake.nix:3:80"}},
			{"2.26", wantError{message: "nowhere", place: "flake.nix:3:83"}},
		}},
		{scenario{name: "throw-many-lines", tracked: files{"flake.nix": hosts("bad", "throw \"first\\nerror: second\\n  third\"")}}, throwAt("first\nerror: second\n  third", "flake.nix:3:60")},
		{scenario{name: "throw-paths", tracked: files{"flake.nix": hosts("bad", "throw \"${toString ./a}/b ${self}/c x${self}/d\"")}}, throwAt("a/b c x/nix/store/z1x1xdqkh1byki9ms3lbqy73n4x4d8cl-source/d", "flake.nix:3:60")},
		{scenario{name: "undefined-variable", tracked: imported("bad.nix", "{\n  a = nonsense;\n}\n")}, always(wantError{message: "undefined variable 'nonsense'", place: "bad.nix:2:7"})},
		{scenario{name: "syntax-error", tracked: imported("bad.nix", "{\n  a = ;\n}\n")}, always(wantError{message: "syntax error, unexpected ';'", place: "bad.nix:2:7"})},
		{scenario{name: "syntax-error-in-flake", tracked: files{"flake.nix": "{\n  outputs = { self }: {\n    a = ;\n  };\n}\n"}}, always(wantError{message: "syntax error, unexpected ';'", place: "flake.nix:3:9"})},
		{scenario{name: "syntax-error-in-subfolder", subfolder: "nix", tracked: files{"nix/flake.nix": "{\n  outputs = { self }: {\n    a = ;\n  };\n}\n"}}, always(wantError{message: "syntax error, unexpected ';'", place: "nix/flake.nix:3:9"})},
		{scenario{name: "infinite-recursion", tracked: imported("bad.nix", "let\n  a = a + 1;\nin a\n")}, always(wantError{message: "infinite recursion encountered", place: "bad.nix:2:7"})},
		// The limit is lower than the default, so that the recording is short. 2.8 has none but its stack.
		{scenario{name: "stack-overflow", settings: [][2]string{{"max-call-depth", "50"}}, tracked: imported("bad.nix", "let\n  f = n: 1 + f (n + 1);\nin f 0\n")}, []since{
			{"0", wantError{message: "stack overflow (possible infinite recursion)"}},
			{"2.26", wantError{message: "stack overflow; max-call-depth exceeded", place: "bad.nix:2:14"}},
		}},
		{scenario{name: "missing-attribute", tracked: imported("bad.nix", "let x = { a = 1; };\nin x.b\n")}, always(wantError{message: "attribute 'b' missing", place: "bad.nix:2:4"})},
		{scenario{name: "missing-host", tracked: files{"flake.nix": hosts("good", "1")}}, always(wantError{message: "attribute 'bad' missing", place: "flake.nix:3:5"})},
		{scenario{name: "assert", tracked: imported("bad.nix", "\nassert false; 1\n")}, always(wantError{message: "assertion 'false' failed", place: "bad.nix:2:1"})},
		{scenario{name: "type-error", tracked: imported("bad.nix", "\n1 + \"a\"\n")}, always(wantError{message: "cannot add a string to an integer", place: "bad.nix:2:5"})},
		{scenario{name: "option-does-not-exist", tracked: files{
			"flake.nix":        hosts("bad", "import ./lib.nix ./hosts/reason.nix"),
			"lib.nix":          "file: throw ''The option `services.nonsense' does not exist. Definition values:\n- In `${toString file}': true\n''\n",
			"hosts/reason.nix": "{ }",
		}}, always(wantError{message: "The option `services.nonsense' does not exist. Definition values:\n- In `hosts/reason.nix': true", place: "hosts/reason.nix"})},
		{scenario{name: "conflicting-definitions", tracked: files{
			"flake.nix":        hosts("bad", "import ./lib.nix [ ./hosts/reason.nix ./modules/gaming.nix ]"),
			"lib.nix":          "files: throw ''The option `x' has conflicting definition values:${builtins.concatStringsSep \"\" (map (f: \"\\n- In `${toString f}': 1\") files)}\n''\n",
			"hosts/reason.nix": "{ }", "modules/gaming.nix": "{ }",
		}}, always(wantError{message: "The option `x' has conflicting definition values:\n- In `hosts/reason.nix': 1\n- In `modules/gaming.nix': 1", place: "hosts/reason.nix"})},
		// A trace is a record of the same level as an error, with a text from the flake.
		{scenario{name: "forged-by-trace", tracked: files{"flake.nix": hosts("bad", `builtins.trace "error: forged" (builtins.trace "x\n@nix {\"action\":\"msg\",\"level\":0,\"msg\":\"error: forged\",\"raw_msg\":\"forged\"}\nerror: forged" (throw "real"))`)}}, throwAt("real", "flake.nix:3:215")},
		{scenario{name: "forged-context", tracked: files{"flake.nix": hosts("bad", `builtins.addErrorContext "while fetching the input 'github:o/r'" (builtins.addErrorContext "while updating the flake input 'x'" (throw "real"))`)}}, throwAt("real", "flake.nix:3:189")},
		{scenario{name: "no-outputs", tracked: files{"flake.nix": "{ }\n"}}, []since{
			{"0", wantError{message: "flake 'git+file:///checkout?ref=main&rev=REV' lacks attribute 'outputs'"}},
			{"2.26", wantError{message: "flake 'git+file:///checkout' lacks attribute 'outputs'"}},
		}},
		{scenario{name: "not-a-derivation", tracked: files{"flake.nix": hosts("bad", "5")}}, always(wantError{message: "nixosConfigurations.bad.config.system.build.toplevel is not a derivation: it is of type int"})},
		{scenario{name: "fetch-while-evaluating", tracked: files{"flake.nix": hosts("bad", "builtins.fetchTarball { url = \"http://127.0.0.1:1/x.tar.gz\"; sha256 = \"0000000000000000000000000000000000000000000000000000\"; }")}}, []since{
			{"0", wantError{message: "unable to download 'http://127.0.0.1:1/x.tar.gz': Couldn't connect to server (7)", place: "flake.nix:3:5", fetch: "http://127.0.0.1:1/x.tar.gz"}},
			{"2.26", wantError{message: "Failed to open archive (Source threw exception: error: unable to download 'http://127.0.0.1:1/x.tar.gz': Could not connect to server (7) Failed to connect to 127.0.0.1 port 1 after N ms: Could not connect to server)", place: "flake.nix:3:60", fetch: "http://127.0.0.1:1/x.tar.gz"}},
			{"2.34", wantError{message: "Failed to open archive (Source threw exception: error: unable to download 'http://127.0.0.1:1/x.tar.gz': Could not connect to server (7) Failed to connect to 127.0.0.1:1 after N ms: Could not connect to server)", place: "flake.nix:3:60", fetch: "http://127.0.0.1:1/x.tar.gz"}},
		}},
	}
}

func missingFiles() []evalCase {
	newHost := files{"hosts/new.nix": "1"}
	return []evalCase{
		{scenario{name: "missing-file", tracked: files{"flake.nix": hosts("bad", "import ./hosts/none.nix")}}, []since{
			{"0", wantError{message: "getting status of 'hosts': No such file or directory", place: "flake.nix:3:60"}},
			{"2.26", wantError{message: "path 'hosts/none.nix' does not exist", place: "flake.nix:3:60"}},
		}},
		{scenario{name: "missing-readfile", tracked: files{"flake.nix": hosts("bad", "builtins.readFile ./none.txt")}}, []since{
			{"0", wantError{message: "getting status of 'none.txt': No such file or directory", place: "flake.nix:3:60"}},
			{"2.26", wantError{message: "opening file 'none.txt': No such file or directory", place: "flake.nix:3:60"}},
			{"2.34", wantError{message: "'none.txt' does not exist", place: "flake.nix:3:60"}},
		}},
		{scenario{name: "missing-without-git", noGit: true, tracked: files{"flake.nix": hosts("bad", "import ./hosts/none.nix")}}, []since{
			{"0", wantError{message: "getting status of 'hosts': No such file or directory", place: "flake.nix:3:60"}},
			{"2.26", wantError{message: "path 'hosts/none.nix' does not exist", place: "flake.nix:3:60"}},
		}},
		{scenario{name: "untracked-file", tracked: files{"flake.nix": hosts("bad", "import ./hosts/new.nix")}, untracked: newHost}, []since{
			{"0", wantError{message: "getting status of 'hosts': No such file or directory", place: "flake.nix:3:60", missing: "hosts"}},
			{"2.26", wantError{message: "path 'hosts/new.nix' does not exist", place: "flake.nix:3:60", missing: "hosts/new.nix"}},
		}},
		{scenario{name: "untracked-beside-tracked", tracked: files{"flake.nix": hosts("bad", "import ./hosts/new.nix"), "hosts/a": ""}, untracked: newHost}, []since{
			{"0", wantError{message: "getting status of 'hosts/new.nix': No such file or directory", place: "flake.nix:3:60", missing: "hosts/new.nix"}},
			{"2.26", wantError{message: "path 'hosts/new.nix' does not exist", place: "flake.nix:3:60", missing: "hosts/new.nix"}},
		}},
		{scenario{name: "untracked-folder", tracked: files{"flake.nix": hosts("bad", "import ./hosts/new")}, untracked: files{"hosts/new/default.nix": "1"}}, []since{
			{"0", wantError{message: "getting status of 'hosts': No such file or directory", place: "flake.nix:3:60", missing: "hosts"}},
			{"2.26", wantError{message: "path 'hosts/new' does not exist", place: "flake.nix:3:60", missing: "hosts/new"}},
		}},
		{scenario{name: "untracked-default-nix", tracked: files{"flake.nix": hosts("bad", "import ./hosts/new"), "hosts/new/x": ""}, untracked: files{"hosts/new/default.nix": "1"}}, []since{
			{"0", wantError{message: "getting status of 'hosts/new/default.nix': No such file or directory", place: "flake.nix:3:5", missing: "hosts/new/default.nix"}},
			{"2.26", wantError{message: "opening file 'hosts/new/default.nix': No such file or directory", place: "flake.nix:3:60", missing: "hosts/new/default.nix"}},
			{"2.34", wantError{message: "'hosts/new/default.nix' does not exist", place: "flake.nix:3:60", missing: "hosts/new/default.nix"}},
		}},
		{scenario{name: "untracked-readfile", tracked: files{"flake.nix": hosts("bad", "builtins.readFile (./secrets + \"/a\")"), "x": ""}, untracked: files{"secrets/a": "1"}}, []since{
			{"0", wantError{message: "getting status of 'secrets': No such file or directory", place: "flake.nix:3:60", missing: "secrets"}},
			{"2.26", wantError{message: "opening file 'secrets/a': No such file or directory", place: "flake.nix:3:60", missing: "secrets/a"}},
			{"2.34", wantError{message: "'secrets/a' does not exist", place: "flake.nix:3:60", missing: "secrets/a"}},
		}},
		{scenario{name: "untracked-dirty", tracked: files{"flake.nix": hosts("bad", "import ./hosts/new.nix"), "hosts/x": ""}, dirty: files{"x": ""}, untracked: newHost}, []since{
			{"0", wantError{message: "getting status of 'hosts/new.nix': No such file or directory", place: "flake.nix:3:60", missing: "hosts/new.nix"}},
			{"2.26", wantError{message: "path 'hosts/new.nix' does not exist", place: "flake.nix:3:60", missing: "hosts/new.nix"}},
			{"2.34", wantError{message: "Path 'hosts/new.nix' in the repository \"/checkout\" is not tracked by Git.\n\nTo make it visible to Nix, run:\n\ngit -C \"/checkout\" add \"hosts/new.nix\"", place: "flake.nix:3:60", missing: "hosts/new.nix"}},
		}},
		{scenario{name: "untracked-in-subfolder", subfolder: "sub", tracked: files{"sub/flake.nix": hosts("bad", "import ../hosts/new.nix"), "hosts/x": ""}, untracked: newHost}, []since{
			{"0", wantError{message: "getting status of 'hosts/new.nix': No such file or directory", place: "sub/flake.nix:3:60", missing: "hosts/new.nix"}},
			{"2.26", wantError{message: "path 'hosts/new.nix' does not exist", place: "sub/flake.nix:3:60", missing: "hosts/new.nix"}},
		}},
		// The words are those of Nix, but the file exists.
		{scenario{name: "untracked-forged", tracked: files{"flake.nix": hosts("bad", "throw \"path '${toString ./x}' does not exist\""), "x": ""}}, throwAt("path 'x' does not exist", "flake.nix:3:60")},
		{scenario{name: "untracked-forged-outside", tracked: files{"flake.nix": hosts("bad", "throw \"path '${toString ./x}/../../../etc/passwd' does not exist\""), "x": ""}}, throwAt("path 'x/../../../etc/passwd' does not exist", "flake.nix:3:60")},
	}
}

// lockedMid is a flake.lock with an input "mid", which has an input "secrets" itself.
const lockedMid = `{"nodes": {"root": {"inputs": {"mid": "mid"}}, "mid": {"inputs": {"secrets": "secrets"}, "locked": {%s}, "original": {%s}},
	"secrets": {"locked": {"type": "git", "url": "file:///nonexistent/secrets", "rev": "0123456789012345678901234567890123456789", "narHash": "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "lastModified": 1, "revCount": 1, "ref": "master"}, "original": {"type": "git", "url": "file:///nonexistent/secrets"}}}, "root": "root", "version": 7}`

func faultsOfInputs() []evalCase {
	const hash = `"narHash": "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="`
	mid := "path:@SCRATCH@/mid"
	return []evalCase{
		{scenario{name: "input-git", tracked: files{"flake.nix": withInput("secrets", "git+file:///nonexistent/secrets", "1")}}, []since{
			{"0", wantError{message: "program 'git' failed with exit code 128\nfatal: '/nonexistent/secrets' does not appear to be a git repository", input: "secrets git+file:///nonexistent/secrets"}},
			{"2.26", wantError{message: "resolving Git reference 'master': revspec 'master' not found", input: "secrets git+file:///nonexistent/secrets"}},
			{"2.34", wantError{message: "Git repository \"/nonexistent/secrets\" does not exist.", input: "secrets git+file:///nonexistent/secrets"}},
		}},
		{scenario{name: "input-named-targets", tracked: files{"flake.nix": withInput("targets", "git+file:///nonexistent/secrets", "1")}}, []since{
			{"0", wantError{message: "program 'git' failed with exit code 128\nfatal: '/nonexistent/secrets' does not appear to be a git repository", input: "targets git+file:///nonexistent/secrets"}},
			{"2.26", wantError{message: "resolving Git reference 'master': revspec 'master' not found", input: "targets git+file:///nonexistent/secrets"}},
			{"2.34", wantError{message: "Git repository \"/nonexistent/secrets\" does not exist.", input: "targets git+file:///nonexistent/secrets"}},
		}},
		{scenario{name: "input-path", tracked: files{"flake.nix": withInput("secrets", "path:/nonexistent/secrets", "1")}}, []since{
			{"0", wantError{message: "getting status of '/nonexistent/secrets': No such file or directory", input: "secrets path:/nonexistent/secrets"}},
			{"2.26", wantError{message: "path '//nonexistent/secrets' does not exist", input: "secrets path:/nonexistent/secrets"}},
		}},
		{scenario{name: "input-relative", tracked: files{"flake.nix": withInput("secrets", "path:./secrets", "1")}}, []since{
			{"0", wantError{message: "getting status of '/nix/store/szbhszr5wmp0yqq8l46xhlp9pbxqba7g-source/secrets': No such file or directory", input: "secrets path:./secrets"}},
			{"2.26", wantError{message: "path '/nix/store/szbhszr5wmp0yqq8l46xhlp9pbxqba7g-source/secrets/flake.nix' does not exist", input: "secrets "}},
			{"2.34", wantError{message: "Path 'secrets/flake.nix' does not exist in Git repository \"/checkout\".", input: "secrets "}},
		}},
		{scenario{name: "input-http", tracked: files{"flake.nix": withInput("secrets", "http://127.0.0.1:1/x.tar.gz", "1")}}, []since{
			{"0", wantError{message: "unable to download 'http://127.0.0.1:1/x.tar.gz': Couldn't connect to server (7)", input: "secrets http://127.0.0.1:1/x.tar.gz"}},
			{"2.26", wantError{message: "Failed to open archive (Source threw exception: error: unable to download 'http://127.0.0.1:1/x.tar.gz': Could not connect to server (7) Failed to connect to 127.0.0.1 port 1 after N ms: Could not connect to server)", input: "secrets http://127.0.0.1:1/x.tar.gz"}},
			{"2.34", wantError{message: "Failed to open archive (Source threw exception: error: unable to download 'http://127.0.0.1:1/x.tar.gz': Could not connect to server (7) Failed to connect to 127.0.0.1:1 after N ms: Could not connect to server)", input: "secrets http://127.0.0.1:1/x.tar.gz"}},
		}},
		{scenario{name: "input-indirect", tracked: files{"flake.nix": withInput("secrets", "nonesuch", "1")}}, always(wantError{message: "cannot find flake 'flake:nonesuch' in the flake registries", input: "secrets "})},
		{scenario{name: "input-through-another", tracked: files{
			"flake.nix":        withInput("mid", mid, "1"),
			"../mid/flake.nix": withInput("secrets", "git+file:///nonexistent/secrets", "1"),
		}}, []since{
			{"0", wantError{message: "program 'git' failed with exit code 128\nfatal: '/nonexistent/secrets' does not appear to be a git repository", input: "mid/secrets git+file:///nonexistent/secrets"}},
			{"2.26", wantError{message: "resolving Git reference 'master': revspec 'master' not found", input: "mid/secrets git+file:///nonexistent/secrets"}},
			{"2.34", wantError{message: "Git repository \"/nonexistent/secrets\" does not exist.", input: "mid/secrets git+file:///nonexistent/secrets"}},
		}},
		{scenario{name: "input-locked-path", tracked: files{
			"flake.nix":  withInput("mid", mid, "inputs.mid.x"),
			"flake.lock": fmt.Sprintf(lockedMid, `"type": "path", "path": "@SCRATCH@/mid", "lastModified": 1, `+hash, `"type": "path", "path": "@SCRATCH@/mid"`),
		}}, []since{
			{"0", wantError{message: "getting status of '/scratch/mid': No such file or directory", place: "flake.nix:4:5", input: "mid path:/scratch/mid?lastModified=1&narHash=sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}},
			{"2.26", wantError{message: "path '//scratch/mid' does not exist", place: "flake.nix:4:60", input: "mid path:/scratch/mid?lastModified=1&narHash=sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D"}},
		}},
		{scenario{name: "input-locked-http", tracked: files{
			"flake.nix":  withInput("mid", "http://127.0.0.1:1/mid.tar.gz", "inputs.mid.x"),
			"flake.lock": fmt.Sprintf(lockedMid, `"type": "tarball", "url": "http://127.0.0.1:1/mid.tar.gz", `+hash, `"type": "tarball", "url": "http://127.0.0.1:1/mid.tar.gz"`),
		}}, []since{
			{"0", wantError{message: "unable to download 'http://127.0.0.1:1/mid.tar.gz': Couldn't connect to server (7)", place: "flake.nix:4:5", input: "mid http://127.0.0.1:1/mid.tar.gz?narHash=sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}},
			{"2.26", wantError{message: "Failed to open archive (Source threw exception: error: unable to download 'http://127.0.0.1:1/mid.tar.gz': Could not connect to server (7) Failed to connect to 127.0.0.1 port 1 after N ms: Could not connect to server)", place: "flake.nix:4:60", input: "mid http://127.0.0.1:1/mid.tar.gz?narHash=sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D"}},
			{"2.34", wantError{message: "Failed to open archive (Source threw exception: error: unable to download 'http://127.0.0.1:1/mid.tar.gz': Could not connect to server (7) Failed to connect to 127.0.0.1:1 after N ms: Could not connect to server)", place: "flake.nix:4:60", input: "mid http://127.0.0.1:1/mid.tar.gz?narHash=sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D"}},
		}},
		{scenario{name: "input-locked-through-another", tracked: files{
			"flake.nix":        withInput("mid", mid, "inputs.mid.x"),
			"../mid/flake.nix": "{\n  inputs.secrets.url = \"git+file:///nonexistent/secrets\";\n  outputs = { self, secrets }: { x = secrets.x; };\n}\n",
			"flake.lock":       fmt.Sprintf(lockedMid, `"type": "path", "path": "@SCRATCH@/mid", "lastModified": 1, "narHash": "sha256-yOK2FRVq3B0Q1ZQ8Ksgr5+2kKno1RJ5kNxwJF/TyKKc="`, `"type": "path", "path": "@SCRATCH@/mid"`),
		}}, []since{
			{"0", wantError{message: "program 'git' failed with exit code 128\nfatal: '/nonexistent/secrets' does not appear to be a git repository", place: "flake.nix:4:5", input: "mid/secrets git+file:///nonexistent/secrets?ref=master&rev=REV"}},
			{"2.26", wantError{message: "Cannot find Git revision '0123456789012345678901234567890123456789' in ref 'master' of repository 'file:///nonexistent/secrets'! Please make sure that the rev exists on the ref you've specified or add allRefs = true; to fetchGit.", place: "flake.nix:4:5", input: "mid/secrets git+file:///nonexistent/secrets?ref=master&rev=REV&shallow=1"}},
			{"2.34", wantError{message: "Git repository \"/nonexistent/secrets\" does not exist.", place: "flake.nix:4:5", input: "mid/secrets git+file:///nonexistent/secrets?ref=master&rev=REV&shallow=1"}},
		}},
		// An input that throws, whatever the words, could be fetched.
		{scenario{name: "input-throws", tracked: files{
			"flake.nix":        withInput("mid", mid, "inputs.mid.lib.f 1"),
			"../mid/flake.nix": "{\n  outputs = { self }: { lib.f = x: throw \"failed to fetch: unable to download 'x': HTTP error 404\"; };\n}\n",
		}}, always(wantError{message: "failed to fetch: unable to download 'x': HTTP error 404", place: "flake.nix:4:60"})},
		{scenario{name: "input-missing-file", tracked: files{
			"flake.nix":        withInput("mid", mid, "inputs.mid.lib.f 1"),
			"../mid/flake.nix": "{\n  outputs = { self }: { lib.f = x: import ./none.nix; };\n}\n",
		}, untracked: files{"none.nix": "1"}}, []since{
			{"0", wantError{message: "getting status of 'mid/none.nix': No such file or directory", place: "flake.nix:4:60"}},
			{"2.26", wantError{message: "path 'mid/none.nix' does not exist", place: "flake.nix:4:60"}},
		}},
		{scenario{name: "input-without-flake", tracked: files{"flake.nix": withInput("mid", mid, "1"), "../mid/x": ""}}, []since{
			{"0", wantError{message: "getting status of '/nix/store/xrcwjk63499yapa7di7sa9hdlr65lb4j-source/flake.nix': No such file or directory", input: "mid "}},
			{"2.26", wantError{message: "path '/nix/store/xrcwjk63499yapa7di7sa9hdlr65lb4j-source/flake.nix' does not exist", input: "mid "}},
		}},
		{scenario{name: "input-syntax-error", tracked: files{"flake.nix": withInput("mid", mid, "1"), "../mid/flake.nix": "{\n  a = ;\n}\n"}}, always(wantError{message: "in the flake of input mid: syntax error, unexpected ';'"})},
	}
}

// What an evaluator printed before the kernel killed it does not explain its end.
func TestAKilledEvaluator(t *testing.T) {
	eachLane(t, func(w *world) {
		files{"flake.nix": cells}.write(w.T, w.dir, strings.NewReplacer())
		target := w.mustOpen()
		w.client.path = w.script("#!/bin/sh\n" + `echo '@nix {"action":"msg","level":0,"msg":"error: no cache","raw_msg":"no cache"}' >&2; kill -9 $$` + "\n")
		_, err := instantiate(w.Context(), target, question.Question{Path: []string{"packages", "x86_64-linux", "plain"}})
		var died *proc.Error
		if !errors.As(err, &died) || died.Signal != syscall.SIGKILL {
			w.Errorf("error is %v", err)
		}
	})
}

// A flake that throws Nix's words is not out of memory.
func TestWordsOfAFlake(t *testing.T) {
	eachLane(t, func(w *world) {
		files{"flake.nix": `{ outputs = { self }: { packages.x86_64-linux.bad = throw "out of memory"; }; }`}.write(w.T, w.dir, strings.NewReplacer())
		_, err := instantiate(w.Context(), w.mustOpen(), question.Question{Path: []string{"packages", "x86_64-linux", "bad"}})
		var evalErr *nixlog.EvalError
		if kind := MachineFault(err); !errors.As(err, &evalErr) || evalErr.Message != "out of memory" || kind != "" {
			w.Errorf("error is %v, kind %q", err, kind)
		}
		var log nixlog.ErrorLog
		log.Line([]byte("@nix {\"action\":\"msg\",\"level\":0,\"msg\":\"\\u001b[31;1merror:\\u001b[0m out of memory\"}"))
		if kind := MachineFault(log.EvalError(flaketree.Tree{}, "")); kind != result.CauseMemory {
			w.Errorf("if Nix itself says so, the kind is %q", kind)
		}
	})
}

// Nor do they make a fault of a builder, a disk or a binary cache.
func TestForgedBuilds(t *testing.T) {
	const drv = "/nix/store/00000000000000000000000000000000-x.drv"
	eachLane(t, func(w *world) {
		for _, text := range []string{
			"building of '" + drv + "' failed: No space left on device",
			"building of '" + drv + "' timed out after 1 seconds",
			"some substitutes for '" + drv + "' failed: unable to download 'https://c.example.org/x': HTTP error 503",
			"cannot build on 'ssh://b': '" + drv + "'",
			"unable to download 'https://c.example.org/x': HTTP error 503",
			"program 'git' failed with exit code 128",
			"unable to start any build; either increase '--max-jobs' or enable remote builds.",
			"Cannot build '" + drv + "'. Reason: local builds are disabled (max-jobs = 0)",
		} {
			files{"flake.nix": `{ outputs = { self }: { packages.x86_64-linux.bad = throw "` + text + `"; }; }`}.write(w.T, w.dir, strings.NewReplacer())
			_, err := instantiate(w.Context(), w.mustOpen(), question.Question{Path: []string{"packages", "x86_64-linux", "bad"}})
			var evalErr *nixlog.EvalError
			if !errors.As(err, &evalErr) || evalErr.Build != nil || evalErr.Fetch != nil || Transient(err) {
				w.Errorf("%s: error is %#v", text, err)
			}
		}
	})
}
