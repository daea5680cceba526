package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/internal/redact"
)

func TestText(t *testing.T) {
	var s redact.Secrets
	s.Add("jobs-token-1", "short")
	s.AddFrom("git+https://me:argument-2@host/x")
	s.AddFrom("access-tokens = github.com=setting-3 gitlab.com=PAT:setting-4\nsubstituters = https://cache:password-5@cache.example https://key1234567890abcdef@c")
	for text, want := range map[string]string{
		"nothing here":                        "nothing here",
		"a jobs-token-1, twice: jobs-token-1": "a ***, twice: ***",
		"short is a word":                     "short is a word",
		"argument-2 and setting-3, setting-4": "*** and ***, ***",
		"password-5 key1234567890abcdef":      "*** ***",
		// URLs.
		"unable to access 'http://u:p@127.0.0.1:1/x/'":   "unable to access 'http://***@127.0.0.1:1/x/'",
		"git+https://x-access-token:t@github.com/o/r":    "git+https://***@github.com/o/r",
		"https://abc@github.com/o/r":                     "https://***@github.com/o/r",
		"https://u:p%40q@h https://a:b@c/d":              "https://***@h https://***@c/d",
		"http://u:it's@h":                                "http://***@h",
		"ssh://git@github.com/o/r":                       "ssh://git@github.com/o/r",
		"git+ssh://git@github.com/o/r":                   "git+ssh://git@github.com/o/r",
		"ssh-ng://joachim@builder x86_64-linux":          "ssh-ng://joachim@builder x86_64-linux",
		"ssh://joachim:pw@builder":                       "ssh://***@builder",
		"https://host:8080/path@v2":                      "https://host:8080/path@v2",
		"https://host/?to=a@b.example":                   "https://host/?to=a@b.example",
		"http://127.0.0.1:8080":                          "http://127.0.0.1:8080",
		"waits for http://127.0.0.1:8080…":               "waits for http://127.0.0.1:8080…",
		"http://u:secr…":                                 "http://***…",
		"cannot fetch http://u:secre":                    "cannot fetch http://***",
		"?url=https%3A%2F%2Fu%3Apw%40host%2Fx":           "?url=https%3A%2F%2F***%40host%2Fx",
		"home/joachim@reason and mail to me@example.org": "home/joachim@reason and mail to me@example.org",
		"git@github.com:o/r":                             "git@github.com:o/r",
		// Parameters.
		"https://h/x?access_token=abc&rev=1":             "https://h/x?access_token=***&rev=1",
		"https://h/x?rev=1&private_token=abc'":           "https://h/x?rev=1&private_token=***'",
		"https://h/x?X-Amz-Signature=0a1b":               "https://h/x?X-Amz-Signature=***",
		"https://h/x?a=1&amp;token=abc":                  "https://h/x?a=1&amp;token=***",
		`"https://h/x?a=1\u0026token=abc"`:               `"https://h/x?a=1\u0026token=***"`,
		"https://h/x?narHash=sha256-abc&ref=m":           "https://h/x?narHash=sha256-abc&ref=m",
		"nothing at https://h/x?token=abc: no such file": "nothing at https://h/x?token=***: no such file",
		// Settings and headers.
		"access-tokens = github.com=abc gitlab.com=OAuth2:def": "access-tokens = ***",
		"--option 'extra-access-tokens' 'github.com=abc'":      "--option 'extra-access-tokens' '***'",
		"Authorization: basic eHk6eg==":                        "Authorization: basic ***",
		"AUTHORIZATION: Bearer a.b.c":                          "AUTHORIZATION: Bearer ***",
		"PRIVATE-TOKEN: abc":                                   "PRIVATE-TOKEN: ***",
		"ghs_0123456789abcdefABCD":                             "***",
		"weigh_up":                                             "weigh_up",
		// Split by characters that a terminal does not show.
		"jobs\x1b[0m-token\u200b-1 is red":      "*** is red",
		"\x1b[31mhttp://u:\x1b[1mp@host\x1b[0m": "\x1b[31mhttp://***@host\x1b[0m",
		"ünder jobs-token-1":                    "ünder ***",
		"jobs-token-1\xff":                      "***\xff",
	} {
		if got := s.Text(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// A credential is found in any encoding and any place: in base64, in JSON, between escape
// sequences, split over writes.
func TestNoSecretSurvives(t *testing.T) {
	for range 500 {
		secret := random(10 + rand.IntN(40))
		if url.PathEscape(secret) != secret && rand.IntN(2) == 0 {
			secret = strings.Map(func(r rune) rune {
				if strings.ContainsRune("@/?# \"\\<>`", r) {
					return 'x'
				}
				return r
			}, secret)
		}
		var s redact.Secrets
		s.Add(secret)
		text := hide(secret)
		for name, got := range map[string]string{
			"text": s.Text(text), "JSON": decoded(t, s.JSON(encoded(t, text))), "writer": throughWriter(t, &s, text),
			"cut JSON": string(s.JSON(encoded(t, text)[:len(encoded(t, text))-1])),
		} {
			if shows(got, secret) {
				t.Fatalf("%s: %q shows in %q, of %q", name, secret, got, text)
			}
			if again := s.Text(got); name != "cut JSON" && again != got {
				t.Fatalf("%s: %q becomes %q the second time", name, got, again)
			}
		}
	}
}

// random returns a text of characters as in tokens and passwords.
func random(n int) string {
	const signs = `abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=!$&'()*,;:@?# "\<>%`
	b := make([]byte, n)
	for i := range b {
		b[i] = signs[rand.IntN(len(signs))]
	}
	return string(b)
}

// hide writes an encoded secret somewhere into a text.
func hide(secret string) string {
	before, after := random(rand.IntN(20)), random(rand.IntN(20))
	ways := []func() string{
		func() string { return secret },
		func() string { return url.QueryEscape(secret) },
		func() string { return url.PathEscape(secret) },
		func() string { return html.EscapeString(secret) },
		func() string { return base64.StdEncoding.EncodeToString([]byte(before + secret + after)) },
		func() string { return base64.RawURLEncoding.EncodeToString([]byte(before + secret + after)) },
		func() string { return "https://user:" + url.PathEscape(secret) + "@host/x" },
		func() string { i := rand.IntN(len(secret)); return secret[:i] + "\x1b[0;1m" + secret[i:] },
		func() string { i := rand.IntN(len(secret)); return secret[:i] + "\u200b" + secret[i:] },
	}
	return before + "\n" + ways[rand.IntN(len(ways))]() + "\n" + after
}

// shows reports whether a text reveals a secret, perhaps after decoding.
func shows(text, secret string) bool {
	seen := clean.Clean(text)
	for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret)} {
		if strings.Contains(seen, form) {
			return true
		}
	}
	for word := range strings.FieldsSeq(text) {
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
			if plain, err := encoding.DecodeString(word); err == nil && strings.Contains(string(plain), secret) {
				return true
			}
		}
	}
	return false
}

func encoded(t *testing.T, text string) []byte {
	t.Helper()
	data, err := json.Marshal(map[string]any{"n": 1.50, "list": []string{text}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decoded(t *testing.T, data []byte) string {
	t.Helper()
	var v struct{ List []string }
	if err := json.Unmarshal(data, &v); err != nil || len(v.List) != 1 {
		t.Fatalf("%s: %v", data, err)
	}
	return v.List[0]
}

// throughWriter writes a text in pieces through a [redact.Secrets.Writer].
func throughWriter(t *testing.T, s *redact.Secrets, text string) string {
	t.Helper()
	var out strings.Builder
	w := s.Writer(&out)
	for rest := text; rest != ""; {
		n := min(len(rest), 1+rand.IntN(9))
		if _, err := w.Write([]byte(rest[:n])); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// JSON without a secret stays unchanged, byte for byte.
// A secret from a file ends with a newline, and a key has several lines.
func TestLinesOfASecret(t *testing.T) {
	var s redact.Secrets
	s.Add("read-from-a-file-1\n", "-----BEGIN KEY-----\nb3BlbnNzaC1rZXktdjEAAAA1\n  AAAAC3NzaC1lZDI1NTE5AAAA\nno number\n-----END KEY-----\n")
	for text, want := range map[string]string{
		"it is read-from-a-file-1!":    "it is ***!",
		"read-from-a-file-1\nnext":     "***\nnext",
		"1: b3BlbnNzaC1rZXktdjEAAAA1":  "1: ***",
		"AAAAC3NzaC1lZDI1NTE5AAAA":     "***",
		"there is no number anywhere.": "there is no number anywhere.",
	} {
		if got := s.Text(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestJSONStays(t *testing.T) {
	var s redact.Secrets
	s.Add("jobs-token-1")
	for _, text := range []string{`{"a": 1.50, "b": "\u003cx\u003e", "c": [null, true, "ü"]}`, `"`, `"\`, ``, `{"a": "jobs-tok`} {
		if got := string(s.JSON([]byte(text))); got != text {
			t.Errorf("%s becomes %s", text, got)
		}
	}
	if got := string(s.JSON([]byte(`{"jobs-token-1": "a\tjobs-token-1", "n": 1e3}`))); got != `{"***": "a\t***", "n": 1e3}` {
		t.Errorf("got %s", got)
	}
}

// The beginning of an endless line is written, and no secret is split.
func TestWriterOfALongLine(t *testing.T) {
	var s redact.Secrets
	s.Add("jobs-token-1")
	var out strings.Builder
	w := s.Writer(&out)
	text := strings.Repeat(strings.Repeat("x", 1000)+"jobs-token-1", 300)
	for i := 0; i < len(text); i += 777 {
		if _, err := fmt.Fprint(w, text[i:min(len(text), i+777)]); err != nil {
			t.Fatal(err)
		}
	}
	if out.Len() < len(text)/2 {
		t.Errorf("only %d of %d bytes are written before the end", out.Len(), len(text))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if want := strings.ReplaceAll(text, "jobs-token-1", redact.Mask); out.String() != want {
		t.Errorf("the line is %d bytes long, want %d", out.Len(), len(want))
	}
}
