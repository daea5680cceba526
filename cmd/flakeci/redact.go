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

// Variables whose value is a credential, by the ends of their names. What is called a
// token always is one; a password may be a word such as postgres, so it has to look
// random.
var (
	tokenNameRE  = regexp.MustCompile(`(?i)(?:TOKEN|^CI_JOB_JWT(?:_V\d)?)$`)
	secretNameRE = regexp.MustCompile(`(?i)(?:SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|PRIVATE_KEY|SIGNING_KEY|_AUTH)$`)
)

// Variables with addresses and settings that may hold credentials. Others may hold what
// a stranger wrote, such as the message of a commit, and strangers must not choose what
// is masked.
var addressNameRE = regexp.MustCompile(`(?i)^(?:NIX_CONFIG|CI_REPOSITORY_URL|.*_PROXY)$`)

// learnSecrets makes known what credentials flakeci was started with, before
// anything is said: those of its environment and those in its arguments.
func (a *App) learnSecrets() {
	for _, e := range a.Env {
		name, value, _ := strings.Cut(e, "=")
		switch {
		case tokenNameRE.MatchString(name):
			a.secrets.Add(value)
		case secretNameRE.MatchString(name):
			// A key has several lines, and logs are looked at line by line.
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

// findNix finds the Nix to run, and learns what credentials its settings hold.
func (a *App) findNix(ctx context.Context, o nix.Options) (*nix.Client, error) {
	o.Redact = func(line []byte) []byte {
		if line[0] == '@' { // a record of Nix's, in JSON
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

// redacted is a report with credentials masked. It goes through JSON, so that no field
// can be forgotten.
func (a *App) redacted(r result.Report) (result.Report, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return result.Report{}, err
	}
	var safe result.Report
	err = json.Unmarshal(a.secrets.JSON(text), &safe)
	return safe, err
}

// redactedFile is a file of evidence with credentials masked. A picture stays as it is.
func (a *App) redactedFile(data []byte) []byte {
	if !utf8.Valid(data) && bytes.HasPrefix(data, []byte("\x89PNG")) {
		return data
	}
	return []byte(a.secrets.Text(string(data)))
}
