package main

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/result"
)

// The names of variables whose value is a credential. A token always is one; a password may
// be a word such as postgres, so it must look random.
var (
	tokenNameRE  = regexp.MustCompile(`(?i)(?:TOKEN|^CI_JOB_JWT(?:_V\d)?)$`)
	secretNameRE = regexp.MustCompile(`(?i)(?:SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|PRIVATE_KEY|SIGNING_KEY|_AUTH)$`)
)

// The names of variables with addresses and settings that may hold credentials. Others may
// hold the text of a stranger, such as a commit message, and strangers must not choose what
// is masked.
var addressNameRE = regexp.MustCompile(`(?i)^(?:NIX_CONFIG|CI_REPOSITORY_URL|.*_PROXY)$`)

// learnSecrets learns the credentials in flakeci's environment and arguments, before
// anything is printed.
func (a *App) learnSecrets() {
	for _, e := range a.Env {
		name, value, _ := strings.Cut(e, "=")
		switch {
		case tokenNameRE.MatchString(name):
			a.secrets.Add(value)
		case secretNameRE.MatchString(name):
			// A key has several lines, and logs are masked line by line.
			for _, part := range append(strings.Fields(value), value) {
				if redact.LooksRandom(part) {
					a.secrets.Add(part)
				}
			}
		case addressNameRE.MatchString(name):
			a.secrets.AddFrom(value)
		}
	}
	for i, arg := range a.Args {
		a.secrets.AddFrom(arg)
		if i > 0 { // a setting and its value are two
			a.secrets.AddFrom(a.Args[i-1] + " " + arg)
		}
	}
}

// findNix finds the Nix to run, and learns the credentials in its settings.
func (a *App) findNix(ctx context.Context, o nix.Options) (*nix.Client, error) {
	o.Redact = func(line []byte) []byte {
		if line[0] == '@' { // a log record in JSON
			return a.secrets.JSON(line)
		}
		return []byte(a.secrets.Text(string(line)))
	}
	client, err := nix.Find(ctx, o)
	if err == nil {
		a.secrets.AddFrom(client.Credentials())
	}
	return client, err
}

// redacted returns a report with credentials masked. It goes through JSON, so that it
// cannot miss a field.
func (a *App) redacted(r result.Report) (result.Report, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return result.Report{}, err
	}
	var safe result.Report
	err = json.Unmarshal(a.secrets.JSON(text), &safe)
	return safe, err
}

// redactedFile returns a file with credentials masked. Pictures stay as they are.
func (a *App) redactedFile(data []byte) []byte {
	if !utf8.Valid(data) && bytes.HasPrefix(data, []byte("\x89PNG")) {
		return data
	}
	return []byte(a.secrets.Text(string(data)))
}
