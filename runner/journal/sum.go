package journal

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strconv"
)

// sumField begins the checksum, the last field of a line. Without it, a flipped bit in the id of
// a cell would make another cell pass that was never built. It guards against damage, not
// against people.
const sumField = `,"sum":"`

// addSum adds the checksum to a line, which is a JSON object.
func addSum(line []byte) []byte {
	body := bytes.TrimSuffix(line, []byte("}"))
	return fmt.Appendf(body, sumField+`%08x"}`, crc32.ChecksumIEEE(body))
}

// hasSum reports whether a line has a checksum. Lines of older versions of flakeci, and those
// that a person edited, have none.
func hasSum(line []byte) bool { return bytes.Contains(line, []byte(sumField)) }

// isIntact reports whether a line is as it was written: with the right checksum if the journal
// has checksums, otherwise with none.
func isIntact(line []byte, sums bool) bool {
	if !sums {
		return !hasSum(line)
	}
	line = bytes.TrimRight(line, "\n")
	i := bytes.LastIndex(line, []byte(sumField))
	if i < 0 {
		return false
	}
	sum, found := bytes.CutSuffix(line[i+len(sumField):], []byte(`"}`))
	want, err := strconv.ParseUint(string(sum), 16, 32)
	return found && err == nil && uint32(want) == crc32.ChecksumIEEE(line[:i])
}
