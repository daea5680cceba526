package reports

import (
	"regexp"

	"github.com/flakeci/flakeci/reports/markdown"
)

// What the forms of a report begin with, each by itself.
var ownRE = regexp.MustCompile(`\A(?:` +
	`\s*\{\s*"schema":\s*"flakeci\.report/v[0-9]+"` + // JSON
	`|<\?xml [^>]*\?>\s*<testsuites name="flakeci"` + // JUnit
	`|<!doctype html>\s*<html [^>]*>\s*<head>\s*<meta charset="utf-8">\s*<meta name="generator" content="flakeci">` +
	`|` + regexp.QuoteMeta(markdown.Marker) +
	`|\{"displayTimeUnit":"ms","otherData":\{"started":"[^"]*","tool":"flakeci [^"]*"\}` + // the trace
	`)`)

// IsReport says whether a file that begins like this is a report of flakeci's, in any
// form.
func IsReport(head []byte) bool { return ownRE.Match(head) }
