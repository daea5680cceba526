package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/result"
)

// When says when to publish something.
type When string

// Auto publishes where that makes sense. Always also warns where it is impossible.
const (
	Auto   When = "auto"
	Always When = "always"
	Never  When = "never"
)

// Options says what to publish, and how.
type Options struct {
	// Comment is for the comment on a pull request and the check run or status of a commit.
	// Auto means in every job that has a token. Without them, commands to the runner
	// annotate the user's files.
	Comment When
	// Issue is for the issue about an unattended run. Auto means for scheduled runs.
	Issue When
	// Key distinguishes the texts of several jobs. Empty means the name of the job and the shard.
	Key string
	// Shard names the part of the cells that the job tested. It is empty for all.
	Shard string
	// Render renders the report.
	Render Render
	// Commands gets the commands to the runner that annotate the user's files if there is no
	// check run.
	Commands io.Writer
	// Warn gets a warning about each thing that could not be done, with the reason.
	Warn func(string)
}

// How long Publish may take, in general and after an interruption, when GitHub soon kills
// the job.
const (
	publishLimit     = 3 * time.Minute
	interruptedLimit = 8 * time.Second
)

// maxNotes is how many places are annotated. A check run takes 50 in a request, and all jobs of a
// repository share 1,000 requests an hour; see
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
const maxNotes = 500

// Publish shows a report on GitHub. What it cannot do is a warning. The error is a [*ClashError]:
// what another job wrote would be lost.
func Publish(ctx context.Context, j Job, r result.Report, o Options) error {
	return publish(ctx, j, r, o, newClient(j))
}

func publish(ctx context.Context, j Job, r result.Report, o Options, c *client) error {
	limit := publishLimit
	if ctx.Err() != nil {
		limit = interruptedLimit
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	p := publication{job: j, report: r, options: o, client: c, notes: annotations(r)}
	if p.options.Key == "" {
		p.options.Key = strings.TrimSpace(j.Workflow + "/" + j.Name + " " + o.Shard)
	}
	if all := len(p.notes); all > maxNotes {
		p.notes = p.notes[:maxNotes]
		o.Warn(fmt.Sprintf("only %d of %d places are annotated", maxNotes, all))
	}
	p.warn("summary", p.summary())
	if j.Token == "" || o.Comment == Never {
		p.withoutToken()
	} else {
		p.writeComment(ctx) // first, since most people read it and time may run out
		p.writeCheck(ctx)
	}
	p.writeIssue(ctx)
	if len(p.clashes) > 0 {
		return &ClashError{Key: p.options.Key, Texts: p.clashes}
	}
	return nil
}

// publication is a report being published.
type publication struct {
	job     Job
	report  result.Report
	options Options
	client  *client
	notes   []annotation
	clashes []string // what another leg wrote
}

// permissions are what a job needs, by what it writes.
var permissions = map[string]string{
	"comment": "pull-requests", "check run": "checks", "commit status": "statuses", "issue": "issues",
}

// warn warns about what could not be done.
func (p *publication) warn(what string, err error) {
	switch {
	case err == nil:
	case errors.Is(err, errOtherLeg):
		p.clashes = append(p.clashes, what)
	case lacksPermission(err):
		p.options.Warn(fmt.Sprintf("no %s: the token may not write it; the job needs the permission `%s: write` (%v)", what, permissions[what], err))
	default:
		p.options.Warn(fmt.Sprintf("no %s: %v", what, err))
	}
}

// marker makes the marker of a kind of text.
func (p *publication) marker(what string) marker {
	return marker{
		what: what, key: p.options.Key, run: p.job.Run, attempt: p.job.Attempt,
		leg: legOf(p.report, p.options.Shard, p.job.Runner),
	}
}

// withoutToken does what needs no token.
func (p *publication) withoutToken() {
	if p.options.Comment == Always {
		p.options.Warn("no comment: there is no token; set GITHUB_TOKEN in the step's env")
	}
	p.commands()
}

// commands writes the annotations as commands to the runner.
func (p *publication) commands() {
	if p.options.Commands != nil {
		if _, err := io.WriteString(p.options.Commands, commands(p.notes)); err != nil {
			p.warn("annotations", err)
		}
	}
}

// writeCheck shows the report on the commit: as a check run, else as a status and by commands
// to the runner.
func (p *publication) writeCheck(ctx context.Context) {
	err := p.client.check(ctx, p.job, p.marker("check"), p.report, p.notes, p.options.Render)
	if err == nil {
		return
	}
	p.commands()
	if !lacksPermission(err) {
		p.warn("check run", err)
		return
	}
	if len(p.clashes) > 0 { // a status does not say who set it
		p.warn("commit status", errOtherLeg)
		return
	}
	if statusErr := p.client.status(ctx, p.job, p.options.Key, p.report); statusErr != nil {
		p.warn("check run", err)
		p.warn("commit status", statusErr)
	}
}

// writeComment writes the comment on the pull request.
func (p *publication) writeComment(ctx context.Context) {
	pull := p.job.Pull
	if pull == 0 && p.job.Head != "" {
		var err error
		if pull, err = p.client.findPull(ctx, p.job.Head, p.job.SHA); err != nil {
			p.warn("comment", err)
			return
		}
	}
	if pull == 0 {
		if p.options.Comment == Always {
			p.options.Warn("no comment: the event " + p.job.Event + " belongs to no open pull request")
		}
		return
	}
	p.warn("comment", p.client.comment(ctx, pull, p.marker("report"), p.options.Render))
}

// writeIssue keeps the issue about an unattended run.
func (p *publication) writeIssue(ctx context.Context) {
	switch {
	case p.options.Issue == Never, p.options.Issue != Always && p.job.Event != "schedule":
	case p.job.Token == "":
		p.options.Warn("no issue: there is no token; set GITHUB_TOKEN in the step's env")
	default:
		p.warn("issue", p.client.issue(ctx, p.marker("nightly"), p.report, p.job.RunURL(), p.options.Render))
	}
}

// maxSummary is how many bytes a step may add to the summary.
const maxSummary = 1 << 20

// summary adds the report to the summary of the job.
func (p *publication) summary() error {
	if p.job.Summary == "" {
		return nil
	}
	// GitHub creates the file. If it is missing, nobody would read one that flakeci creates.
	f, err := safefile.Append(p.job.Summary)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	room := maxSummary - int(st.Size()) - 1
	if room < maxSummary/64 {
		return errors.New("it is already full")
	}
	text, err := p.options.Render(room)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text + "\n")
	return errors.Join(err, f.Close())
}
