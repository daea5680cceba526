package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/go-github/v60/github"
)

const (
	requestLimit = 30 * time.Second // for one request
	maxWait      = 60 * time.Second // the longest wait that GitHub may ask for
	maxTries     = 5
	perPage      = 100
	maxResponse  = 64 << 20 // bytes; a page of comments of maximum length takes 7 MB
)

// client talks to GitHub about one repository.
type client struct {
	api         *github.Client
	owner, repo string
	token       string
	// pause is the first wait after an error. It doubles each time.
	pause time.Duration
}

func newClient(j Job) *client {
	httpClient := &http.Client{
		Timeout:   requestLimit,
		Transport: &bearer{token: j.Token, api: j.API, next: http.DefaultTransport},
	}
	api := github.NewClient(httpClient)
	api.BaseURL = j.API
	return &client{api: api, owner: j.Owner, repo: j.Repo, token: j.Token, pause: time.Second}
}

// bearer adds the token to requests to GitHub and to nobody else: a renamed repository redirects,
// and a redirect may lead anywhere.
type bearer struct {
	token string
	api   *url.URL
	next  http.RoundTripper
}

func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Del("Authorization")
	if b.token != "" && r.URL.Host == b.api.Host && r.URL.Scheme == b.api.Scheme {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	response, err := b.next.RoundTrip(r)
	if err == nil {
		response.Body = &limitedBody{ReadCloser: response.Body, left: maxResponse}
	}
	return response, err
}

// limitedBody is a response body that ends with an error if it is too long.
type limitedBody struct {
	io.ReadCloser
	left int64
}

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		_ = b.Close() // not every reader closes it after an error
		return 0, fmt.Errorf("GitHub's answer has more than %d MiB", maxResponse>>20)
	}
	return n, err
}

// ask calls a function until it succeeds or GitHub refuses. Calling it twice must be
// harmless.
func ask[T any](ctx context.Context, c *client, do func() (T, error)) (T, error) {
	return create(ctx, c, do, nil)
}

// create makes a request that must not succeed twice. If a response is lost, found looks for what
// the request may have created before create tries again.
func create[T any](ctx context.Context, c *client, do func() (T, error), found func() (T, bool, error)) (T, error) {
	lost := false
	var last error
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = c.pause
	value, err := backoff.Retry(ctx, func() (T, error) {
		if lost && found != nil {
			value, ok, err := found()
			if ok || err != nil {
				last = err
				return value, retry(ctx, err)
			}
		}
		value, err := do()
		lost, last = lost || mayHaveWorked(err), err
		return value, retry(ctx, err)
	}, backoff.WithBackOff(pauses), backoff.WithMaxTries(maxTries))
	if ctx.Err() != nil && last != nil && !errors.Is(last, ctx.Err()) {
		err = fmt.Errorf("no time is left: %w", last)
	}
	return value, c.plain(err)
}

// mayHaveWorked reports whether a request may have worked in spite of an error.
func mayHaveWorked(err error) bool {
	var answer *github.ErrorResponse
	switch {
	case err == nil:
		return false
	case errors.As(err, &answer):
		return answer.Response.StatusCode >= http.StatusInternalServerError
	case refused(err) != 0:
		return false
	}
	return true // no response at all
}

// refused returns the status of GitHub's refusal, 0 if the error is another one.
func refused(err error) int {
	var answer *github.ErrorResponse
	var rate *github.RateLimitError
	var abuse *github.AbuseRateLimitError
	switch {
	case errors.As(err, &answer):
		return answer.Response.StatusCode
	case errors.As(err, &rate), errors.As(err, &abuse):
		return http.StatusTooManyRequests
	}
	return 0
}

// retry returns an error that says how long to wait before the next attempt, or that there
// should be none.
func retry(ctx context.Context, err error) error {
	var answer *github.ErrorResponse
	var rate *github.RateLimitError
	var abuse *github.AbuseRateLimitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &rate):
		return waitFor(ctx, err, time.Until(rate.Rate.Reset.Time))
	case errors.As(err, &abuse):
		if abuse.RetryAfter == nil {
			return waitFor(ctx, err, maxWait) // as GitHub's documentation asks
		}
		return waitFor(ctx, err, *abuse.RetryAfter)
	case errors.As(err, &answer):
		return retryResponse(ctx, err, answer.Response)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded) && !isTimeout(err):
		return backoff.Permanent(err)
	}
	var transport *url.Error
	if errors.As(err, &transport) {
		return err // the connection failed, and may work the next time
	}
	return backoff.Permanent(err)
}

func isTimeout(err error) bool {
	var transport *url.Error
	return errors.As(err, &transport) && transport.Timeout()
}

// retryResponse is [retry] for an error response.
func retryResponse(ctx context.Context, err error, answer *http.Response) error {
	switch status := answer.StatusCode; {
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		if seconds, bad := strconv.Atoi(answer.Header.Get("Retry-After")); bad == nil {
			return waitFor(ctx, err, time.Duration(seconds)*time.Second)
		}
		return err
	}
	return backoff.Permanent(err)
}

// waitTooLongError says that GitHub asks for a wait that would waste the time of the job.
type waitTooLongError struct {
	wait time.Duration
	err  error
}

func (e *waitTooLongError) Error() string {
	return fmt.Sprintf("GitHub asks to wait for %s: %v", e.wait.Round(time.Second), e.err)
}

func (e *waitTooLongError) Unwrap() error { return e.err }

// waitFor returns an error that asks for a wait, unless it is too long.
func waitFor(ctx context.Context, err error, wait time.Duration) error {
	end, limited := ctx.Deadline()
	if wait > maxWait || limited && wait > time.Until(end) {
		return backoff.Permanent(&waitTooLongError{wait, err})
	}
	seconds := int((max(wait, 0) + time.Second - 1) / time.Second)
	return &retryError{RetryAfterError: backoff.RetryAfterError{Duration: time.Duration(seconds) * time.Second}, err: err}
}

// retryError says how long to wait, and wraps the error behind it.
type retryError struct {
	backoff.RetryAfterError
	err error
}

func (e *retryError) Error() string { return e.err.Error() }

func (e *retryError) Unwrap() []error { return []error{&e.RetryAfterError, e.err} }

// plainError is an error as text for people, without the token.
type plainError struct {
	text string
	err  error
}

func (e *plainError) Error() string { return e.text }

func (e *plainError) Unwrap() error { return e.err }

// plain describes an error for people. No request has the token in its text; plain removes
// it anyway, in case one does.
func (c *client) plain(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	var answer *github.ErrorResponse
	var long *waitTooLongError
	if errors.As(err, &answer) && !errors.As(err, &long) && answer.Response != nil {
		r := answer.Response.Request
		text = fmt.Sprintf("%s %s: %d %s", r.Method, r.URL.Path, answer.Response.StatusCode, answer.Message)
	}
	if c.token != "" {
		text = strings.ReplaceAll(text, c.token, "***")
	}
	return &plainError{text, err}
}

// pages gets all pages of a list. Each says which one follows, 0 for none.
func pages[T any](ctx context.Context, c *client, page func(github.ListOptions) ([]T, *github.Response, error)) ([]T, error) {
	var all []T
	o := github.ListOptions{PerPage: perPage}
	for {
		var next int
		list, err := ask(ctx, c, func() ([]T, error) {
			list, response, err := page(o)
			if err == nil {
				next = response.NextPage
			}
			return list, err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if next <= o.Page {
			return all, nil
		}
		o.Page = next
	}
}
