package push

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

// failure is why some outputs were not pushed.
type failure struct {
	title, message, hint string
	outputs              int
}

// advice is what to do about an error of Nix, cachix or attic.
var advice = []struct {
	re   *regexp.Regexp
	hint string
}{
	{regexp.MustCompile(`opening file .*No such file or directory`), "secret-key in the URL names the file with the signing key; nix key generate-secret makes one"},
	{regexp.MustCompile(`secret key is corrupt|is not valid base64|secret key is not valid|key is corrupt`), "secret-key in the URL names a file with NAME:KEY, as nix key generate-secret prints it"},
	{regexp.MustCompile(`lacks a (?:valid )?signature|lacks a signature by a trusted key`), "that store takes only signed paths: set Nix's secret-key-files before building, or push as a user whom the store trusts"},
	{regexp.MustCompile(`(?i)HTTP error 40[13]|\b40[13] (?:Unauthorized|Forbidden)|Access ?Denied`), "check the credentials: netrc-file for http, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or ?profile= for s3"},
	{regexp.MustCompile(`HTTP error (?:405|501)`), "the server does not accept uploads (PUT)"},
	{regexp.MustCompile(`HTTP error 404|does not appear to be a binary cache`), "the address is wrong, or the server does not accept uploads (PUT)"},
	{regexp.MustCompile(`Neither auth token nor signing key are present`), "set CACHIX_AUTH_TOKEN, and CACHIX_SIGNING_KEY if the cache has a key of its own"},
	{regexp.MustCompile(`doesn't exist or you don't have access|doesn't exist or it's private`), "check the name of the cache, and whether CACHIX_AUTH_TOKEN may write to it"},
	{regexp.MustCompile(`No servers are available|Server ".*" does not exist|default server ".*" does not exist`), "run attic login first, or give attic:SERVER:CACHE"},
	{regexp.MustCompile(`(?i)\bUnauthorized\b|InvalidToken|NoSuchCache`), "check the name of the cache, and whether the token may write to it"},
	{regexp.MustCompile(`cannot connect to|cannot open connection to remote store|failed to start SSH|Permission denied \(publickey|Host key verification failed`), "check that ssh reaches that machine without asking anything"},
	{regexp.MustCompile(`No space left on device`), "the target has no room left"},
}

// failure explains an error.
func (w *worker) failure(err error) *failure {
	f := &failure{title: errorText(err)}
	lines := []string{f.title}
	var of *programError
	if errors.As(err, &of) && len(of.tail) > 0 {
		lines = of.tail
	}
	f.message = w.o.Redact(strings.Join(lines, "\n"))
	if line, hint := advise(lines); hint != "" {
		f.title, f.hint = line, hint
	}
	if errors.Is(err, errNoProgram) {
		f.hint = "install it, for example with nix profile install nixpkgs#" + w.target.program
		if w.target.program == "attic" {
			f.hint += "-client"
		}
	}
	f.title = w.o.Redact(f.title)
	return f
}

// advise returns the line that says why a program failed, and a hint, if it is known.
func advise(lines []string) (line, hint string) {
	for _, a := range advice {
		if i := slices.IndexFunc(lines, a.re.MatchString); i >= 0 {
			return lines[i], a.hint
		}
	}
	return "", ""
}

// errorText says why a program failed, without its name and exit code if it says so itself.
func errorText(err error) string {
	var died *proc.Error
	if errors.As(err, &died) && died.Err == nil && died.LastLine != "" {
		return strings.TrimPrefix(died.LastLine, "error: ")
	}
	return err.Error()
}

// warnings returns what the run should warn about. Before is how many warnings of other targets
// there are.
func (w *worker) warnings(before int) []result.Warning {
	var list []result.Warning
	add := func(title, message, hint string) {
		c := &result.Cause{
			ID: fmt.Sprintf("p%d", before+len(list)+1), Kind: result.CauseSubstituter, Title: title, Message: message, Hint: hint, Cells: []string{},
			Key: result.NewCauseKey(result.CauseSubstituter, "push", w.target.Name, message),
		}
		text := title
		if hint != "" {
			text += " (" + hint + ")"
		}
		list = append(list, result.Warning{Text: text, Cause: c})
	}
	for _, f := range w.failures {
		add(fmt.Sprintf("%s not pushed to %s: %s", outputs(f.outputs, ""), w.target.Name, f.title), f.message, f.hint)
	}
	skipped := map[string]int{}
	var whys []string
	for _, p := range w.pushes {
		if p.Status == result.PushSkipped {
			if skipped[p.Message] == 0 {
				whys = append(whys, p.Message)
			}
			skipped[p.Message]++
		}
	}
	for _, why := range whys {
		add(fmt.Sprintf("%s not pushed to %s: %s", outputs(skipped[why], ""), w.target.Name, why), why, "")
	}
	if w.unsigned > 0 {
		add(fmt.Sprintf("%s pushed to %s without a signature: other machines will not take them from there", outputs(w.unsigned, ""), w.target.Name),
			"", "add ?secret-key=FILE to the URL; nix key generate-secret makes the file")
	}
	return list
}
