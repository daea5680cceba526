package redact

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
)

// forms returns the ways to write a credential: unchanged, in a URL, in JSON, in HTML, and inside
// base64, such as the header that gives git the job's token.
func forms(value string) []string {
	quoted, _ := json.Marshal(value) // cannot fail for a string
	unquoted := strings.Trim(string(quoted), `"`)
	list := []string{
		value, url.QueryEscape(value), url.PathEscape(value), lowerEscapes(url.QueryEscape(value)), lowerEscapes(url.PathEscape(value)),
		unquoted, strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(unquoted), html.EscapeString(value),
	}
	if plain, err := url.PathUnescape(value); err == nil {
		list = append(list, plain)
	}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		list = append(list, base64Forms(encoding, value)...)
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(form string) bool { return len(form) < minSecret })
}

// lowerEscapes writes percent escapes in lower case.
func lowerEscapes(escaped string) string {
	b := []byte(escaped)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

// base64Forms returns the ways a value may look in base64, anywhere in the encoded text: in three
// alignments, without the characters at the ends that also encode neighbors.
func base64Forms(encoding *base64.Encoding, value string) []string {
	var list []string
	for before := range 3 {
		text := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + value))
		first := (before*8 + 5) / 6
		last := (before + len(value)) * 8 / 6
		if first < last {
			list = append(list, text[first:last])
		}
	}
	return list
}
