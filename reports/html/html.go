// Package html writes a report as one page for a browser.
package html

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Options says what the page shows besides the report. The zero value shows the report alone.
type Options struct {
	// File reads evidence that the report names, such as logs and pictures of screens; nil leaves
	// them out. Of a file longer than [MaxEvidence], it may return only the end.
	File func(path string) ([]byte, error)
	// RunURL is the http or https address of the run.
	RunURL string
	// SourceURL is the address of the folder with the flake's files, such as
	// https://HOST/OWNER/REPO/blob/REV.
	SourceURL string
}

// MaxEvidence is the largest number of bytes that a page reads from one file.
const MaxEvidence = 16 << 20

//go:embed assets
var assets embed.FS

// Write writes the report as one page without outside resources: the grid, the causes, what
// changed since the base, a timeline, and the logs and pictures that the report names, as far
// as they fit. Nothing in the report can act as markup or script.
func Write(w io.Writer, r result.Report, o Options) error {
	css, err := asset("css")
	if err != nil {
		return err
	}
	js, err := asset("js")
	if err != nil {
		return err
	}
	page, err := template.ParseFS(assets, "assets/*.html")
	if err != nil {
		return fmt.Errorf("the page's template: %w", err)
	}
	content := newPage(r, o)
	content.CSS, content.JS = template.CSS(css), template.JS(js)
	content.Policy = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; " +
		"style-src " + contentHash(css) + "; script-src " + contentHash(js)
	var out bytes.Buffer
	if err := page.ExecuteTemplate(&out, "page.html", content); err != nil {
		return fmt.Errorf("render the page: %w", err)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// asset returns the text of all files with an extension, in the order of their names.
func asset(extension string) (string, error) {
	names, err := fs.Glob(assets, "assets/*."+extension)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for _, name := range names {
		data, err := fs.ReadFile(assets, name)
		if err != nil {
			return "", err
		}
		text.Write(data)
	}
	return text.String(), nil
}

// contentHash returns the source that allows one inline script or style, and no other.
func contentHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
