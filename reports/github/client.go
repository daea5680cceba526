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
	requestLimit = 30 * time.Second // for one answer
	longestWait  = 60 * time.Second // that GitHub may ask for before it may be asked again
	mostTries    = 5
	perPage      = 100
	mostAnswer   = 64 << 20 // bytes; a page of comments, each as long as can be, has 7 MB
)

// client speaks with GitHub about one repository.
type client struct {
	api         *github.Client
	owner, repo string
	token       string
	// pause is the first wait after a fault, which doubles each time.
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

// bearer adds the token to what is sent to GitHub, and to nobody else: a renamed
// repository is a redirection, and that may lead anywhere.
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
		response.Body = &bounded{ReadCloser: response.Body, left: mostAnswer}
	}
	return response, err
}

// bounded is an answer that ends with an error if it is too long.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		_ = b.Close() // not every reader closes it after an error
		return 0, fmt.Errorf("GitHub's answer has more than %d MiB", mostAnswer>>20)
	}
	return n, err
}

// ask does something that does no harm if it is done twice, until it works or is
// refused.
func ask[T any](ctx context.Context, c *client, do func() (T, error)) (T, error) {
	return create(ctx, c, do, nil)
}

// create does something that must be done only once. An answer that was lost does
// not say whether it was: then found looks for what would have come of it.
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
				return value, patience(ctx, err)
			}
		}
		value, err := do()
		lost, last = lost || mayBeDone(err), err
		return value, patience(ctx, err)
	}, backoff.WithBackOff(pauses), backoff.WithMaxTries(mostTries))
	if ctx.Err() != nil && last != nil && !errors.Is(last, ctx.Err()) {
		err = fmt.Errorf("no time is left: %w", last)
	}
	return value, c.plain(err)
}

// mayBeDone says whether a fault leaves open if what was asked for was done.
func mayBeDone(err error) bool {
	var answer *github.ErrorResponse
	switch {
	case err == nil:
		return false
	case errors.As(err, &answer):
		return answer.Response.StatusCode >= http.StatusInternalServerError
	case refused(err) != 0:
		return false
	}
	return true // no answer at all
}

// refused is the status of an answer that says no, 0 if there was none.
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

// patience says of a fault how long to wait, or that waiting does not help.
func patience(ctx context.Context, err error) error {
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
			return waitFor(ctx, err, longestWait) // as GitHub's documentation has it
		}
		return waitFor(ctx, err, *abuse.RetryAfter)
	case errors.As(err, &answer):
		return patienceWith(ctx, err, answer.Response)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded) && !isTimeout(err):
		return backoff.Permanent(err)
	}
	var transport *url.Error
	if errors.As(err, &transport) {
		return err // the connection; it may be there the next time
	}
	return backoff.Permanent(err)
}

func isTimeout(err error) bool {
	var transport *url.Error
	return errors.As(err, &transport) && transport.Timeout()
}

func patienceWith(ctx context.Context, err error, answer *http.Response) error {
	switch status := answer.StatusCode; {
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		if seconds, bad := strconv.Atoi(answer.Header.Get("Retry-After")); bad == nil {
			return waitFor(ctx, err, time.Duration(seconds)*time.Second)
		}
		return err
	}
	return backoff.Permanent(err)
}

// tooLongError is a wait that nobody would want to pay a job for.
type tooLongError struct {
	wait time.Duration
	err  error
}

func (e *tooLongError) Error() string {
	return fmt.Sprintf("GitHub asks to wait for %s: %v", e.wait.Round(time.Second), e.err)
}

func (e *tooLongError) Unwrap() error { return e.err }

func waitFor(ctx context.Context, err error, wait time.Duration) error {
	end, bounded := ctx.Deadline()
	if wait > longestWait || bounded && wait > time.Until(end) {
		return backoff.Permanent(&tooLongError{wait, err})
	}
	seconds := int((max(wait, 0) + time.Second - 1) / time.Second)
	return &retryError{RetryAfterError: backoff.RetryAfterError{Duration: time.Duration(seconds) * time.Second}, err: err}
}

// retryError keeps what was wrong while it says how long to wait.
type retryError struct {
	backoff.RetryAfterError
	err error
}

func (e *retryError) Error() string { return e.err.Error() }

func (e *retryError) Unwrap() []error { return []error{&e.RetryAfterError, e.err} }

// plainError is a fault in words for people, without the token.
type plainError struct {
	text string
	err  error
}

func (e *plainError) Error() string { return e.text }

func (e *plainError) Unwrap() error { return e.err }

// plain puts a fault into words. No text of a request has the token in it; this is
// for what nobody thought of.
func (c *client) plain(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	var answer *github.ErrorResponse
	var long *tooLongError
	if errors.As(err, &answer) && !errors.As(err, &long) && answer.Response != nil {
		r := answer.Response.Request
		text = fmt.Sprintf("%s %s: %d %s", r.Method, r.URL.Path, answer.Response.StatusCode, answer.Message)
	}
	if c.token != "" {
		text = strings.ReplaceAll(text, c.token, "***")
	}
	return &plainError{text, err}
}

// pages asks for one page after the other. Each says which one follows, 0 for none.
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
