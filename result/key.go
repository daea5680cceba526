package result

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"
	"strings"
)

// StableKey returns the key of a cause, which is the same in other runs, at the base, on other
// hosts and in other shards. A cause without one, as in the report of an older flakeci, gets it
// from its kind and from the derivation that failed, or else from its file and what was said.
func (c Cause) StableKey() string {
	switch {
	case c.Key != "":
		return c.Key
	case c.DrvPath != "":
		return NewCauseKey(c.Kind, strings.TrimSuffix(path.Base(c.DrvPath), ".drv"))
	}
	file := ""
	if c.Location != nil {
		file = c.Location.File
	}
	return NewCauseKey(c.Kind, file, c.said())
}

// said returns what a cause says in full. The message of a booted host is its log, which is never
// the same twice.
func (c Cause) said() string {
	if strings.TrimSpace(c.Message) == "" || c.Kind.InGuest() {
		return c.Title
	}
	return c.Message
}

// NewCauseKey returns the key of causes of one kind that have these texts in common. It ignores
// what varies in the texts between runs and machines: hashes, revisions, lines and white space.
func NewCauseKey(kind CauseKind, texts ...string) string {
	hash := sha256.New()
	for _, text := range texts {
		hash.Write([]byte(withoutVarying(text)))
		hash.Write([]byte{0})
	}
	return string(kind) + "-" + hex.EncodeToString(hash.Sum(nil)[:8])
}

// varying lists what differs between messages about the same fault.
var varying = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`«[^«»]*»`), "«»"}, // where Nix found a flake: its folder, revision and hash
	{regexp.MustCompile(`\b[0-9abcdfghijklmnpqrsvwxyz]{32}\b`), ""},
	{regexp.MustCompile(`\b(sha1|sha256|sha512)[-:][0-9A-Za-z+/=]{27,}`), ""},
	{regexp.MustCompile(`\b[0-9a-f]{40,}\b`), ""},
	{regexp.MustCompile(`(\.nix|»[^\s:]*):[0-9]+(:[0-9]+)?`), "$1"},
	{regexp.MustCompile(`(?m)\bDid you mean .*`), ""}, // depends on what else there is
	{regexp.MustCompile(`[‘’“”'"` + "`]"), "'"},       // depends on the version of Nix
}

// maxKeyText is how much of a text a key considers, in bytes: a message can be a whole log.
const maxKeyText = 16 << 10

func withoutVarying(text string) string {
	text = text[:min(len(text), maxKeyText)]
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.instead)
	}
	return strings.Join(strings.Fields(text), " ")
}
