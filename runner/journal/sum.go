package journal

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strconv"
)

// A checksum is the last field of a line: a flipped bit in the id of a cell would make
// another cell pass that was never built. It guards against damage, not against people.
const sumField = `,"sum":"`

// sign adds the checksum to a line, which is a JSON object.
func sign(line []byte) []byte {
	body := bytes.TrimSuffix(line, []byte("}"))
	return fmt.Appendf(body, sumField+`%08x"}`, crc32.ChecksumIEEE(body))
}

// isSigned says whether a line has a checksum. Lines of earlier versions of flakeci,
// and those that a person edited, have none.
func isSigned(line []byte) bool { return bytes.Contains(line, []byte(sumField)) }

// isWhole says whether a line is what was written: with its checksum if the journal has
// them, else without any.
func isWhole(line []byte, signed bool) bool {
	if !signed {
		return !isSigned(line)
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
