package github

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/flakeci/flakeci/internal/test/fakehub"
	"github.com/flakeci/flakeci/result"
)

// of makes a report of a selection.
func of(r result.Report, selections ...string) result.Report {
	r.Machines = nil
	for _, s := range selections {
		r.Machines = append(r.Machines, result.Machine{Name: "box", Selection: s})
	}
	return r
}

// The legs of a matrix have the same key, run and attempt. What the first one wrote stays, and the
// others are errors.
func TestOtherLegs(t *testing.T) {
	for name, c := range map[string]struct {
		first, second func(s *stage)
		clash         bool
	}{
		"another selection":        {func(s *stage) {}, func(s *stage) { s.report = of(passed(), "b") }, true},
		"another shard":            {func(s *stage) { s.options.Shard = "1/2" }, func(s *stage) { s.options.Shard = "2/2" }, true},
		"another runner":           {func(s *stage) {}, func(s *stage) { s.job.Runner = "GitHub Actions 5" }, true},
		"unknown on another":       {func(s *stage) {}, func(s *stage) { s.report, s.job.Runner = of(passed()), "GitHub Actions 5" }, true},
		"another selection, later": {func(s *stage) {}, func(s *stage) { s.report, s.job.Attempt = of(passed(), "b"), 2 }, true},
		"the same again":           {func(s *stage) {}, func(s *stage) {}, false},
		"unknown at first":         {func(s *stage) { s.report = of(failed()) }, func(s *stage) { s.report = of(passed(), "a") }, false},
		"another runner, later":    {func(s *stage) {}, func(s *stage) { s.job.Attempt, s.job.Runner = 2, "GitHub Actions 5" }, false},
		"the next run":             {func(s *stage) {}, func(s *stage) { s.report, s.job.Run = of(passed(), "b"), 8 }, false},
		"not in Actions":           {func(s *stage) { s.job.Run, s.job.Attempt = 0, 0 }, func(s *stage) { s.report = of(passed(), "b") }, false},
		"more shards, merged":      {func(s *stage) { s.report = of(failed(), "a") }, func(s *stage) { s.report, s.job.Attempt = of(passed(), "a", "a"), 2 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.options.Key, s.options.Issue = "fleet", Always
			s.report, s.job.Runner = of(failed(), "a"), "GitHub Actions 2"
			c.first(s)
			s.publish()
			s.noWarnings()
			before := s.comment()
			s.report.Verdict = result.VerdictPassed
			c.second(s)
			s.publish()
			var clash *ClashError
			if errors.As(s.err, &clash) != c.clash {
				t.Fatalf("error %v, want a clash: %v", s.err, c.clash)
			}
			open := slices.ContainsFunc(s.hub.Issues(), func(i fakehub.Issue) bool { return i.State == "open" })
			if !c.clash {
				s.noWarnings()
				if s.comment() == before || open || len(s.hub.CheckRuns()) == 0 {
					t.Errorf("the comment is still %q, the issue open: %v", before, open)
				}
				return
			}
			if s.comment() != before || !open || len(s.hub.CheckRuns()) != 1 {
				t.Errorf("the comment is %q, was %q; issue open: %v; check runs: %+v", s.comment(), before, open, s.hub.CheckRuns())
			}
			if want := []string{"comment", "check run", "issue"}; !slices.Equal(clash.Texts, want) || clash.Key != "fleet" {
				t.Errorf("clash %+v, want %q", clash, want)
			}
		})
	}
}

// A lost answer does not make a leg take its own text for that of another, nor another's for its own.
func TestOtherLegsAndLostAnswers(t *testing.T) {
	s := newStage(t)
	s.report, s.job.Event = of(failed(), "a"), "schedule"
	s.hub.Fault(fakehub.Rule{Method: "POST", Times: 3, Fault: fakehub.DoneButLost()})
	s.publish()
	s.noWarnings()
	if len(s.hub.CheckRuns()) != 1 || len(s.hub.Issues()) != 1 {
		t.Errorf("%d check runs, %d issues", len(s.hub.CheckRuns()), len(s.hub.Issues()))
	}
	s.comment()
}

// after calls a function once after a request with a method.
type after struct {
	method string
	call   func()
	next   http.RoundTripper
}

func (a *after) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := a.next.RoundTrip(r)
	if r.Method == a.method && a.call != nil {
		call := a.call
		a.call = nil
		call()
	}
	return response, err
}

// Two legs that read the comment of an earlier run at the same time both write. The first one sees that
// its text was replaced.
func TestOtherLegsAtTheSameTime(t *testing.T) {
	s := newStage(t)
	s.report = of(failed(), "a")
	s.publish()
	s.noWarnings()
	s.job.Run, s.options.Comment = 8, Always
	other := marker{what: "report", key: "ci/fleet", run: 8, attempt: 1, leg: legOf(of(passed(), "b"), "", "")}.String() + "\ngreen"
	c := newClient(s.job)
	hooked := &after{http.MethodPatch, func() {
		all, err := c.comments(t.Context(), 3, marker{what: "report", key: "ci/fleet"}, author{})
		if err != nil || len(all) != 1 {
			t.Fatalf("%d comments, %v", len(all), err)
		}
		if _, _, err := c.api.Issues.EditComment(t.Context(), "o", "r", all[0].GetID(), &github.IssueComment{Body: &other}); err != nil {
			t.Fatal(err)
		}
	}, c.api.Client().Transport}
	c.api = github.NewClient(&http.Client{Transport: hooked})
	c.api.BaseURL = s.job.API
	err := publish(t.Context(), s.job, s.report, s.options, c)
	var clash *ClashError
	if !errors.As(err, &clash) || s.comment() != other {
		t.Errorf("error %v, comment %q", err, s.comment())
	}
}

// A token that may make no check runs leaves the status of another leg alone, too.
func TestOtherLegsWithStatuses(t *testing.T) {
	s := newStage(t)
	s.hub.Rights.NoChecks = true
	s.report = of(failed(), "a")
	s.publish()
	s.noWarnings()
	s.report = of(passed(), "b")
	s.publish()
	if n := len(s.hub.Statuses()); n != 1 || s.err == nil || !strings.Contains(s.err.Error(), `has already written the comment and commit status "ci/fleet"`) {
		t.Errorf("%d statuses, %v", n, s.err)
	}
}
