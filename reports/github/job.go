package github

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Job is the job of GitHub Actions that a report comes from, or is shown by.
type Job struct {
	API, Server *url.URL
	Owner, Repo string
	Token       string
	Event       string // such as pull_request or schedule
	// SHA is the commit that the report is about: the head of a pull request, not
	// the merge commit that is checked out for it.
	SHA string
	// Pull is the number of the pull request, 0 where there is none or it has to be
	// asked for by Head, which is OWNER:BRANCH.
	Pull int
	Head string
	// Workflow and Name are those of the job, Run and Attempt count its runs.
	Workflow, Name string
	Run, Attempt   int64
	// Summary is the file of the job's summary, empty where there is none.
	Summary string
}

// payload is what is used of the file with the event.
type payload struct {
	Number      int         `json:"number"`
	PullRequest *pullObject `json:"pull_request"`
	WorkflowRun *struct {
		HeadSHA        string       `json:"head_sha"`
		HeadBranch     string       `json:"head_branch"`
		HeadRepository repository   `json:"head_repository"`
		Event          string       `json:"event"`
		PullRequests   []pullObject `json:"pull_requests"`
	} `json:"workflow_run"`
}

type pullObject struct {
	Number int `json:"number"`
	Head   struct {
		SHA string `json:"sha"`
	} `json:"head"`
}

type repository struct {
	Owner struct {
		Login string `json:"login"`
	} `json:"owner"`
}

// FromActions reads what GitHub Actions tells a job: variables of its environment,
// and the file with the event that it was started for.
func FromActions(env func(string) string, readFile func(string) ([]byte, error)) (Job, error) {
	j := Job{
		Token: env("GITHUB_TOKEN"), Event: env("GITHUB_EVENT_NAME"), SHA: env("GITHUB_SHA"),
		Workflow: env("GITHUB_WORKFLOW"), Name: env("GITHUB_JOB"), Summary: env("GITHUB_STEP_SUMMARY"),
		Run: number(env("GITHUB_RUN_ID")), Attempt: number(env("GITHUB_RUN_ATTEMPT")),
	}
	if j.Token == "" {
		j.Token = env("GH_TOKEN")
	}
	var err error
	if j.API, err = address(env("GITHUB_API_URL"), "https://api.github.com"); err != nil {
		return j, fmt.Errorf("GITHUB_API_URL: %w", err)
	}
	if j.Server, err = address(env("GITHUB_SERVER_URL"), "https://github.com"); err != nil {
		return j, fmt.Errorf("GITHUB_SERVER_URL: %w", err)
	}
	var found bool
	if j.Owner, j.Repo, found = strings.Cut(env("GITHUB_REPOSITORY"), "/"); !found {
		return j, fmt.Errorf("GITHUB_REPOSITORY is %q, and not OWNER/NAME", env("GITHUB_REPOSITORY"))
	}
	path := env("GITHUB_EVENT_PATH")
	if path == "" {
		return j, nil
	}
	text, err := readFile(path)
	if err != nil {
		return j, fmt.Errorf("the event cannot be read: %w", err)
	}
	var p payload
	if err := json.Unmarshal(text, &p); err != nil {
		return j, fmt.Errorf("the event %s cannot be read: %w", path, err)
	}
	j.take(p)
	return j, nil
}

// take takes in what the event says of the pull request. A workflow that runs
// after another one is told of its pull request unless that came from a fork; then
// it has to be asked for.
func (j *Job) take(p payload) {
	switch {
	case p.PullRequest != nil:
		j.Pull = p.PullRequest.Number
		if j.Pull == 0 {
			j.Pull = p.Number
		}
		if sha := p.PullRequest.Head.SHA; sha != "" {
			j.SHA = sha
		}
	case p.WorkflowRun != nil:
		w := p.WorkflowRun
		j.SHA = w.HeadSHA
		if !strings.HasPrefix(w.Event, "pull_request") {
			return
		}
		for _, pull := range w.PullRequests {
			if pull.Head.SHA == w.HeadSHA {
				j.Pull = pull.Number
				return
			}
		}
		j.Head = w.HeadRepository.Owner.Login + ":" + w.HeadBranch
	}
}

// address reads the URL of a service; its path ends with a slash.
func address(given, otherwise string) (*url.URL, error) {
	if given == "" {
		given = otherwise
	}
	u, err := url.Parse(strings.TrimRight(given, "/") + "/")
	if err != nil {
		return nil, err
	}
	if u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("%q is no address of a server", given)
	}
	return u, nil
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// RunURL is where the job's logs and artifacts are, empty where that is not known.
func (j Job) RunURL() string {
	if j.Run == 0 {
		return ""
	}
	u := j.Server.JoinPath(j.Owner, j.Repo, "actions", "runs", strconv.FormatInt(j.Run, 10))
	if j.Attempt > 1 {
		u = u.JoinPath("attempts", strconv.FormatInt(j.Attempt, 10))
	}
	return u.String()
}

// SourceURL is the folder below which the files of the commit are shown.
func (j Job) SourceURL() string {
	if j.SHA == "" {
		return ""
	}
	return j.Server.JoinPath(j.Owner, j.Repo, "blob", j.SHA).String() + "/"
}
