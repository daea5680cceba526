package main

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/reports/markdown"
	"github.com/flakeci/flakeci/result"
)

// githubFlags say what to show on GitHub. flakeci.toml cannot set them: a pull request must choose
// neither whether flakeci reports on it nor under which name.
type githubFlags struct {
	comment, issue, key string
}

// add adds the flags with a default.
func (f *githubFlags) add(fs *pflag.FlagSet, byDefault github.When) {
	fs.StringVar(&f.comment, "comment", string(byDefault), "comment on the pull request and its commit: `WHEN` is auto (in GitHub Actions, given a token), always or never")
	fs.StringVar(&f.issue, "issue", string(byDefault), "keep an issue open while the run fails: `WHEN` is auto (in scheduled runs), always or never")
	fs.StringVar(&f.key, "comment-key", "", "identify this job's comment, check run and issue by `TEXT` (default the job's name)")
}

func (f *githubFlags) check() error {
	takes := []string{string(github.Auto), string(github.Always), string(github.Never)}
	return cmp.Or(checkOneOf("comment", f.comment, takes...), checkOneOf("issue", f.issue, takes...))
}

// publishToGitHub shows a report on GitHub, in GitHub Actions or if flags ask for it.
func (a *App) publishToGitHub(ctx context.Context, r result.Report, f githubFlags, shard string) error {
	never, always := string(github.Never), string(github.Always)
	if f.comment == never && f.issue == never || a.env("GITHUB_ACTIONS") != "true" && f.comment != always && f.issue != always {
		return nil
	}
	job, err := github.FromActions(a.env, readEvent)
	if err != nil {
		a.warnf("cannot report to GitHub: %v", err)
		return nil
	}
	return github.Publish(ctx, job, r, github.Options{
		Comment: github.When(f.comment), Issue: github.When(f.issue), Key: f.key, Shard: shard,
		Render: func(limit int) (string, error) {
			var b strings.Builder
			err := markdown.Write(&b, r, markdown.Options{Limit: limit, RunURL: job.RunURL(), SourceURL: job.SourceURL()})
			return b.String(), err
		},
		Commands: a.Stderr,
		Warn:     func(text string) { a.warnf("%s", text) },
	})
}

// readEvent reads the file in which GitHub describes an event. The longest part that a stranger
// can write is the description of a pull request.
func readEvent(path string) ([]byte, error) {
	const maxEvent = 16 << 20 // bytes
	return safefile.ReadTarget(path, maxEvent)
}
