package nixlog

import (
	"encoding/json"
	"testing"
)

// Each version warns in its own words about a path that nobody trusted has signed.
func TestUnsignedPaths(t *testing.T) {
	for text, want := range map[string]string{
		"\x1b[35;1mwarning:\x1b[0m the substitute for '/nix/store/94y75zdih1gwa7izm7pd5g64w0ra8h4b-d' from 'file:///srv/c' is not signed by any of the keys in 'trusted-public-keys'":                             "file:///srv/c",
		"\x1b[35;1mwarning:\x1b[0m ignoring substitute for '/nix/store/42b5lxwwnxc69wpfsvw0qndcdk2f6dcy-d' from 'https://me:pw@cache?priority=1', as it's not signed by any of the keys in 'trusted-public-keys'": "https://cache",
		"warning: something else": "",
	} {
		got := ""
		l := NewBuildLog(BuildWatcher{Unsigned: func(cache string) { got = cache }})
		line, err := json.Marshal(map[string]any{"action": "msg", "level": 1, "msg": text})
		if err != nil {
			t.Fatal(err)
		}
		l.Line(append([]byte("@nix "), line...))
		if got != want {
			t.Errorf("%q is about %q, not %q", text, got, want)
		}
	}
}

// The log of a copy names the paths that began to be copied, and what went wrong.
func TestCopyLog(t *testing.T) {
	var l CopyLog
	for _, line := range []string{
		`@nix {"action":"start","fields":["/nix/store/j4z8ibw74xv3br1fyvyj6491ky3js0cq-f","file:///c"],"id":1,"level":4,"parent":0,"text":"querying info","type":109}`,
		`@nix {"action":"start","fields":["/nix/store/j4z8ibw74xv3br1fyvyj6491ky3js0cq-f","local","file:///c"],"id":2,"level":3,"text":"copying path","type":100}`,
		`@nix {"action":"start","fields":["/nix/store/j4z8ibw74xv3br1fyvyj6491ky3js0cq-f","local://","file:///c"],"id":3,"level":3,"parent":0,"text":"copying path","type":100}`,
		`@nix {"action":"start","fields":[7],"id":4,"level":3,"type":100}`,
		`@nix {"action":"msg","column":null,"file":null,"level":0,"line":null,"msg":"\u001b[31;1merror:\u001b[0m opening file '\u001b[35;1m/k\u001b[0m': \u001b[35;1mNo such file or directory\u001b[0m","raw_msg":"opening file '\u001b[35;1m/k\u001b[0m': \u001b[35;1mNo such file or directory\u001b[0m"}`,
		"plain",
	} {
		l.Line([]byte(line))
	}
	if len(l.Started) != 1 || l.Started[0] != "/nix/store/j4z8ibw74xv3br1fyvyj6491ky3js0cq-f" {
		t.Errorf("started %q", l.Started)
	}
	if got := l.Errors().FirstLine(); got != "opening file '/k': No such file or directory" {
		t.Errorf("the error is %q", got)
	}
}

// No line makes the log of a copy panic.
func FuzzCopyLog(f *testing.F) {
	f.Add([]byte(`@nix {"action":"start","fields":["/nix/store/x",7,{}],"id":2,"level":3,"text":"copying path","type":100}`))
	f.Add([]byte(`@nix {"action":"msg","level":0,"msg":"error: x"}`))
	f.Fuzz(func(_ *testing.T, line []byte) {
		var l CopyLog
		l.Line(line)
		_ = l.Errors().FirstLine()
	})
}
