package reports

import (
	"regexp"

	"github.com/flakeci/flakeci/reports/markdown"
)

// reportRE matches the beginnings of all forms of a report.
var reportRE = regexp.MustCompile(`\A(?:` +
	`\s*\{\s*"schema":\s*"flakeci\.report/v[0-9]+"` + // JSON
	`|<\?xml [^>]*\?>\s*<testsuites name="flakeci"` + // JUnit
	`|<!doctype html>\s*<html [^>]*>\s*<head>\s*<meta charset="utf-8">\s*<meta name="generator" content="flakeci">` +
	`|` + regexp.QuoteMeta(markdown.Marker) +
	`|\{"displayTimeUnit":"ms","otherData":\{"started":"[^"]*","tool":"flakeci [^"]*"\}` + // the trace
	`)`)

// IsReport reports whether a file that begins like this is a report by flakeci, in any form.
func IsReport(head []byte) bool { return reportRE.Match(head) }
