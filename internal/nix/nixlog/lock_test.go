package nixlog

import (
	"fmt"
	"strings"
	"testing"
)

// bare returns what versions that name no file say about a lock file.
func bare(text string) string {
	return `@nix {"action":"msg","level":0,"msg":"\u001b[31;1merror:\u001b[0m ` + text + `"}`
}

func TestLockFaults(t *testing.T) {
	const parse = "[json.exception.parse_error.101] parse error at line 2, column 1"
	const ok = "{\n  \"nodes\": {},\n  \"version\": 7\n}\n"
	locking := func(message string) string {
		return fmt.Sprintf(`@nix {"action":"msg","level":0,"msg":"x","raw_msg":%q,"trace":[{"raw_msg":"while updating the lock file of flake 'x'"}]}`, message)
	}
	ofInput := func(message string) string {
		return fmt.Sprintf(`@nix {"action":"msg","level":0,"msg":"x","raw_msg":%q,"trace":[{"raw_msg":"while updating the flake input 'mid'"},{"raw_msg":"while updating the lock file of flake 'x'"}]}`, message)
	}
	for name, tt := range map[string]struct{ line, lock, want string }{
		"conflict":          {locking("Could not parse '/checkout/flake.lock': " + parse), "{\n<<<<<<< a\n=======\n>>>>>>> b\n}", "syntax conflict at flake.lock:2"},
		"conflict, old":     {bare(parse), "{\n<<<<<<< a\n=======\n>>>>>>> b\n}", "content conflict at flake.lock:2"},
		"empty":             {locking("Could not parse '/checkout/flake.lock': attempting to parse an empty input"), "", "empty at flake.lock"},
		"empty, old":        {bare("[json.exception.parse_error.101] parse error: unexpected end of input"), "\n", "empty at flake.lock"},
		"encrypted":         {bare(parse), "\x00GITCRYPT\x00", "content git-crypt at flake.lock"},
		"cut off":           {bare(parse), "{\n\"a\":\n", "syntax at flake.lock:2"},
		"two documents":     {bare(parse), "{\n}\n{", "syntax at flake.lock:3"},
		"wrong character":   {bare(parse), "{\n\n  x\n", "syntax at flake.lock:3"},
		"version":           {locking("lock file '/checkout/flake.lock' has unsupported version 99"), ok, "version 99 at flake.lock:3"},
		"version, old":      {locking("lock file '" + storePath + "//flake.lock' has unsupported version 99"), ok, "version 99 at flake.lock:3"},
		"list":              {bare("[json.exception.type_error.306] cannot use value() with array"), "[]", "content at flake.lock"},
		"number":            {bare("[json.exception.type_error.302] type must be number, but is string"), ok, "content at flake.lock"},
		"missing node":      {locking("lock file references missing node 'dep'"), ok, "content at flake.lock"},
		"link":              {locking("path '/checkout/flake.lock' is a symlink"), "", "content at flake.lock"},
		"of an input":       {ofInput("Could not parse '/mid/flake.lock': " + parse), ok, "syntax of mid"},
		"of a remote flake": {locking("Could not parse '«github:a/b/0»/flake.lock': " + parse), "", "syntax at flake.lock"},
		"elsewhere":         {bare(parse), ok, "none, infra"},
		"unreadable":        {bare(parse), "", "none, infra"},
		"no lock":           {bare("boost::too_few_args"), ok, "none, infra"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := treeOf(map[string]string{"flake.lock": tt.lock})
			tree.StorePath = "" // the flake is not resolved yet
			var log ErrorLog
			log.Line([]byte(tt.line))
			log.Line([]byte(`@nix {"action":"msg","level":0,"msg":"(use '--show-trace' to show detailed location information)"}`))
			e := log.EvalError(tree, "")
			if e == nil {
				t.Fatal("no error")
			}
			if got := lockText(e); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func lockText(e *EvalError) string {
	if e.Lock == nil {
		return strings.Join([]string{"none", string(e.MachineFault())}, ", ")
	}
	text := string(e.Lock.Kind)
	if e.Lock.Version != 0 {
		text += fmt.Sprintf(" %d", e.Lock.Version)
	}
	if e.Spoiled != nil {
		text += " " + string(e.Spoiled.By)
	}
	if e.Lock.Input != "" {
		text += " of " + e.Lock.Input
	}
	if e.Spoiled != nil {
		return text + " at " + e.Spoiled.Place.String()
	}
	if e.Place.File != "" {
		text += " at " + e.Place.String()
	}
	return text
}

// What the lock file says about an input, and what Nix found, has a line in it.
func TestLockedInputs(t *testing.T) {
	const rev = "0000cdef0123456789abcdef0123456789abcdef"
	const url = "git+file:///dep?rev=" + rev
	lock := "{\n\"narHash\": \"sha256-AAAA=\",\n\"rev\": \"" + rev + "\"\n}"
	tree := treeOf(map[string]string{"flake.lock": lock})
	tree.Input = func(u string) string {
		if strings.Contains(u, rev) {
			return "mid/dep"
		}
		return ""
	}
	fetching := func(message string) string {
		return fmt.Sprintf(`@nix {"action":"msg","level":0,"msg":"x","raw_msg":%q,"trace":[{"raw_msg":"while fetching the input '%s'"}]}`, message, url)
	}
	for name, tt := range map[string]struct{ line, want string }{
		"hash, 2.8":      {fetching("NAR hash mismatch in input '" + url + "' (/nix/store/x), expected 'sha256-AAAA=', got 'sha256-BBBB='"), "hash of mid/dep at flake.lock:2"},
		"hash, 2.34":     {fetching("NAR hash mismatch in input '" + url + "', expected 'sha256-BBBB=' but got 'sha256-AAAA='"), "hash of mid/dep at flake.lock:2"},
		"hash, 2.26":     {fetching(`mismatch in field 'narHash' of input '{"narHash":"sha256-AAAA=","rev":"` + rev + `"}', got '{"narHash":"sha256-BBBB="}'`), "hash of mid/dep at flake.lock:2"},
		"date":           {fetching("'lastModified' attribute mismatch in input '" + url + "', expected 5"), "hash of mid/dep at flake.lock:3"},
		"not a hash":     {fetching("invalid SRI hash 'AAAA='"), "content of mid/dep at flake.lock:2"},
		"lost, 2.8":      {fetching("Cannot find Git revision '" + rev + "' in ref 'main' of repository '/dep'!"), "revision of mid/dep at flake.lock:3"},
		"lost, 2.34":     {fetching("getting Git object '" + rev + "': object not found - no match for id"), "revision of mid/dep at flake.lock:3"},
		"out of reach":   {fetching("program 'git' failed with exit code 128"), "none, "},
		"not from there": {fmt.Sprintf(`@nix {"action":"msg","level":0,"msg":"x","raw_msg":%q}`, "NAR hash mismatch in input 'path:/x', expected 'sha256-AAAA=', got 'sha256-BBBB='"), "none, "},
	} {
		var log ErrorLog
		log.Line([]byte(tt.line))
		if got := lockText(log.EvalError(tree, "")); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
