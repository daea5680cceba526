package view

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// SourceURL returns the address of a place in the flake's files, given the address of their root,
// or "" if the place is outside them.
func SourceURL(base string, l result.Location) string {
	base = WebURL(base)
	if base == "" {
		return ""
	}
	parts := strings.Split(l.File, "/")
	for i, part := range parts {
		if part == "" || part == "." || part == ".." {
			return ""
		}
		parts[i] = strings.ReplaceAll(url.PathEscape(part), "@", "%40") // an @ would notify someone on GitHub
	}
	address := strings.TrimRight(base, "/") + "/" + strings.Join(parts, "/")
	if l.Line > 0 {
		address += "#L" + strconv.Itoa(l.Line)
	}
	return address
}

// WebURL returns an http or https address, and "" for any other.
func WebURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String()
}
