package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/result"
)

// When says in which cases something is written.
type When string

// Auto is where it makes sense, Always says what stands in the way where it does
// not, Never is never.
const (
	Auto   When = "auto"
	Always When = "always"
	Never  When = "never"
)

// Options say what is shown, and how.
type Options struct {
	// Comment is for what a pull request or a commit is told: the comment, the check
	// run or status. Auto is in every job that has a token; without any of these the
	// user's files are annotated by commands to the runner.
	Comment When
	// Issue is for the issue about a run that nobody watches. Auto is for a
	// scheduled one.
	Issue When
	// Key tells apart what several jobs write; empty is the name of the job.
	Key string
	// Render writes the report.
	Render Render
	// Commands gets commands for the runner that annotate the user's files, where
	// there is no check run to do that.
	Commands io.Writer
	// Say is told what could not be done, and why.
	Say func(string)
}

// How long all of it may take, and how long once the run was interrupted: GitHub
// kills a job soon after that.
const (
	publishLimit     = 3 * time.Minute
	interruptedLimit = 8 * time.Second
)

// Publish shows a report on GitHub. What cannot be done is said and is no error.
func Publish(ctx context.Context, j Job, r result.Report, o Options) {
	publish(ctx, j, r, o, newClient(j))
}

func publish(ctx context.Context, j Job, r result.Report, o Options, c *client) {
	limit := publishLimit
	if ctx.Err() != nil {
		limit = interruptedLimit
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	p := publication{job: j, report: r, options: o, client: c, notes: Annotations(r)}
	if p.options.Key == "" {
		p.options.Key = j.Workflow + "/" + j.Name
	}
	p.say("summary", p.summary())
	if j.Token == "" || o.Comment == Never {
		p.withoutToken()
	} else {
		p.onPull(ctx) // what most people read, should there be no time for more
		p.onCommit(ctx)
	}
	p.onNight(ctx)
}

// publication is a report on its way to GitHub.
type publication struct {
	job     Job
	report  result.Report
	options Options
	client  *client
	notes   []Annotation
}

// permissions are what a workflow has to give, by what it is for.
var permissions = map[string]string{
	"comment": "pull-requests", "check run": "checks", "commit status": "statuses", "issue": "issues",
}

// say tells of what could not be done.
func (p *publication) say(what string, err error) {
	switch {
	case err == nil:
	case unwelcome(err):
		p.options.Say(fmt.Sprintf("no %s: the token may not write it, which takes `%s: write` among the permissions of the job (%v)", what, permissions[what], err))
	default:
		p.options.Say(fmt.Sprintf("no %s: %v", what, err))
	}
}

func (p *publication) marker(what string) marker {
	return marker{what: what, key: p.options.Key, run: p.job.Run, attempt: p.job.Attempt}
}

// withoutToken does what needs none.
func (p *publication) withoutToken() {
	if p.options.Comment == Always {
		p.options.Say("no comment: there is no token; give the step GITHUB_TOKEN")
	}
	p.commands()
}

func (p *publication) commands() {
	if p.options.Commands != nil {
		if _, err := io.WriteString(p.options.Commands, commands(p.notes)); err != nil {
			p.say("annotations", err)
		}
	}
}

// onCommit shows the report beside the commit: as a check run, else as a status
// and by commands to the runner.
func (p *publication) onCommit(ctx context.Context) {
	name := "flakeci " + p.options.Key
	err := p.client.check(ctx, p.job, name, p.report, p.notes, p.options.Render)
	if err == nil {
		return
	}
	p.commands()
	if !unwelcome(err) {
		p.say("check run", err)
		return
	}
	if statusErr := p.client.status(ctx, p.job, name, p.report); statusErr != nil {
		p.say("check run", err)
		p.say("commit status", statusErr)
	}
}

// onPull writes the comment of a pull request.
func (p *publication) onPull(ctx context.Context) {
	pull := p.job.Pull
	if pull == 0 && p.job.Head != "" {
		var err error
		if pull, err = p.client.pullOf(ctx, p.job.Head, p.job.SHA); err != nil {
			p.say("comment", err)
			return
		}
	}
	if pull == 0 {
		if p.options.Comment == Always {
			p.options.Say("no comment: the event " + p.job.Event + " is of no open pull request")
		}
		return
	}
	p.say("comment", p.client.comment(ctx, pull, p.marker("report"), p.options.Render))
}

// onNight keeps the issue of a run that nobody watches.
func (p *publication) onNight(ctx context.Context) {
	switch {
	case p.options.Issue == Never, p.options.Issue != Always && p.job.Event != "schedule":
	case p.job.Token == "":
		p.options.Say("no issue: there is no token; give the step GITHUB_TOKEN")
	default:
		p.say("issue", p.client.issue(ctx, p.marker("nightly"), p.report, p.job.RunURL(), p.options.Render))
	}
}

// The most bytes of all that a step adds to the summary.
const mostSummary = 1 << 20

// summary adds the report to the summary of the job.
func (p *publication) summary() error {
	if p.job.Summary == "" {
		return nil
	}
	// GitHub made the file; one that is not there is nobody's to make.
	f, err := safefile.Append(p.job.Summary)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	room := mostSummary - int(st.Size()) - 1
	if room < mostSummary/64 {
		return errors.New("it is full already")
	}
	text, err := p.options.Render(room)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text + "\n")
	return errors.Join(err, f.Close())
}
