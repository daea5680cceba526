package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/go-github/v60/github"
)

// How many characters GitHub accepts.
const (
	maxComment = 65536
	maxOutput  = 65535 // for a check run
)

var errNewerRun = errors.New("a newer run has written it already")

// A Render writes the report as markdown of at most limit characters.
type Render func(limit int) (string, error)

// comment creates or updates the one comment with the marker's key on a pull request.
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
				if err = cmp.Or(err, clash(m, there, (*github.IssueComment).GetBody)); err != nil || len(there) == 0 {
					return nil, false, err
				}
				return there[0], true, nil
			})
			return err
		})
	}
	if err := clash(m, old, (*github.IssueComment).GetBody); err != nil {
		return err
	}
	first := old[0]
	c.tidy(ctx, old[1:])
	if before, _ := m.read(first.GetBody()); !m.newer(before) {
		return errNewerRun
	}
	return c.fitted(m, render, func(body string) error {
		if body == first.GetBody() {
			return nil
		}
		_, err := ask(ctx, c, func() (*github.IssueComment, error) {
			comment, _, err := c.api.Issues.EditComment(ctx, c.owner, c.repo, first.GetID(), &github.IssueComment{Body: &body})
			return comment, err
		})
		return cmp.Or(err, c.stillThere(ctx, first.GetID(), m))
	})
}

// stillThere returns [errOtherLeg] if another leg replaced a comment right after it was written: it
// had read what was there before.
func (c *client) stillThere(ctx context.Context, id int64, m marker) error {
	now, err := ask(ctx, c, func() (*github.IssueComment, error) {
		comment, _, err := c.api.Issues.GetComment(ctx, c.owner, c.repo, id)
		return comment, err
	})
	if err == nil { // otherwise nobody knows
		return clash(m, []*github.IssueComment{now}, (*github.IssueComment).GetBody)
	}
	return nil
}

// comments lists the comments with the marker's key, oldest first.
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

// tidy removes surplus comments, which jobs made by writing at the same time. It ignores errors:
// the next run tries again.
func (c *client) tidy(ctx context.Context, surplus []*github.IssueComment) {
	for _, comment := range surplus {
		_, _ = ask(ctx, c, func() (any, error) {
			_, err := c.api.Issues.DeleteComment(ctx, c.owner, c.repo, comment.GetID())
			return nil, err
		})
	}
}

// fitted renders the text after a marker and writes it, shorter if GitHub finds it too long:
// GitHub counts in its own way.
func (c *client) fitted(m marker, render Render, write func(body string) error) error {
	for limit := maxComment; ; limit /= 2 {
		head := m.String() + "\n"
		text, err := render(limit - len(head))
		if err != nil {
			return fmt.Errorf("render the report: %w", err)
		}
		if err = write(head + text); refused(err) != http.StatusUnprocessableEntity || limit < maxComment/8 {
			return err
		}
	}
}

// findPull finds the open pull request of a branch whose head is the commit, 0 for none.
func (c *client) findPull(ctx context.Context, head, sha string) (int, error) {
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
