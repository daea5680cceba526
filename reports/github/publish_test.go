package github

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/fakehub"
	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/result"
)

const (
	headSHA = "1111111111111111111111111111111111111111"
	baseSHA = "2222222222222222222222222222222222222222"
	secret  = "ghs_fake"
)

// stage is a job and the GitHub it talks to.
type stage struct {
	*testing.T
	hub      *fakehub.Hub
	job      Job
	options  Options
	report   result.Report
	warnings []string
	commands strings.Builder
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{T: t, hub: fakehub.New("o", "r"), report: failed()}
	s.hub.AddPull(fakehub.Pull{Number: 3, Head: headSHA, Base: baseSHA})
	api, err := url.Parse(fakehub.Start(t, s.hub) + "/")
	if err != nil {
		t.Fatal(err)
	}
	server, _ := url.Parse("https://github.example/")
	s.job = Job{
		API: api, Server: server, Owner: "o", Repo: "r", Token: secret, Event: "pull_request", SHA: headSHA, Pull: 3,
		Workflow: "ci", Name: "fleet", Run: 7, Attempt: 1, Summary: filepath.Join(t.TempDir(), "summary"),
	}
	if err := os.WriteFile(s.job.Summary, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.options = Options{
		Comment: Auto, Issue: Auto, Commands: &s.commands,
		Render: func(limit int) (string, error) {
			text := string(s.report.Verdict) + " in run " + fmt.Sprint(s.job.Run)
			return text[:min(len(text), limit)], nil
		},
		Warn: func(text string) { s.warnings = append(s.warnings, text) },
	}
	return s
}

func (s *stage) publish() {
	s.Helper()
	s.publishIn(s.Context())
}

func (s *stage) publishIn(ctx context.Context) {
	s.Helper()
	c := newClient(s.job)
	c.pause = time.Millisecond
	publish(ctx, s.job, s.report, s.options, c)
	for _, text := range s.warnings {
		if strings.Contains(text, secret) {
			s.Errorf("a warning has the token: %s", text)
		}
	}
}

// comment returns the only comment on the pull request.
func (s *stage) comment() string {
	s.Helper()
	all := s.hub.Comments(3)
	if len(all) != 1 {
		s.Fatalf("%d comments: %+v; warnings %q", len(all), all, s.warnings)
	}
	return all[0].Body
}

func (s *stage) noWarnings() {
	s.Helper()
	if len(s.warnings) > 0 {
		s.Errorf("warnings: %q", s.warnings)
	}
}

func (s *stage) warned(text string) {
	s.Helper()
	if !strings.Contains(strings.Join(s.warnings, "\n"), text) {
		s.Errorf("warnings %q, want %q", s.warnings, text)
	}
}

func (s *stage) summary() string {
	text, err := os.ReadFile(s.job.Summary)
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}

func failed() result.Report {
	r := result.Report{
		Schema: result.Schema, Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Duration: 3, Verdict: result.VerdictFailed,
		Cells:  []result.CellResult{{Cell: result.Cell{ID: "nixos/laptop", Kind: "nixos", Host: "laptop"}, Status: result.Failed, Causes: []string{"c1"}}},
		Causes: []result.Cause{{ID: "c1", Kind: "eval", Title: "does not evaluate: oops", Location: &result.Location{File: "hosts/laptop.nix", Line: 3, Column: 5}, Cells: []string{"nixos/laptop"}}},
	}
	return r
}

func passed() result.Report {
	r := failed()
	r.Verdict, r.Causes = result.VerdictPassed, nil
	r.Cells[0].Status, r.Cells[0].Causes = result.Passed, nil
	return r
}

func TestPullRequest(t *testing.T) {
	s := newStage(t)
	s.publish()
	s.noWarnings()
	if body := s.comment(); !strings.HasPrefix(body, "<!-- flakeci-report:ci%2Ffleet run=7.1") || !strings.Contains(body, "failed in run 7") {
		t.Errorf("comment %q", body)
	}
	runs := s.hub.CheckRuns()
	if len(runs) != 1 || runs[0].Conclusion != "failure" || len(runs[0].Annotations) != 1 || len(s.hub.Statuses()) > 0 {
		t.Fatalf("check runs %+v", runs)
	}
	if a := runs[0].Annotations[0]; a.Path != "hosts/laptop.nix" || a.StartLine != 3 || a.Level != "failure" {
		t.Errorf("annotation %+v", a)
	}
	if s.summary() != "failed in run 7\n" || s.commands.Len() > 0 {
		t.Errorf("summary %q, commands %q", s.summary(), s.commands.String())
	}
	// The next run, of a newer commit, updates it.
	s.job.Run, s.report = 8, passed()
	s.publish()
	if body := s.comment(); !strings.Contains(body, "passed in run 8") {
		t.Errorf("comment %q", body)
	}
	// An older run that took longer leaves it alone.
	s.job.Run, s.report = 7, failed()
	s.publish()
	if body := s.comment(); !strings.Contains(body, "passed in run 8") {
		t.Errorf("comment %q", body)
	}
	s.warned("a newer run has written it already")
}

func TestSeveralJobs(t *testing.T) {
	s := newStage(t)
	s.publish()
	s.options.Key = "another --> job"
	s.publish()
	s.publish()
	s.noWarnings()
	if n := len(s.hub.Comments(3)); n != 2 {
		t.Errorf("%d comments", n)
	}
}

// Comments of others stay, whatever is in them. Of those that two jobs wrote at once, one stays.
func TestCommentsOfOthers(t *testing.T) {
	s := newStage(t)
	quoted := marker{what: "report", key: "ci/fleet", run: 1}.String() + "\nmine"
	s.hub.AddComment(3, fakehub.User{Login: "eve", Type: "User"}, quoted)
	for i := range 120 {
		s.hub.AddComment(3, fakehub.User{Login: "bob", Type: "User"}, fmt.Sprint("remark ", i))
	}
	s.hub.AddComment(3, fakehub.Bot(), quoted)
	s.hub.AddComment(3, fakehub.Bot(), quoted)
	s.publish()
	s.noWarnings()
	ours := 0
	for _, c := range s.hub.Comments(3) {
		switch {
		case c.User.Login == "eve" && c.Body != quoted:
			t.Error("someone else's comment was changed")
		case c.User == fakehub.Bot():
			ours++
		}
	}
	if ours != 1 {
		t.Errorf("%d comments of ours", ours)
	}
}

// Other bots can be made to say anything, so a job's token changes only the comments of its
// own bot.
func TestCommentsOfBots(t *testing.T) {
	s := newStage(t)
	quoted := marker{what: "report", key: "ci/fleet", run: 1}.String() + "\nmine"
	echo := fakehub.User{Login: "echo[bot]", Type: "Bot"}
	for range 2 {
		s.hub.AddComment(3, echo, quoted)
	}
	s.hub.AddComment(3, fakehub.Bot(), quoted)
	s.publish()
	s.noWarnings()
	for _, c := range s.hub.Comments(3) {
		if (c.User == echo) != (c.Body == quoted) {
			t.Errorf("comment of %s: %s", c.User.Login, c.Body)
		}
	}
	if n := len(s.hub.Comments(3)); n != 3 {
		t.Errorf("%d comments", n)
	}
}

func TestTokenOfAPerson(t *testing.T) {
	s := newStage(t)
	s.hub.Me = fakehub.User{Login: "alice", Type: "User"}
	s.publish()
	s.hub.Fault(fakehub.Rule{Path: "/user", Fault: fakehub.Broken(502)})
	s.job.Run++
	s.publish()
	s.noWarnings()
	s.comment()
	s.hub.Fault(fakehub.Rule{Path: "/user", Times: -1, Fault: fakehub.Broken(502)})
	s.job.Run++
	s.publish()
	s.comment()
	s.warned("no comment: GET /user: 502")
}

func TestManyAnnotations(t *testing.T) {
	s := newStage(t)
	for i := range 129 {
		s.report.Causes = append(s.report.Causes, result.Cause{ID: fmt.Sprint("d", i), Title: "no", Location: &result.Location{File: "a.nix", Line: i + 1}})
	}
	s.report.Causes = append(s.report.Causes,
		result.Cause{ID: "out", Title: "no", Location: &result.Location{File: "../../etc/passwd"}},
		result.Cause{ID: "abs", Title: "no", Location: &result.Location{File: "/etc/passwd"}})
	s.publish()
	s.noWarnings()
	if got := len(s.hub.CheckRuns()[0].Annotations); got != 130 {
		t.Errorf("%d annotations", got)
	}
}

// Every 50 annotations take a request, of which a repository has 1,000 an hour.
func TestTooManyAnnotations(t *testing.T) {
	s := newStage(t)
	s.report = sample.Thousand(1000)
	s.publish()
	s.warned("only 500 of 1000 places are annotated")
	notes := s.hub.CheckRuns()[0].Annotations
	if len(notes) != maxNotes {
		t.Errorf("%d annotations", len(notes))
	}
	if n := len(s.hub.Requests()); n > 13 {
		t.Errorf("%d requests", n)
	}
	s.report = sample.Thousand(1)
	if got := annotations(s.report)[0].Message; len(got) > 2000 || !strings.Contains(got, "blocks 6000 cells: nixos/host1, ") || !strings.Contains(got, "and 5960 more") {
		t.Errorf("the message of a cause that blocks 6,000 cells has %d bytes: %.200s", len(got), got)
	}
}

// What a token may not do is a warning, and everything else works.
func TestRights(t *testing.T) {
	for name, c := range map[string]struct {
		rights           fakehub.Rights
		comments, checks int
		statuses         int
		commands         bool
		warning          string
	}{
		"read-only":      {fakehub.Rights{ReadOnly: true}, 0, 0, 0, true, "no comment: the token may not write it"},
		"no check runs":  {fakehub.Rights{NoChecks: true}, 1, 0, 1, true, ""},
		"neither":        {fakehub.Rights{NoChecks: true, NoStatuses: true}, 1, 0, 0, true, "no commit status: the token may not write it"},
		"only to commit": {fakehub.Rights{NoIssues: true, NoPulls: true}, 0, 1, 0, false, "no comment: the token may not write it"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.hub.Rights = c.rights
			s.publish()
			if len(s.hub.Comments(3)) != c.comments || len(s.hub.CheckRuns()) != c.checks || len(s.hub.Statuses()) != c.statuses {
				t.Errorf("%d comments, %d check runs, %d statuses", len(s.hub.Comments(3)), len(s.hub.CheckRuns()), len(s.hub.Statuses()))
			}
			if got := s.commands.String(); strings.HasPrefix(got, "::error file=hosts/laptop.nix,line=3") != c.commands {
				t.Errorf("commands %q", got)
			}
			if c.warning == "" {
				s.noWarnings()
			} else {
				s.warned(c.warning)
			}
			if s.summary() == "" {
				t.Error("no summary")
			}
		})
	}
}

func TestNoPullRequest(t *testing.T) {
	s := newStage(t)
	s.job.Pull, s.job.Event = 0, "push"
	s.publish()
	s.noWarnings()
	if len(s.hub.CheckRuns()) != 1 {
		t.Error("no check run on the commit")
	}
	s.options.Comment = Always
	s.publish()
	s.warned("no comment: the event push belongs to no open pull request")
	s.options.Comment = Never
	before := len(s.hub.Requests())
	s.publish()
	if after := len(s.hub.Requests()); after != before {
		t.Errorf("%d requests", after-before)
	}
}

// A workflow that runs after a fork's may write. It asks GitHub for the pull request and trusts
// no file of the fork.
func TestAfterAFork(t *testing.T) {
	s := newStage(t)
	s.hub.AddPull(fakehub.Pull{Number: 4, Head: strings.Repeat("4", 40), Base: baseSHA, HeadRef: "fix", Fork: "eve"})
	s.job.Pull, s.job.Event, s.job.Head, s.job.SHA = 0, "workflow_run", "eve:fix", strings.Repeat("4", 40)
	s.publish()
	s.noWarnings()
	if len(s.hub.Comments(4)) != 1 || len(s.hub.Comments(3)) != 0 {
		t.Errorf("comments on 4: %d, on 3: %d", len(s.hub.Comments(4)), len(s.hub.Comments(3)))
	}
	s.job.SHA = headSHA // a newer commit was pushed
	s.options.Comment = Always
	s.publish()
	s.warned("no open pull request")
}

func TestFaults(t *testing.T) {
	const comments, checks = "/repos/o/r/issues/3/comments", "/repos/o/r/check-runs"
	soon := func() time.Time { return time.Now().Add(time.Second) }
	for name, c := range map[string]struct {
		rules    []fakehub.Rule
		comments int
		warning  string
	}{
		"503 twice":          {[]fakehub.Rule{{Path: comments, Times: 2, Fault: fakehub.Broken(503)}}, 1, ""},
		"500 for ever":       {[]fakehub.Rule{{Path: comments, Times: -1, Fault: fakehub.Broken(500)}}, 0, "no comment: GET /repos/o/r/issues/3/comments: 500"},
		"done, but lost":     {[]fakehub.Rule{{Method: "POST", Path: comments, Fault: fakehub.DoneButLost()}}, 1, ""},
		"done, and reset":    {[]fakehub.Rule{{Method: "POST", Path: comments, Fault: fakehub.Fault{Done: true, Reset: true}}}, 1, ""},
		"check run is lost":  {[]fakehub.Rule{{Method: "POST", Path: checks, Fault: fakehub.DoneButLost()}}, 1, ""},
		"reset":              {[]fakehub.Rule{{Path: comments, Fault: fakehub.Fault{Reset: true}}}, 1, ""},
		"primary limit":      {[]fakehub.Rule{{Path: comments, Fault: fakehub.PrimaryLimit(soon())}}, 1, ""},
		"primary limit, 1 h": {[]fakehub.Rule{{Path: comments, Fault: fakehub.PrimaryLimit(time.Now().Add(time.Hour))}}, 0, "no comment: GitHub asks to wait for "},
		"secondary limit":    {[]fakehub.Rule{{Method: "POST", Path: comments, Fault: fakehub.SecondaryLimit(time.Second)}}, 1, ""},
		"secondary, 10 min":  {[]fakehub.Rule{{Method: "POST", Path: comments, Fault: fakehub.SecondaryLimit(10 * time.Minute)}}, 0, "no comment: GitHub asks to wait for 10m0s"},
		"429":                {[]fakehub.Rule{{Path: comments, Fault: fakehub.TooMany(time.Second)}}, 1, ""},
		"bad credentials":    {[]fakehub.Rule{{Times: -1, Fault: fakehub.Answers(401, "Bad credentials")}}, 0, "Bad credentials"},
		"not found":          {[]fakehub.Rule{{Times: -1, Fault: fakehub.Answers(404, "Not Found")}}, 0, "no comment: the token may not write it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			for _, r := range c.rules {
				s.hub.Fault(r)
			}
			s.publish()
			if n := len(s.hub.Comments(3)); n != c.comments {
				t.Errorf("%d comments; warnings %q", n, s.warnings)
			}
			if n := len(s.hub.CheckRuns()); n > 1 {
				t.Errorf("%d check runs", n)
			}
			if c.warning == "" {
				s.noWarnings()
			} else {
				s.warned(c.warning)
			}
		})
	}
}

// Whichever requests and responses fail, there is never more than one comment.
func TestNeverTwice(t *testing.T) {
	lanes.Heavy(t, "publishes a hundred times")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	s := newStage(t)
	faults := []fakehub.Fault{
		fakehub.DoneButLost(), fakehub.Broken(500), fakehub.Broken(502), fakehub.Broken(503),
		{Reset: true}, {Reset: true, Done: true}, fakehub.TooMany(0), fakehub.SecondaryLimit(0),
	}
	for i, f := range faults[:7] {
		s.hub.Fault(fakehub.Rule{Times: -1, Chance: 0.05, Seed: seed + uint64(i), Fault: f})
	}
	comments := 0
	for run := range 100 {
		s.job.Run, s.report = int64(run+10), failed()
		if rng.IntN(2) == 0 {
			s.report = passed()
		}
		if rng.IntN(10) == 0 { // a new pull request
			s.job.Pull++
			s.hub.AddPull(fakehub.Pull{Number: s.job.Pull, Head: headSHA, Base: baseSHA, HeadRef: fmt.Sprint("b", s.job.Pull)})
		}
		s.publish()
		n := len(s.hub.Comments(s.job.Pull))
		if n > 1 {
			t.Fatalf("run %d: %d comments", run, n)
		}
		comments += n
		for _, check := range s.hub.CheckRuns() {
			if same := count(s.hub.CheckRuns(), check.ExternalID); same > 1 {
				t.Fatalf("run %d: %d check runs %s", run, same, check.ExternalID)
			}
		}
	}
	if comments < 80 {
		t.Errorf("only %d of 100 runs left a comment; warnings %q", comments, s.warnings)
	}
}

func count(runs []fakehub.CheckRun, id string) int {
	n := 0
	for _, r := range runs {
		if r.ExternalID == id {
			n++
		}
	}
	return n
}

func TestTooLong(t *testing.T) {
	s := newStage(t)
	s.job.Summary = ""
	var limits []int
	s.options.Render = func(limit int) (string, error) {
		limits = append(limits, limit)
		return strings.Repeat("ü", limit/2), nil
	}
	s.publish()
	s.noWarnings()
	if n := len([]rune(s.comment())); n > maxComment {
		t.Errorf("%d characters", n)
	}
	// A server that counts in another way.
	s.hub.Fault(fakehub.Rule{Method: "PATCH", Times: 2, Fault: fakehub.Answers(422, "Validation Failed: body is too long")})
	s.job.Run++
	s.options.Render = func(limit int) (string, error) { return strings.Repeat("x", limit), nil }
	s.publish()
	s.noWarnings()
	if n := len(s.comment()); n > maxComment/4 || n < maxComment/8 {
		t.Errorf("%d characters", n)
	}
}

// An interrupted run still says so, and quickly.
func TestInterrupted(t *testing.T) {
	s := newStage(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.report.Verdict = result.VerdictCanceled
	s.publishIn(ctx)
	s.noWarnings()
	if !strings.Contains(s.comment(), "canceled") || s.hub.CheckRuns()[0].Conclusion != "cancelled" {
		t.Errorf("comment %q", s.comment())
	}
	s.hub.Fault(fakehub.Rule{Method: "POST", Times: -1, Fault: fakehub.SecondaryLimit(30 * time.Second)})
	began := time.Now()
	s.job.Run++
	s.publishIn(ctx)
	if took := time.Since(began); took > interruptedLimit {
		t.Errorf("took %s", took)
	}
	s.warned("GitHub asks to wait for 30s")
	if !strings.Contains(s.comment(), "run 8") {
		t.Errorf("comment %q", s.comment())
	}
}

func TestNightly(t *testing.T) {
	s := newStage(t)
	s.job.Event, s.job.Pull = "schedule", 0
	issues := func() (open, all []fakehub.Issue) {
		for _, i := range s.hub.Issues() {
			all = append(all, i)
			if i.State == "open" {
				open = append(open, i)
			}
		}
		return open, all
	}
	night := func(run int64, r result.Report) {
		s.job.Run, s.report = run, r
		s.publish()
		s.noWarnings()
	}
	night(1, passed())
	if _, all := issues(); len(all) != 0 {
		t.Fatalf("a green night opened issues: %+v", all)
	}
	night(2, failed())
	night(3, failed())
	open, all := issues()
	if len(open) != 1 || len(all) != 1 || !strings.Contains(open[0].Body, "failed in run 3") || len(s.hub.Comments(open[0].Number)) != 0 {
		t.Fatalf("two red nights: %+v", all)
	}
	other := failed()
	other.Cells[0].ID = "nixos/reason"
	night(4, other)
	if n := len(s.hub.Comments(open[0].Number)); n != 1 {
		t.Errorf("%d comments about different failures", n)
	}
	s.hub.Fault(fakehub.Rule{Method: "POST", Fault: fakehub.DoneButLost()})
	s.hub.Fault(fakehub.Rule{Method: "PATCH", Fault: fakehub.DoneButLost()})
	night(5, passed())
	if open, _ = issues(); len(open) != 0 {
		t.Errorf("still open: %+v", open)
	}
	if n := len(s.hub.Comments(all[0].Number)); n != 2 {
		t.Errorf("%d comments", n)
	}
	s.hub.Fault(fakehub.Rule{Method: "POST", Path: "/repos/o/r/issues", Fault: fakehub.DoneButLost()})
	night(6, failed())
	if open, all = issues(); len(open) != 1 || len(all) != 2 {
		t.Errorf("red again: %+v", all)
	}
	// An older night, which was green and took longer.
	s.job.Run, s.report = 5, passed()
	s.publish()
	s.warned("no issue: a newer run has written it already")
	if open, _ = issues(); len(open) != 1 {
		t.Error("an older night closed it")
	}
	s.report = failed()
	// A repository without issues.
	s.hub.Rights.IssuesOff = true
	s.job.Run = 7
	s.publish()
	s.warned("no issue: the token may not write it")
}

// A renamed repository redirects, and the token goes to nobody but GitHub.
func TestRedirections(t *testing.T) {
	var seen []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		fmt.Fprint(w, "[]")
	}))
	defer elsewhere.Close()
	s := newStage(t)
	s.hub.Fault(fakehub.Rule{Method: "GET", Path: "/repos/o/r/issues/3/comments", Times: -1, Fault: fakehub.Fault{
		Status: http.StatusMovedPermanently, Header: map[string]string{"Location": elsewhere.URL + "/x"},
	}})
	s.publish()
	if len(seen) == 0 || strings.Join(seen, "") != "" {
		t.Errorf("seen elsewhere: %q", seen)
	}
}

// A program in the job may have replaced the summary by a pipe.
func TestSummaryIsAPipe(t *testing.T) {
	s := newStage(t)
	if err := errors.Join(os.Remove(s.job.Summary), syscall.Mkfifo(s.job.Summary, 0o600)); err != nil {
		t.Fatal(err)
	}
	s.publish()
	s.warned("no summary")
	s.comment()
}

// GitHub drops a summary that is too large, so a long report is cut to what is left.
func TestLongSummary(t *testing.T) {
	s := newStage(t)
	if err := os.WriteFile(s.job.Summary, make([]byte, maxSummary/2), 0o600); err != nil {
		t.Fatal(err)
	}
	s.options.Render = func(limit int) (string, error) { return strings.Repeat("x", limit), nil }
	s.publish()
	s.noWarnings()
	if n := len(s.summary()); n > maxSummary || n < maxSummary-10 {
		t.Errorf("the summary has %d bytes of %d", n, maxSummary)
	}
}

func TestFullSummary(t *testing.T) {
	s := newStage(t)
	if err := os.WriteFile(s.job.Summary, make([]byte, maxSummary-100), 0o600); err != nil {
		t.Fatal(err)
	}
	s.publish()
	s.warned("no summary: it is already full")
	s.comment()
}
