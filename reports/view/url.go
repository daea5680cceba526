package view

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// SourceURL leads to a place in the flake's files, to nothing if it is none
// below them.
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
		parts[i] = strings.ReplaceAll(url.PathEscape(part), "@", "%40") // which calls nobody
	}
	address := strings.TrimRight(base, "/") + "/" + strings.Join(parts, "/")
	if l.Line > 0 {
		address += "#L" + strconv.Itoa(l.Line)
	}
	return address
}

// WebURL is an address if it leads to the web, else nothing.
func WebURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String()
}
