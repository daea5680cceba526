package github

import (
	"context"
	"net/http"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// GitHub's limits: annotations in one request, and lengths of texts.
const (
	maxAnnotations = 50
	maxTitle       = 255
	maxMessage     = 60 << 10
	maxDescription = 140
)

// checkName names the check run, or the status, of a key.
func checkName(key string) string { return "flakeci " + key }

// check makes a check run on a commit, with all annotations.
func (c *client) check(ctx context.Context, j Job, m marker, r result.Report, notes []annotation, render Render) error {
	name := checkName(m.key)
	// The marker is the id, by which a lost answer does not make a second check run. Only check runs
	// with this name are compared, so the key is not part of it.
	m.key = ""
	id := m.String()
	if _, _, err := c.checkRun(ctx, j.SHA, name, m); err != nil {
		return err
	}
	text, err := render(maxOutput)
	if err != nil {
		return err
	}
	title := cut(view.PlainSummary(r), maxTitle)
	output := func(some []annotation) *github.CheckRunOutput {
		return &github.CheckRunOutput{Title: &title, Summary: &text, Annotations: checkAnnotations(some)}
	}
	first, rest := notes[:min(len(notes), maxAnnotations)], notes[min(len(notes), maxAnnotations):]
	run, err := create(ctx, c, func() (*github.CheckRun, error) {
		run, _, err := c.api.Checks.CreateCheckRun(ctx, c.owner, c.repo, github.CreateCheckRunOptions{
			Name: name, HeadSHA: j.SHA, ExternalID: &id, DetailsURL: optional(j.RunURL()),
			Status: github.String("completed"), Conclusion: github.String(conclusion(r.Verdict)),
			StartedAt: timestamp(r.Started), CompletedAt: timestamp(r.Started.Add(time.Duration(r.Duration * float64(time.Second)))),
			Output: output(first),
		})
		return run, err
	}, func() (*github.CheckRun, bool, error) { return c.checkRun(ctx, j.SHA, name, m) })
	if err != nil {
		return err
	}
	for len(rest) > 0 {
		some := rest[:min(len(rest), maxAnnotations)]
		rest = rest[len(some):]
		// Each request adds its annotations to the earlier ones. If its response is lost, it may
		// add them twice, which does no harm.
		if _, err := ask(ctx, c, func() (*github.CheckRun, error) {
			run, _, err := c.api.Checks.UpdateCheckRun(ctx, c.owner, c.repo, run.GetID(), github.UpdateCheckRunOptions{Name: name, Output: output(some)})
			return run, err
		}); err != nil {
			return err
		}
	}
	return nil
}

// checkRun finds the newest check run with a name if a marker is its id. It returns [errOtherLeg] if
// another leg of the same run made it.
func (c *client) checkRun(ctx context.Context, sha, name string, m marker) (*github.CheckRun, bool, error) {
	list, err := ask(ctx, c, func() (*github.ListCheckRunsResults, error) {
		list, _, err := c.api.Checks.ListCheckRunsForRef(ctx, c.owner, c.repo, sha, &github.ListCheckRunsOptions{
			CheckName: &name, ListOptions: github.ListOptions{PerPage: perPage},
		})
		return list, err
	})
	if err != nil {
		return nil, false, err
	}
	for _, run := range list.CheckRuns {
		if run.GetExternalID() == m.String() {
			return run, true, nil
		}
	}
	return nil, false, clash(m, list.CheckRuns, (*github.CheckRun).GetExternalID)
}

// status sets the state of a commit, for tokens that may not make check runs.
func (c *client) status(ctx context.Context, j Job, key string, r result.Report) error {
	state := map[result.Verdict]string{result.VerdictPassed: "success", result.VerdictFailed: "failure"}[r.Verdict]
	if state == "" {
		state = "error"
	}
	text := cut(view.PlainSummary(r), maxDescription)
	_, err := ask(ctx, c, func() (*github.RepoStatus, error) {
		status, _, err := c.api.Repositories.CreateStatus(ctx, c.owner, c.repo, j.SHA, &github.RepoStatus{
			State: &state, Context: github.String(checkName(key)), Description: &text, TargetURL: optional(j.RunURL()),
		})
		return status, err
	})
	return err
}

// lacksPermission reports whether an error means that the token may not do this.
func lacksPermission(err error) bool {
	status := refused(err)
	return status == http.StatusForbidden || status == http.StatusNotFound || status == http.StatusUnauthorized || status == http.StatusGone
}

// conclusion returns GitHub's word for a verdict.
func conclusion(v result.Verdict) string {
	switch v {
	case result.VerdictPassed:
		return "success"
	case result.VerdictCanceled:
		return "cancelled"
	}
	return "failure"
}

// checkAnnotations converts annotations to GitHub's.
func checkAnnotations(notes []annotation) []*github.CheckRunAnnotation {
	var list []*github.CheckRunAnnotation
	for _, n := range notes {
		line := max(n.Line, 1)
		a := &github.CheckRunAnnotation{
			Path: github.String(n.File), StartLine: &line, EndLine: &line, AnnotationLevel: github.String(string(n.Level)),
			Title: github.String(cut(n.Title, maxTitle)), Message: github.String(cut(n.Message, maxMessage)), RawDetails: optional(cut(n.Details, maxMessage)),
		}
		if n.Line > 0 && n.Column > 0 {
			a.StartColumn, a.EndColumn = github.Int(n.Column), github.Int(n.Column)
		}
		list = append(list, a)
	}
	return list
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func timestamp(t time.Time) *github.Timestamp {
	if t.IsZero() {
		return nil
	}
	return &github.Timestamp{Time: t}
}

// cut shortens a text to at most limit bytes, at the end of a character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const ellipsis = "…"
	end := limit - len(ellipsis)
	for end > 0 && s[end]&0xC0 == 0x80 {
		end--
	}
	return s[:end] + ellipsis
}
