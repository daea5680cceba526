package github

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

const issueTitle = "flakeci: the nightly run is red"

// issue keeps an issue about an unattended run: it opens the issue when the run turns red,
// updates it while the run is red, and closes it when the run is green again. It ignores an
// interrupted run, which is neither.
func (c *client) issue(ctx context.Context, m marker, r result.Report, runURL string, render Render) error {
	if r.Verdict == result.VerdictCanceled {
		return nil
	}
	me, err := c.me(ctx)
	if err != nil {
		return err
	}
	open, err := c.issues(ctx, m, me)
	if err != nil {
		return err
	}
	if err := clash(m, open, (*github.Issue).GetBody); err != nil {
		return err
	}
	red := r.Verdict != result.VerdictPassed
	m.state = fingerprint(r)
	switch {
	case !red:
		return c.close(ctx, m, open, runURL)
	case len(open) == 0:
		return c.fitted(m, render, func(body string) error { return c.open(ctx, m, me, body) })
	}
	return c.update(ctx, m, open[0], r, runURL, render)
}

// issues lists the open issues with the marker's key, oldest first.
func (c *client) issues(ctx context.Context, m marker, me author) ([]*github.Issue, error) {
	all, err := pages(ctx, c, func(o github.ListOptions) ([]*github.Issue, *github.Response, error) {
		return c.api.Issues.ListByRepo(ctx, c.owner, c.repo, &github.IssueListByRepoOptions{
			State: "open", Sort: "created", Direction: "asc", ListOptions: o,
		})
	})
	if err != nil {
		return nil, err
	}
	marked := slices.DeleteFunc(all, func(i *github.Issue) bool {
		_, found := m.read(i.GetBody())
		return !found || i.IsPullRequest()
	})
	return own(me, marked, (*github.Issue).GetUser), nil
}

// open opens an issue.
func (c *client) open(ctx context.Context, m marker, me author, body string) error {
	_, err := create(ctx, c, func() (*github.Issue, error) {
		issue, _, err := c.api.Issues.Create(ctx, c.owner, c.repo, &github.IssueRequest{Title: github.String(issueTitle), Body: &body})
		return issue, err
	}, func() (*github.Issue, bool, error) {
		there, err := c.issues(ctx, m, me)
		if err = cmp.Or(err, clash(m, there, (*github.Issue).GetBody)); err != nil || len(there) == 0 {
			return nil, false, err
		}
		return there[0], true, nil
	})
	return err
}

// update updates the text, and adds a comment if different cells fail: an edit notifies
// nobody.
func (c *client) update(ctx context.Context, m marker, issue *github.Issue, r result.Report, runURL string, render Render) error {
	before, _ := m.read(issue.GetBody())
	if !m.newer(before) {
		return errNewerRun
	}
	// The comment comes first, because the body records the cells that the last comment was about.
	if before.state != m.state {
		if err := c.remark(ctx, issue, "Different cells fail now: "+view.PlainSummary(r)+link(runURL)); err != nil {
			return err
		}
	}
	return c.fitted(m, render, func(body string) error {
		return c.edit(ctx, issue, &github.IssueRequest{Body: &body})
	})
}

// close closes the open issues, each with a comment.
func (c *client) close(ctx context.Context, m marker, open []*github.Issue, runURL string) error {
	for _, issue := range open {
		if before, _ := m.read(issue.GetBody()); !m.newer(before) {
			return errNewerRun
		}
		if err := c.remark(ctx, issue, "Green again."+link(runURL)); err != nil {
			return err
		}
		if err := c.edit(ctx, issue, &github.IssueRequest{State: github.String("closed"), StateReason: github.String("completed")}); err != nil {
			return err
		}
	}
	return nil
}

// edit changes an issue.
func (c *client) edit(ctx context.Context, issue *github.Issue, to *github.IssueRequest) error {
	_, err := ask(ctx, c, func() (*github.Issue, error) {
		issue, _, err := c.api.Issues.Edit(ctx, c.owner, c.repo, issue.GetNumber(), to)
		return issue, err
	})
	return err
}

// remark adds a comment only once: if a response is lost, it looks for the text, which contains
// the address of the run.
func (c *client) remark(ctx context.Context, issue *github.Issue, text string) error {
	_, err := create(ctx, c, func() (*github.IssueComment, error) {
		comment, _, err := c.api.Issues.CreateComment(ctx, c.owner, c.repo, issue.GetNumber(), &github.IssueComment{Body: &text})
		return comment, err
	}, func() (*github.IssueComment, bool, error) {
		all, err := pages(ctx, c, func(o github.ListOptions) ([]*github.IssueComment, *github.Response, error) {
			return c.api.Issues.ListComments(ctx, c.owner, c.repo, issue.GetNumber(), &github.IssueListCommentsOptions{ListOptions: o})
		})
		i := slices.IndexFunc(all, func(comment *github.IssueComment) bool { return comment.GetBody() == text })
		if err != nil || i < 0 {
			return nil, false, err
		}
		return all[i], true, nil
	})
	return err
}

func link(runURL string) string {
	if runURL == "" {
		return ""
	}
	return "\n\n[The run](" + runURL + ")"
}

// fingerprint identifies the set of cells that fail.
func fingerprint(r result.Report) string {
	var ids []string
	for _, c := range r.Cells {
		if !c.Status.OK() {
			ids = append(ids, c.ID)
		}
	}
	slices.Sort(ids)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(ids, "\n"))))[:16]
}
