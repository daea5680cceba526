package junit

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/result"
)

// rule is what Jenkins' junit-10.xsd says about one element.
type rule struct {
	required, optional []string // attributes
	children           []string // in any order
	text               bool     // may hold text of its own
}

// junitRules returns the rules of junit-10.xsd from Jenkins' xunit plugin.
func junitRules() map[string]rule {
	outcome := rule{optional: []string{"type", "message"}, text: true}
	rerun := rule{
		required: []string{"type"}, optional: []string{"message"},
		children: []string{"stackTrace", "system-out", "system-err"}, text: true,
	}
	return map[string]rule{
		"testsuites": {optional: []string{"name", "time", "tests", "failures", "errors"}, children: []string{"testsuite"}},
		"testsuite": {
			required: []string{"name", "tests", "failures", "errors"},
			optional: []string{"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
			children: []string{"testsuite", "properties", "testcase", "system-out", "system-err"},
		},
		"properties": {children: []string{"property"}},
		"property":   {required: []string{"name", "value"}},
		"testcase": {
			required: []string{"name"}, optional: []string{"time", "classname", "group"},
			children: []string{
				"skipped", "error", "failure", "rerunFailure", "rerunError", "flakyFailure", "flakyError", "system-out", "system-err",
			},
		},
		"skipped": outcome, "error": outcome, "failure": outcome,
		"rerunFailure": rerun, "rerunError": rerun, "flakyFailure": rerun, "flakyError": rerun,
		"stackTrace": {text: true}, "system-out": {text: true}, "system-err": {text: true},
	}
}

// junitTotals counts the cases of a file.
type junitTotals struct{ Tests, Failures, Errors, Skipped int }

// checkJUnit fails unless data is a JUnit file by the rules and its counts are right.
func checkJUnit(t *testing.T, data []byte) junitTotals {
	t.Helper()
	totals, faults := readJUnit(data)
	for _, fault := range faults {
		t.Errorf("junit: %s", fault)
	}
	if len(faults) > 0 {
		t.Logf("%s", data)
	}
	return totals
}

// readJUnit lists every rule that a file breaks.
func readJUnit(data []byte) (junitTotals, []string) {
	c := &junitChecker{rules: junitRules(), names: map[string]bool{}}
	if !bytes.HasPrefix(data, []byte(xml.Header)) {
		c.fault("no XML header")
	}
	dec := xml.NewDecoder(bytes.NewReader(data))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			c.fault("not well-formed: %v", err)
			break
		}
		c.token(token)
	}
	c.compare("testsuites", c.root, c.all, true)
	return c.all, c.faults
}

type junitChecker struct {
	rules      map[string]rule
	faults     []string
	open       []string
	names      map[string]bool // of suites
	root       map[string]string
	suiteAttrs map[string]string
	suite, all junitTotals
}

func (c *junitChecker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *junitChecker) token(token xml.Token) {
	switch e := token.(type) {
	case xml.StartElement:
		c.start(e)
	case xml.EndElement:
		c.end(e.Name.Local)
	case xml.CharData:
		if len(c.open) > 0 && !c.rules[c.open[len(c.open)-1]].text && strings.TrimSpace(string(e)) != "" {
			c.fault("text in %v: %q", c.open, e)
		}
	}
}

func (c *junitChecker) start(e xml.StartElement) {
	name := e.Name.Local
	if len(c.open) == 0 && name != "testsuites" {
		c.fault("root is %s", name)
	}
	if len(c.open) > 0 && !slices.Contains(c.rules[c.open[len(c.open)-1]].children, name) {
		c.fault("%s in %v", name, c.open)
	}
	c.open = append(c.open, name)
	attrs := c.attributes(e)
	switch name {
	case "testsuites":
		c.root = attrs
	case "testsuite":
		c.suiteAttrs, c.suite = attrs, junitTotals{}
		if c.names[attrs["name"]] {
			c.fault("two suites %q", attrs["name"])
		}
		c.names[attrs["name"]] = true
	case "testcase":
		c.suite.Tests++
	case "failure":
		c.suite.Failures++
	case "error":
		c.suite.Errors++
	case "skipped":
		c.suite.Skipped++
	}
}

func (c *junitChecker) end(name string) {
	c.open = c.open[:len(c.open)-1]
	if name != "testsuite" {
		return
	}
	c.compare("suite "+c.suiteAttrs["name"], c.suiteAttrs, c.suite, false)
	c.all.Tests += c.suite.Tests
	c.all.Failures += c.suite.Failures
	c.all.Errors += c.suite.Errors
	c.all.Skipped += c.suite.Skipped
}

func (c *junitChecker) attributes(e xml.StartElement) map[string]string {
	r, known := c.rules[e.Name.Local]
	if !known {
		c.fault("unknown element %s", e.Name.Local)
	}
	attrs := map[string]string{}
	for _, a := range e.Attr {
		if !slices.Contains(r.required, a.Name.Local) && !slices.Contains(r.optional, a.Name.Local) {
			c.fault("attribute %s of %s", a.Name.Local, e.Name.Local)
		}
		attrs[a.Name.Local] = a.Value
	}
	for _, name := range r.required {
		if _, found := attrs[name]; !found {
			c.fault("no attribute %s of %s", name, e.Name.Local)
		}
	}
	seconds := regexp.MustCompile(`^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?$`)
	if !seconds.MatchString(attrs["time"]) {
		c.fault("time %q of %s", attrs["time"], e.Name.Local)
	}
	return attrs
}

// compare checks the counts of an element against its cases.
func (c *junitChecker) compare(where string, attrs map[string]string, n junitTotals, optional bool) {
	want := map[string]int{"tests": n.Tests, "failures": n.Failures, "errors": n.Errors, "skipped": n.Skipped}
	for name, n := range want {
		got, given := attrs[name]
		if !given && optional {
			continue // readers add up the suites
		}
		if got != strconv.Itoa(n) && (given || n > 0) {
			c.fault("%s says %s=%q, there are %d", where, name, got, n)
		}
	}
}

func TestJUnitRulesFindFaults(t *testing.T) {
	suite := func(inner string) string {
		return xml.Header + `<testsuites tests="1"><testsuite name="a" tests="1" failures="0" errors="0">` + inner + `</testsuite></testsuites>`
	}
	if _, faults := readJUnit([]byte(suite(`<testcase name="x"/>`))); len(faults) > 0 {
		t.Fatalf("faults in a good file: %v", faults)
	}
	for what, file := range map[string]string{
		"no header":         `<testsuites/>`,
		"ill-formed":        suite("<testcase name='x'>\x1b</testcase>"),
		"unclosed":          xml.Header + `<testsuites>`,
		"wrong root":        xml.Header + `<testsuite name="a" tests="0" failures="0" errors="0"/>`,
		"unknown element":   suite(`<testcase name="x"><passed/></testcase>`),
		"unknown attribute": suite(`<testcase name="x" status="ok"/>`),
		"skipped on root":   xml.Header + `<testsuites skipped="1"/>`,
		"missing attribute": suite(`<testcase/>`),
		"misplaced":         suite(`<testcase name="x"><property name="a" value="b"/></testcase>`),
		"text":              suite(`<testcase name="x">text</testcase>`),
		"time":              suite(`<testcase name="x" time="1e3"/>`),
		"wrong count":       suite(`<testcase name="x"/><testcase name="y"/>`),
		"wrong failures":    suite(`<testcase name="x"><failure/></testcase>`),
	} {
		if _, faults := readJUnit([]byte(file)); len(faults) == 0 {
			t.Errorf("%s was not found", what)
		}
	}
}

// checkReport writes a report and checks the file. If the run did not pass, something in it
// must be red.
func checkReport(t *testing.T, r result.Report) {
	t.Helper()
	text := sample.Written(t, Write, r)
	sample.CheckCommands(t, string(text))
	totals := checkJUnit(t, text)
	verdict := r.Verdict
	if verdict == "" {
		verdict = result.VerdictOf(r.Cells, r.Causes, false)
	}
	if verdict != result.VerdictPassed && totals.Failures+totals.Errors == 0 {
		t.Errorf("the verdict is %q, and nothing in the JUnit file is red", r.Verdict)
	}
}

func TestGolden(t *testing.T) {
	sample.Golden(t, ".junit.xml", Write)
}

func TestEveryReport(t *testing.T) { sample.EveryReport(t, checkReport) }

// Each of 6,000 cases says which cells its cause blocks. If each listed all, that would be 700 MB.
func TestThousandHosts(t *testing.T) {
	r := sample.Thousand(1)
	checkReport(t, r)
	text := string(sample.Written(t, Write, r))
	if len(text) > 20<<20 || !strings.Contains(text, "blocks 6000 cells: nixos/host1, ") || !strings.Contains(text, ", 5960 more") {
		t.Errorf("%d bytes", len(text))
	}
}

func TestHugeLogs(t *testing.T) { sample.HugeLogs(t, Write) }

func FuzzWrite(f *testing.F) { sample.Fuzz(f, checkReport) }
