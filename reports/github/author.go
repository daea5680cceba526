package github

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/go-github/v60/github"
)

// author says who may have written what flakeci finds again. Anybody may quote a
// marker; what they wrote is theirs.
type author struct{ login string }

// jobsOwn is who the token of a job is.
const jobsOwn = "github-actions[bot]"

// me asks who the token is. That of a job or an app is an installation's, which may
// not ask.
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

// own keeps what this author wrote, of things in the order they were made. Of an
// installation it is only known that it is a bot: then what the job's own token
// wrote counts, and if there is nothing of that, what the first bot did.
func own[T any](a author, list []T, by func(T) *github.User) []T {
	login := a.login
	if login == "" {
		for _, thing := range list {
			switch user := by(thing); {
			case user.GetLogin() == jobsOwn:
				login = jobsOwn
			case login == "" && user.GetType() == "Bot":
				login = user.GetLogin()
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(thing T) bool { return login == "" || by(thing).GetLogin() != login })
}
