package github

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/go-github/v60/github"
)

// author is the user whose comments and issues flakeci treats as its own, without a login if
// unknown. A marker alone proves nothing, since anyone can quote it.
type author struct{ login string }

// actionsBot is the user that the token of a job belongs to.
const actionsBot = "github-actions[bot]"

// me returns the owner of the token. The token of a job or an app belongs to an installation,
// which GitHub does not let ask.
func (c *client) me(ctx context.Context) (author, error) {
	user, err := ask(ctx, c, func() (*github.User, error) {
		user, _, err := c.api.Users.Get(ctx, "")
		return user, err
	})
	switch status := refused(err); {
	case status == http.StatusForbidden, status == http.StatusUnauthorized, status == http.StatusNotFound:
		return author{}, nil
	case err != nil:
		return author{}, err
	}
	return author{user.GetLogin()}, nil
}

// own returns the items that the author wrote, given all items in the order of their
// creation. An unknown author is a bot: that of GitHub Actions if it wrote anything, else
// the first bot.
func own[T any](a author, list []T, by func(T) *github.User) []T {
	login := a.login
	if login == "" {
		for _, thing := range list {
			switch user := by(thing); {
			case user.GetLogin() == actionsBot:
				login = actionsBot
			case login == "" && user.GetType() == "Bot":
				login = user.GetLogin()
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(thing T) bool { return login == "" || by(thing).GetLogin() != login })
}
