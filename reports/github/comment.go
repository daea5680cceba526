package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/go-github/v60/github"
)

// The most characters that GitHub takes.
const (
	mostComment = 65536
	mostOutput  = 65535 // of a check run
)

var errNewerThere = errors.New("a newer run has written it already")

// A Render writes the report as markdown of at most so many characters.
type Render func(limit int) (string, error)

// comment writes the one comment of this key on a pull request, or brings it up to
// date.
func (c *client) comment(ctx context.Context, pull int, m marker, render Render) error {
	me, err := c.me(ctx)
	if err != nil {
		return err
	}
	old, err := c.comments(ctx, pull, m, me)
	if err != nil {
		return err
	}
	if len(old) == 0 {
		return c.fitted(m, render, func(body string) error {
			_, err := create(ctx, c, func() (*github.IssueComment, error) {
				comment, _, err := c.api.Issues.CreateComment(ctx, c.owner, c.repo, pull, &github.IssueComment{Body: &body})
				return comment, err
			}, func() (*github.IssueComment, bool, error) {
				there, err := c.comments(ctx, pull, m, me)
				if err != nil || len(there) == 0 {
					return nil, false, err
				}
				return there[0], true, nil
			})
			return err
		})
	}
	first := old[0]
	c.tidy(ctx, old[1:])
	if before, _ := m.read(first.GetBody()); !m.newer(before) {
		return errNewerThere
	}
	return c.fitted(m, render, func(body string) error {
		if body == first.GetBody() {
			return nil
		}
		_, err := ask(ctx, c, func() (*github.IssueComment, error) {
			comment, _, err := c.api.Issues.EditComment(ctx, c.owner, c.repo, first.GetID(), &github.IssueComment{Body: &body})
			return comment, err
		})
		return err
	})
}

// comments lists those of this key, oldest first.
func (c *client) comments(ctx context.Context, pull int, m marker, me author) ([]*github.IssueComment, error) {
	all, err := pages(ctx, c, func(o github.ListOptions) ([]*github.IssueComment, *github.Response, error) {
		return c.api.Issues.ListComments(ctx, c.owner, c.repo, pull, &github.IssueListCommentsOptions{ListOptions: o})
	})
	if err != nil {
		return nil, err
	}
	marked := slices.DeleteFunc(all, func(comment *github.IssueComment) bool {
		_, found := m.read(comment.GetBody())
		return !found
	})
	return own(me, marked, (*github.IssueComment).GetUser), nil
}

// tidy removes comments that two jobs wrote at the same time. It does not matter
// if that fails: the next run tries again.
func (c *client) tidy(ctx context.Context, surplus []*github.IssueComment) {
	for _, comment := range surplus {
		_, _ = ask(ctx, c, func() (any, error) {
			_, err := c.api.Issues.DeleteComment(ctx, c.owner, c.repo, comment.GetID())
			return nil, err
		})
	}
}

// fitted renders what follows a marker and hands it on. GitHub has the last word on
// what is too long, and counts in ways of its own.
func (c *client) fitted(m marker, render Render, write func(body string) error) error {
	for limit := mostComment; ; limit /= 2 {
		head := m.String() + "\n"
		text, err := render(limit - len(head))
		if err != nil {
			return fmt.Errorf("render the report: %w", err)
		}
		if err = write(head + text); refused(err) != http.StatusUnprocessableEntity || limit < mostComment/8 {
			return err
		}
	}
}

// pullOf asks for the open pull request of a branch, of which the commit is the
// head. 0 is none.
func (c *client) pullOf(ctx context.Context, head, sha string) (int, error) {
	pulls, err := ask(ctx, c, func() ([]*github.PullRequest, error) {
		list, _, err := c.api.PullRequests.List(ctx, c.owner, c.repo, &github.PullRequestListOptions{State: "open", Head: head})
		return list, err
	})
	if err != nil {
		return 0, err
	}
	for _, pull := range pulls {
		if pull.GetHead().GetSHA() == sha {
			return pull.GetNumber(), nil
		}
	}
	return 0, nil
}
