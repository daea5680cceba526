package nix

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/result"
)

// versionLines are what the binaries of Nix and its kin print, and what to make
// of it; nil for what is none.
func versionLines() map[string]*Version {
	return map[string]*Version{
		"nix (Nix) 2.8.0\n":                       {2, 8, 0},
		"nix (Nix) 2.34.8":                        {2, 34, 8},
		"nix (Lix, like Nix) 2.93.0\n":            {2, 93, 0},
		"nix (Determinate Nix 3.5.2) 2.28.3\n":    {2, 28, 3},
		"nix (Nix) 2.19pre20231011_dirty\n":       {2, 19, 0},
		"nix (Nix) 2.24.0pre20240802_1a2b3c4\n":   {2, 24, 0},
		"":                                        nil,
		"hello world":                             nil,
		"nix (Nix) 99999999999999999999.0.0":      nil,
		"nix (Nix) 2.8.0\nwarning: something odd": nil,
	}
}

func TestParseVersion(t *testing.T) {
	for line, want := range versionLines() {
		got, err := ParseVersion(line)
		if (err == nil) != (want != nil) || want != nil && got != *want {
			t.Errorf("%q is %v, %v; want %v", line, got, err, want)
		}
	}
	if v := (Version{2, 8, 0}); v.Less(v) || !v.Less(Version{2, 8, 1}) || !v.Less(Version{2, 26, 3}) || !v.Less(Version{3, 0, 0}) || (Version{3, 0, 0}).Less(v) {
		t.Error("versions are in a wrong order")
	}
}

// Nix 2.34 shows {} for a check that is a function, null or a set: left out, it would
// not be tested, and nobody would know.
func TestShownEmpty(t *testing.T) {
	var root showNode
	if err := json.Unmarshal([]byte(`{
		"checks": {"x86_64-linux": {"good": {"type": "derivation", "name": "good"}, "partly": {}}, "i686-linux": {}},
		"packages": {"x86_64-linux": {"none": {}}}, "formatter": {"x86_64-linux": {}}
	}`), &root); err != nil {
		t.Fatal(err)
	}
	got := root.offer()
	want := Offer{
		Checks:     []Attr{{"x86_64-linux", "good"}, {"x86_64-linux", "partly"}},
		Packages:   []Attr{{"x86_64-linux", "none"}},
		Formatters: []string{"x86_64-linux"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestRemotes(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "machines")
	if err := os.WriteFile(file, []byte("# old ppc-linux\nssh://b aarch64-linux,armv7l-linux /key\n@"+file+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"": "", "ssh://b": "1:", "ssh://b - - 1": "1:", "ssh://b riscv64-linux": "1:riscv64-linux", "@/dev/null/none": "",
		"ssh://a x86_64-darwin,aarch64-darwin;  ssh://b i686-linux - 8": "1:x86_64-darwin,aarch64-darwin 8:i686-linux",
		"ssh://a a-linux,,b-linux - x\n\nssh://b c-linux # d-linux":     "1:a-linux,b-linux 1:c-linux",
		"ssh://a a-linux - -4 ; ssh://b b-linux - 99999999":             "1:a-linux 65536:b-linux",
	}
	for spec, want := range tests {
		if got := remotesText(remotes(spec, 0)); got != want {
			t.Errorf("%q: got %q, want %q", spec, got, want)
		}
	}
	// This file names itself.
	if got := remotesText(remotes("@"+file, 0)); !strings.HasPrefix(got, "1:aarch64-linux,armv7l-linux") || strings.Contains(got, "ppc-linux") {
		t.Errorf("got %q", got)
	}
}

func remotesText(list []Remote) string {
	var words []string
	for _, r := range list {
		words = append(words, fmt.Sprintf("%d:%s", r.Jobs, strings.Join(r.Systems, ",")))
	}
	return strings.Join(words, " ")
}

// A machine that names no systems is taken to be like this one.
func TestMachineWithRemotes(t *testing.T) {
	m, err := decodeMachine([]byte(`{"system": {"value": "x86_64-linux"}, "extra-platforms": {"value": ["i686-linux"]}, "max-jobs": {"value": 0}, "builders": {"value": "ssh://a - - 4"}}`))
	want := Machine{
		System: "x86_64-linux", Local: []string{"x86_64-linux", "i686-linux"}, Systems: []string{"x86_64-linux", "i686-linux"},
		Remotes: []Remote{{Systems: []string{"x86_64-linux"}, Jobs: 4}},
	}
	if err != nil || !reflect.DeepEqual(m, want) {
		t.Errorf("got %+v, %v; want %+v", m, err, want)
	}
	if m, err := decodeMachine([]byte(`{"system": {"value": "x86_64-linux"}}`)); err != nil || m.MaxJobs != 1 {
		t.Errorf("got %+v, %v", m, err)
	}
}

// A builder that could not write is told from one whose log has the words.
func TestNoSpace(t *testing.T) {
	for line, want := range map[string]bool{
		"cp: error writing 'x': No space left on device":        true,
		"OSError: [Errno 28] No space left on device: '/build'": true,
		"write /build/x: no space left on device":               true,
		"Error: ENOSPC: no space left on device, write":         true,
		"test_disk_full ... ok":                                 false,
		"ok 17 - says that the disk is full: disk full":         false,
		"ok 18 - handles 'no space left on device'":             false,
	} {
		f := BuildFailure{Kind: result.CauseBuild}
		f.addTail(&tail{lines: []string{line, "exit"}})
		if got := f.Kind == result.CauseDisk; got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

func TestClassify(t *testing.T) {
	const drv = "/nix/store/00000000000000000000000000000000-x.drv"
	tests := []struct {
		text string
		kind result.CauseKind
		drv  string
	}{
		// What a name or a log says is not what Nix says.
		{"builder for '/nix/store/00000000000000000000000000000000-substituter-timed-out.drv' failed with exit code 1", result.CauseBuild, "/nix/store/00000000000000000000000000000000-substituter-timed-out.drv"},
		{"builder for '" + drv + "' failed with exit code 1;\n       last 2 log lines:\n       > HTTP error 503, timed out\n       > hash mismatch in fixed-output derivation", result.CauseBuild, drv},
		{"Cannot build '" + drv + "'.\nReason: builder failed with exit code 1.\nLast 1 log lines:\n> timed out", result.CauseBuild, drv},
		{"building of '" + drv + "!out' from .drv file timed out after 1 seconds", result.CauseTimeout, drv},
		{"writing to file: No space left on device", result.CauseDisk, ""},
		{"executing SQLite statement 'pragma synchronous = normal': disk I/O error (in '/nix/var/nix/db/db.sqlite')", result.CauseDisk, ""},
		{"cannot connect to socket at '/nix/var/nix/daemon-socket/socket': Connection refused", result.CauseDaemon, ""},
		{"opening lock file \"/nix/var/nix/db/big-lock\": Permission denied", result.CauseDaemon, ""},
		{"unable to download 'https://127.0.0.1/x.narinfo': HTTP error 503", result.CauseSubstituter, ""},
		{"unable to download 'https://c/nix-cache-info': Timeout was reached (28) Connection timed out after 5001 milliseconds", result.CauseSubstituter, ""},
		{"hash mismatch importing path '/nix/store/00000000000000000000000000000000-x';\n  specified: sha256:0\n  got:       sha256:1", result.CauseSubstituter, ""},
		{"cannot build on 'ssh://b': error: failed to start SSH connection", result.CauseBuilder, ""},
		{"cannot build on 'ssh://b': ssh: connect to host b port 22: Connection timed out", result.CauseBuilder, ""},
		{"unable to start any build; either increase '--max-jobs' or enable remote builds.", result.CauseBuilder, ""},
		{"unable to start any build; remote machines may not have all required system features.", result.CauseFeature, ""},
		{"cannot connect to socket at '/nix/var/nix/daemon-socket/socket': Connection timed out", result.CauseDaemon, ""},
		// The words for a lack, by version.
		{"a 'x86_64-linux' with features {kvm} is required to build '" + drv + "', but I am a 'x86_64-linux' with features {}", result.CauseFeature, drv},
		{"a 'aarch64-linux' with features {} is required to build '" + drv + "', but I am a 'x86_64-linux' with features {kvm}", result.CauseSystem, drv},
		{"Cannot build '" + drv + "'.\nReason: required system or feature not available\nRequired system: 'x86_64-linux' with features {kvm}\nCurrent system: 'x86_64-linux' with features {benchmark}", result.CauseFeature, drv},
		{"Cannot build '" + drv + "'.\nReason: required system or feature not available\nRequired system: 'aarch64-darwin' with features {}\nCurrent system: 'x86_64-linux' with features {benchmark}", result.CauseSystem, drv},
		{"Cannot build '" + drv + "'.\nReason: missing system features\nRequired features: {kvm}", result.CauseFeature, drv},
		{"Cannot build '" + drv + "'.\nReason: platform mismatch\nRequired system: 'aarch64-linux'\nCurrent system: 'x86_64-linux'", result.CauseSystem, drv},
		{"out of memory", result.CauseMemory, ""},
		{"something else", result.CauseInfra, ""},
	}
	for _, tt := range tests {
		if f := classify(tt.text); f.Kind != tt.kind || f.DrvPath != tt.drv || f.Message != tt.text {
			t.Errorf("%q is %s of %q", tt.text, f.Kind, f.DrvPath)
		}
	}
}

// A line that another program wrote into is an answer that is lost; one that is cut off for
// its length is an error that quotes the question.
func TestSpoiltAnswers(t *testing.T) {
	line := append([]byte("@nix {MARK"), bytes.Repeat([]byte("x"), maxRecord)...)
	if _, _, ok := parseAnswer(line[:maxRecord], "MARK"); ok {
		t.Error("a record that was cut off is an answer")
	}
	if i, _, ok := parseAnswer(line[:100], "MARK"); !ok || i != -1 {
		t.Errorf("a spoilt line is the answer to %d, %t", i, ok)
	}
}

// What a machine lacks is told with what it has, in the words of each version.
func TestLacks(t *testing.T) {
	for text, want := range map[string]BuildFailure{
		"a 'x86_64-linux' with features {big-parallel, kvm} is required to build 'x', but I am a 'x86_64-linux' with features {big-parallel, nixos-test}":                            {Kind: result.CauseFeature, Missing: []string{"kvm"}},
		"Cannot build 'x'.\nReason: required system or feature not available\nRequired system: 'x86_64-linux' with features {a, b}\nCurrent system: 'x86_64-linux' with features {}": {Kind: result.CauseFeature, Missing: []string{"a", "b"}},
		"Cannot build 'x'.\nReason: missing system features\nRequired features: {big-parallel, kvm}\nAvailable features: {big-parallel}":                                             {Kind: result.CauseFeature, Missing: []string{"kvm"}},
		"a 'aarch64-linux' with features {} is required to build 'x', but I am a 'x86_64-linux' with features {kvm}":                                                                 {Kind: result.CauseSystem, System: "aarch64-linux"},
		"Cannot build 'x'.\nReason: platform mismatch\nRequired system: 'aarch64-linux'\nCurrent system: 'x86_64-linux'":                                                             {Kind: result.CauseSystem, System: "aarch64-linux"},
		"Cannot build 'x'.\nReason: missing system features": {Kind: result.CauseFeature},
	} {
		if f := classify(text); f.Kind != want.Kind || f.System != want.System || !slices.Equal(f.Missing, want.Missing) {
			t.Errorf("%s: %s, lacks %q %q", text, f.Kind, f.Missing, f.System)
		}
	}
}

func TestDrvName(t *testing.T) {
	for drv, want := range map[string]string{"/nix/store/00000000000000000000000000000000-libfrob-1.2.drv": "libfrob-1.2", "x.drv": "x", "": "", "/nix/store/": ""} {
		if got := DrvName(drv); got != want {
			t.Errorf("DrvName(%q) is %q", drv, got)
		}
	}
}

// Under a daemon Nix only passes on what the daemon says of leaves; a builder
// that writes Nix's log format looks the same and counts only there.
func TestRelayedErrorsCountWhereNixNamesNoLeaf(t *testing.T) {
	const leaf = "/nix/store/00000000000000000000000000000000-leaf.drv"
	const top = "/nix/store/00000000000000000000000000000000-top.drv"
	relayed := `@nix {"action":"msg","level":0,"msg":"error: builder for '` + leaf + `' failed with exit code 1"}`
	own := `@nix {"action":"msg","level":0,"msg":"x","raw_msg":"1 dependencies of derivation '` + top + `' failed to build"}`
	p := newBuildLog(BuildWatcher{})
	p.line([]byte(relayed))
	p.line([]byte(own))
	res := p.result()
	if len(res.Failures) != 1 || res.Failures[0].DrvPath != leaf || !slices.Equal(res.Victims, []string{top}) {
		t.Errorf("result %+v", res)
	}
	for range 5 * maxErrors {
		p.line(fmt.Appendf(nil, `@nix {"action":"msg","level":0,"msg":"error: %d"}`, len(p.errors)))
	}
	if len(p.errors) > maxErrors {
		t.Errorf("%d errors are kept", len(p.errors))
	}
	// What Nix itself says is none of those.
	p.line([]byte(`@nix {"action":"msg","level":0,"msg":"x","raw_msg":"builder for '` + top + `' failed with exit code 1"}`))
	if res := p.result(); len(res.Failures) != 1 || res.Failures[0].DrvPath != top {
		t.Errorf("after many others the result is %+v", res)
	}
}

// Of a long log the end is kept, by whole lines.
func TestTail(t *testing.T) {
	var whole, long tail
	whole.add("one")
	whole.add("two")
	for i := range 100_000 {
		long.add(fmt.Sprintf("line %d", i))
	}
	long.add(strings.Repeat("x", 3*logBytes))
	if string(whole.log) != "one\ntwo\n" {
		t.Errorf("kept %q", whole.log)
	}
	if n := len(long.log); n < logBytes || n > 3*logBytes || len(long.lines) != TailLines || !strings.HasPrefix(long.lines[0], "line 99981") {
		t.Errorf("kept %d bytes, and lines from %s", n, long.lines[0])
	}
	long = tail{}
	for i := range 100_000 {
		long.add(fmt.Sprintf("line %d", i))
	}
	lines := strings.Split(string(long.log), "\n")
	if lines[0]+"\n" != logCut || !strings.HasPrefix(lines[1], "line ") || lines[len(lines)-2] != "line 99999" || len(long.log) < logBytes {
		t.Errorf("kept from %q, %q to %q", lines[0], lines[1], lines[len(lines)-2])
	}
}

// Fields whose type a later version changes cost nothing but themselves.
func TestRecordsAreReadTolerantly(t *testing.T) {
	var log stderrLog
	log.line([]byte(`@nix {"action":"msg","level":0,"line":"three","column":{},"file":7,"fields":"none","raw_msg":"bad","new":[1]}`))
	if e := (&Flake{}).decodeError(&log, ""); e == nil || e.Message != "bad" {
		t.Errorf("got %+v", e)
	}
	for _, line := range []string{"@nix", "@nix ", "@nix {", "@nix []", "@nix null", "", "error:", "\xff"} {
		log = stderrLog{}
		log.line([]byte(line))
		if e := (&Flake{}).decodeError(&log, ""); e != nil {
			t.Errorf("%q gives %+v", line, e)
		}
	}
}

// A trace of tens of thousands of frames is read in no time, and a message too
// long to be read is said to be so.
func TestHugeTraces(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`@nix {"action":"msg","level":0,"msg":"error: x","raw_msg":"x","trace":[`)
	for i := range 50000 {
		fmt.Fprintf(&b, `{"file":"/checkout/modules/a.nix:%d:1","line":%d,"column":1,"raw_msg":"while evaluating '/checkout/modules/a.nix' and /checkout/b"},`, i+1, i+1)
	}
	b.WriteString(`{}]}`)
	var log stderrLog
	begin := time.Now()
	log.line(b.Bytes())
	e := (&Flake{Checkout: "/checkout", StorePath: "/nix/store/x"}).decodeError(&log, "")
	if e == nil || len(e.Frames) != 50001 || e.Place.String() != "modules/a.nix:1:1" || e.Frames[0].Text != "while evaluating 'modules/a.nix' and b" {
		t.Fatalf("got %v", e)
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("took %s", took)
	}
	log = stderrLog{}
	log.line(append([]byte(`@nix {"action":"msg"`), make([]byte, maxRecord)...))
	if e := (&Flake{}).decodeError(&log, ""); e == nil || !strings.Contains(e.Message, "64 MiB") {
		t.Errorf("got %v", e)
	}
}

func TestRelativize(t *testing.T) {
	const rev = "0123456789012345678901234567890123456789"
	f := Flake{StorePath: "/nix/store/x-source", Checkout: "/home/a b", Rev: rev}
	tests := map[string]string{
		"in /nix/store/x-source/a.nix and '/home/a b/c.nix'": "in a.nix and 'c.nix'",
		"/srv/home/a b/c":                              "/srv/home/a b/c",
		"git+file:///home/a b/c":                       "git+file:///home/a b/c",
		"at «git+file:///x?rev=" + rev + "»/a.nix:1:2": "at a.nix:1:2",
		"at «github:o/r/other»/a.nix":                  "at «github:o/r/other»/a.nix",
		"/home/a b":                                    "/home/a b",
	}
	for msg, want := range tests {
		if got := f.relativize(msg); got != want {
			t.Errorf("%q becomes %q, want %q", msg, got, want)
		}
	}
}

// A module may be imported by its folder; what it says stands in default.nix.
func TestPlaceOfAFolder(t *testing.T) {
	root := t.TempDir()
	files{"hosts/a/default.nix": "{\n  x = throw \"no\";\n}\n", "hosts/b/x": ""}.write(t, root, strings.NewReplacer())
	f := Flake{StorePath: root}
	for name, want := range map[string]string{"a": "hosts/a/default.nix", "b": "hosts/b"} {
		if got := f.place(&record{RawMsg: "conflict\n- In `" + root + "/hosts/" + name + "': 5"}); got.String() != want {
			t.Errorf("%s: place is %q, want %q", name, got, want)
		}
	}
	r := record{RawMsg: "no", Trace: []traceRecord{{RawMsg: "while evaluating definitions from `" + root + "/hosts/a':"}}}
	if got := f.place(&r); got.String() != "hosts/a/default.nix:2" {
		t.Errorf("place is %q", got)
	}
}

// A place in a flake is inside it, whatever a file's name says.
func TestPlacesStayInTheFlake(t *testing.T) {
	f := Flake{StorePath: "/nix/store/x-source", Checkout: "/checkout"}
	for _, file := range []string{"/checkout/../etc/passwd", "/checkout/.git/config", "/checkout/", "/checkout", "/checkouts/a", "a.nix", "", "«x»/a"} {
		if rel, ok := f.relative(file); ok {
			t.Errorf("%q is %q", file, rel)
		}
	}
	root := t.TempDir()
	if err := os.Symlink("/dev/zero", filepath.Join(root, "endless")); err != nil {
		t.Fatal(err)
	}
	if got := (&Flake{StorePath: root}).read("endless"); got != "" {
		t.Error("a link out of the flake is followed")
	}
}

// A lock file may hold a circle, and inputs that follow others.
func TestNameOfAnInput(t *testing.T) {
	source := func(url string) flakeSource { return flakeSource{Type: "git", URL: url} }
	inputs := func(pairs ...string) map[string]json.RawMessage {
		m := map[string]json.RawMessage{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = json.RawMessage(pairs[i+1])
		}
		return m
	}
	locks := lockFile{Root: "root", Nodes: map[string]lockNode{
		"root": {Inputs: inputs("a", `"a"`, "b", `"b"`, "follows", `["a", "c"]`)},
		"a":    {Inputs: inputs("c", `"c"`, "back", `"a"`), Locked: source("https://127.0.0.1/a")},
		"b":    {Inputs: inputs("c", `"c"`), Locked: source("https://127.0.0.1/a/b")},
		"c":    {Inputs: inputs("root", `"root"`), Locked: source("https://127.0.0.1/c%20d")},
	}}
	for url, want := range map[string]string{
		"git+https://127.0.0.1/a?ref=x": "a", "git+https://127.0.0.1/a/b": "b", "git+https://127.0.0.1/c%20d": "a/c", "https://127.0.0.1/": "", "": "",
	} {
		if got := locks.nameOf(url); got != want {
			t.Errorf("%q is input %q, want %q", url, got, want)
		}
	}
}
