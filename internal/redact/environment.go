package redact

import (
	"regexp"
	"strings"
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

// AddEnvironment adds the credentials in the environment KEY=value of a CI job.
func (s *Secrets) AddEnvironment(env []string) {
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		switch {
		case tokenNameRE.MatchString(name):
			s.Add(value)
		case secretNameRE.MatchString(name):
			// A key has several lines, and logs are masked line by line.
			for _, part := range append(strings.Fields(value), value) {
				if looksRandom(part) {
					s.Add(part)
				}
			}
		case addressNameRE.MatchString(name):
			s.AddFrom(value)
		}
	}
}

// AddArguments adds the credentials in the arguments of a command.
func (s *Secrets) AddArguments(args []string) {
	for i, arg := range args {
		s.AddFrom(arg)
		if i > 0 { // a setting and its value are two arguments
			s.AddFrom(args[i-1] + " " + arg)
		}
	}
}
