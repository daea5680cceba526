// Package damage damages the content of files for tests, as a disk, a crash, another program or a
// person may.
package damage

import (
	"bytes"
	"math/rand/v2"
)

// Replacements returns texts to replace a whole file with.
func Replacements() []string {
	return []string{
		"", "null", "[]", "{}", `"x"`, "1", "true", "[null]", `{"sum":null,"answers":null}`, "\xff\xfe", "\x00\x00\x00\x00",
		"{", `{"schema":null}`, `{"head":null}` + "\n", "null\nnull\n",
	}
}

// Text returns a damaged copy of a text, which always differs from it.
func Text(rng *rand.Rand, text []byte) []byte {
	for {
		if damaged := damageOnce(rng, bytes.Clone(text)); !bytes.Equal(damaged, text) {
			return damaged
		}
	}
}

func damageOnce(rng *rand.Rand, text []byte) []byte {
	if len(text) == 0 {
		return []byte("x")
	}
	at := rng.IntN(len(text))
	end := at + rng.IntN(len(text)-at) + 1
	switch rng.IntN(7) {
	case 0: // a bit
		text[at] ^= 1 << rng.IntN(8)
	case 1: // a byte
		text[at] = byte(rng.IntN(256))
	case 2: // cut off
		return text[:at]
	case 3: // zeros, as in blocks that were never written
		clear(text[at:end])
	case 4: // a part is missing
		return append(text[:at], text[end:]...)
	case 5: // a part is there twice
		return append(bytes.Clone(text[:end]), text[at:]...)
	case 6: // a value is null
		values := [][]byte{[]byte("null"), []byte("[]"), []byte("{}")}
		if colon := bytes.IndexByte(text[at:], ':'); colon >= 0 {
			from := at + colon + 1
			to := from
			for to < len(text) && text[to] != ',' && text[to] != '}' && text[to] != '\n' {
				to++
			}
			return append(append(bytes.Clone(text[:from]), values[rng.IntN(len(values))]...), text[to:]...)
		}
	}
	return text
}
