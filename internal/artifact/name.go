package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
)

// maxName limits a name, in bytes. File systems accept 255, and a suffix may follow.
const maxName = 180

// maxExtension is the longest extension, with its dot, that a shortened name keeps.
const maxExtension = 8

// Name turns any name into one part of a path that is valid on every file system where an
// artifact may be unpacked: it has no character that actions/upload-artifact or Windows rejects,
// and is no device of Windows. A valid name stays unchanged.
func Name(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		// Windows drops a dot or a blank at the end.
		if !isSafe(c) || c == '.' && i == len(name)-1 {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	safe := b.String()
	switch {
	case safe == "":
		return "_"
	case isDevice(safe):
		safe = "_" + safe
	}
	if len(safe) <= maxName {
		return safe
	}
	end := path.Ext(safe)
	if len(end) > maxExtension {
		end = ""
	}
	return safe[:maxName] + "-" + shortHash(name) + end
}

// folderName is [Name] for names that may differ only in case, such as the hosts Web and web,
// which are the same to macOS and Windows.
func folderName(name string) string {
	if strings.ToLower(name) == name {
		return Name(name)
	}
	return Name(name + "-" + shortHash(name))
}

// shortHash returns a few characters that distinguish a name from others.
func shortHash(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:4])
}

// isSafe reports whether every file system accepts a byte in a name.
func isSafe(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~@+=,", c) >= 0
}

// isDevice reports whether Windows takes a name for a device, which does not depend on what
// follows the first dot.
func isDevice(name string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	switch stem {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(stem) == 4 && (stem[:3] == "com" || stem[:3] == "lpt") && stem[3] >= '0' && stem[3] <= '9'
}
