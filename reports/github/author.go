package github

import (
	"context"

	"github.com/google/go-github/v60/github"
)

// author says who may have written what flakeci finds again. Anybody may quote a
// marker; what they wrote is theirs.
type author struct{ login string }

// me asks who the token is. That of a job is an installation's, which may not ask.
func (c *client) me(ctx context.Context) author {
	user, _, err := c.api.Users.Get(ctx, "")
	if err != nil {
		return author{}
	}
	return author{user.GetLogin()}
}

func (a author) wrote(by *github.User) bool {
	if a.login != "" {
		return by.GetLogin() == a.login
	}
	return by.GetType() == "Bot"
}
