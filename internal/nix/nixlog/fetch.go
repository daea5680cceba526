package nixlog

import (
	"regexp"
	"slices"
	"strings"
)

// Fetch is something that the flake could not fetch during its evaluation, as with
// builtins.fetchurl.
type Fetch struct {
	// URL has no user name, password or parameters.
	URL, Reason string
	// Refused is set if it is the flake's fault: the server answered that it does not have the
	// file, or does not allow the download.
	Refused bool
}

// fetches follows what Nix fetches. A flake can throw the same words, but it cannot log that
// Nix has begun to fetch.
type fetches struct {
	downloads  []string // the last URLs
	repository string   // the last one that git or Mercurial began to fetch
	// said is what git, ssh or hg said about the repository. Nix itself says only that git failed.
	said said
}

const maxDownloads = 100

// All versions write a text for these; older ones give them no type.
var repositoryRE = regexp.MustCompile(`^fetching (?:Git|Mercurial) repository '(.+)'`)

func (f *fetches) record(r record) {
	if r.Action != "start" {
		return
	}
	if url := r.stringField(0); r.Type == activityDownload && url != "" {
		f.downloads = append(f.downloads, url)
		f.downloads = slices.Delete(f.downloads, 0, max(0, len(f.downloads)-maxDownloads))
	}
	if m := repositoryRE.FindStringSubmatch(stripSGR(r.Text)); m != nil {
		f.repository, f.said = m[1], nil // newer versions run git once before this
	}
}

var (
	gitFailedRE = regexp.MustCompile(`^(?:program '?git'? failed|Failed to fetch git repository|hg failed)`)
	// Newer versions put it in brackets after "Failed to open archive". What the server
	// answered may follow on more lines.
	notLoadedRE = regexp.MustCompile(`unable to download '([^']+)': ([^\n]*)`)
	accessRE    = regexp.MustCompile(`^unable to access '[^']*': `)
)

// explained adds what git and ssh said to an error that says no more than that git failed.
func (f *fetches) explained(text string) string {
	if gitFailedRE.MatchString(text) && f.repository != "" && len(f.said) > 0 {
		return text + "\n" + strings.Join(f.said, "\n")
	}
	return text
}

// failed returns what an error says could not be fetched, or nil.
func (f *fetches) failed(text string) *Fetch {
	var url, reason string
	m := notLoadedRE.FindStringSubmatch(text)
	switch {
	case m != nil && slices.Contains(f.downloads, m[1]):
		url, reason = m[1], m[2]
		if strings.HasPrefix(text, "Failed to open archive (") {
			reason = strings.TrimSuffix(reason, ")")
		}
	case gitFailedRE.MatchString(text) && f.repository != "" && len(f.said) > 0:
		url = f.repository
		reason = accessRE.ReplaceAllString(f.said.reason(), "")
	}
	if url == "" {
		return nil
	}
	refused := strings.HasPrefix(url, "file:") || refused(f.explained(text))
	return &Fetch{URL: StripCredentials(url), Reason: strings.TrimSpace(reason), Refused: refused}
}

var (
	refusedRE = regexp.MustCompile(`(?i)(?:HTTP error|returned error:|HTTP/[0-9.]+) 4\d\d|repository (?:'[^']*' )?not found|` +
		`does not appear to be a git repository|couldn't find remote ref|not our ref`)
	// A server that asks for a password or for patience does not say that the flake is wrong.
	waitRE = regexp.MustCompile(`(?i)(?:HTTP error|returned error:|HTTP/[0-9.]+) (?:401|407|408|425|429)|rate limit exceeded`)
)

// refused reports whether a server has answered that trying again, or elsewhere, does not help.
func refused(text string) bool { return refusedRE.MatchString(text) && !waitRE.MatchString(text) }
