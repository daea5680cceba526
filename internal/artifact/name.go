package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
)

// maxName is the most bytes of a name that are kept. File systems take 255, and
// a suffix may follow.
const maxName = 180

// maxExtension is the longest extension, with its dot, that a shortened name keeps.
const maxExtension = 8

// Name turns a name that may hold anything into one part of a path. The result is fine
// on every file system that an artifact is unpacked on: no character that
// actions/upload-artifact or Windows refuses, and no device of Windows. A name that is
// fine already stays as it is.
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

// folderName is [Name] for names that may differ in case only, such as the hosts Web
// and web, which are one to macOS and Windows.
func folderName(name string) string {
	if strings.ToLower(name) == name {
		return Name(name)
	}
	return Name(name + "-" + shortHash(name))
}

// shortHash tells a name from others, in a few characters.
func shortHash(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:4])
}

// isSafe reports whether a byte may stand in a file's name everywhere.
func isSafe(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~@+=,", c) >= 0
}

// isDevice reports whether Windows takes a name for one of its devices, which it
// does whatever follows the first dot.
func isDevice(name string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	switch stem {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(stem) == 4 && (stem[:3] == "com" || stem[:3] == "lpt") && stem[3] >= '0' && stem[3] <= '9'
}
