package push

import (
	"errors"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/secretenv"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Target{
		"cachix:ours":                     {Name: "cachix:ours", program: "cachix", cache: "ours", owner: secretenv.Cachix},
		"attic:ours":                      {Name: "attic:ours", program: "attic", cache: "ours", owner: secretenv.Attic},
		"attic:home:ours":                 {Name: "attic:home:ours", program: "attic", cache: "home:ours", owner: secretenv.Attic},
		"file:///srv/cache?secret-key=/k": {Name: "file:///srv/cache", scheme: "file", store: "file:///srv/cache?secret-key=/k"},
		"https://me:pw@host/c":            {Name: "https://host/c", scheme: "https", store: "https://me:pw@host/c"},
		"s3://b?region=eu-west-1":         {Name: "s3://b", scheme: "s3", store: "s3://b?region=eu-west-1", owner: secretenv.AWS},
		"ssh-ng://me@host":                {Name: "ssh-ng://host", scheme: "ssh-ng", store: "ssh-ng://me@host"},
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%s is %+v, %v", text, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "it takes a store URL, cachix:NAME or attic:NAME",
		"/srv/cache":           "not a path",
		"cache":                "it takes a store URL",
		"cachix:":              "the name of a cache",
		"cachix:-h":            "the name of a cache",
		"cachix:a b":           "the name of a cache",
		"attic:a:b:c":          "CACHE or SERVER:CACHE",
		"attic:--stdin":        "CACHE or SERVER:CACHE",
		"daemon":               "it takes a store URL",
		"unix:///x":            "it takes a store URL",
		"local://":             "it takes a store URL",
		"file://cache":         "the folder must be absolute",
		"s3://":                "a name or an address",
		"https:///x":           "a name or an address",
		"file:///srv/my cache": "has no spaces",
		"file:///srv\n--help":  "has no spaces",
	} {
		_, err := Parse(text)
		var bad *TargetError
		if !errors.As(err, &bad) || !strings.Contains(bad.Reason, want) {
			t.Errorf("%q: %v, not %q", text, err, want)
		}
	}
}

// A target with a key signs by itself.
func TestSigns(t *testing.T) {
	for text, want := range map[string]bool{
		"file:///c": false, "file:///c?compression=zstd": false, "file:///c?secret-key=/k": true, "s3://c?region=x&secret-keys=/a,/b": true,
	} {
		target, err := Parse(text)
		if err != nil || target.signs() != want || !target.isCache() {
			t.Errorf("%s: %v, %v", text, target.signs(), err)
		}
	}
}

// Whatever Parse accepts can stand on a command line.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"cachix:ours", "attic:home:ours", "file:///c?secret-key=/k", "s3://b", "ssh://h", "https://u:p@h/c", "-h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		target, err := Parse(text)
		if err != nil {
			return
		}
		if (target.store == "") == (target.program == "") {
			t.Errorf("%q: %+v", text, target)
		}
		for _, word := range []string{target.store, target.cache} {
			if strings.HasPrefix(word, "-") || strings.ContainsAny(word, " \n\t\x00") {
				t.Errorf("%q: %q", text, word)
			}
		}
	})
}
