package github

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Job is the job of GitHub Actions that made the report or publishes it.
type Job struct {
	API, Server *url.URL
	Owner, Repo string
	Token       string
	Event       string // such as pull_request or schedule
	// SHA is the commit that the report is about: the head of a pull request, not
	// the merge commit that is checked out for it.
	SHA string
	// Pull is the number of the pull request. It is 0 if there is none, or if it must be found
	// by Head, which is OWNER:BRANCH.
	Pull int
	Head string
	// Workflow and Name name the job, Run and Attempt its run.
	Workflow, Name string
	Run, Attempt   int64
	Runner         string // the name of the machine
	// Summary is the file of the job's summary, empty if there is none.
	Summary string
}

// payload is what FromActions uses of the event's file.
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

// FromActions reads the job from its environment variables and from the file of the event that
// started it.
func FromActions(env func(string) string, readFile func(string) ([]byte, error)) (Job, error) {
	j := Job{
		Token: env("GITHUB_TOKEN"), Event: env("GITHUB_EVENT_NAME"), SHA: env("GITHUB_SHA"),
		Workflow: env("GITHUB_WORKFLOW"), Name: env("GITHUB_JOB"), Summary: env("GITHUB_STEP_SUMMARY"),
		Run: number(env("GITHUB_RUN_ID")), Attempt: number(env("GITHUB_RUN_ATTEMPT")), Runner: env("RUNNER_NAME"),
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
		return j, fmt.Errorf("GITHUB_REPOSITORY is %q, not OWNER/NAME", env("GITHUB_REPOSITORY"))
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
	j.setPull(p)
	return j, nil
}

// setPull sets the pull request of the event. The event of a workflow that runs after another
// one names the pull request unless that came from a fork; then Publish has to find it.
func (j *Job) setPull(p payload) {
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

// address reads the URL of a server, or takes the default. Its path ends with a slash.
func address(given, fallback string) (*url.URL, error) {
	if given == "" {
		given = fallback
	}
	u, err := url.Parse(strings.TrimRight(given, "/") + "/")
	if err != nil {
		return nil, err
	}
	if u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("%q is not the address of a server", given)
	}
	return u, nil
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// RunURL returns the address of the job's logs and artifacts, empty if it is unknown.
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

// SourceURL returns the address of the folder with the commit's files.
func (j Job) SourceURL() string {
	if j.SHA == "" {
		return ""
	}
	return j.Server.JoinPath(j.Owner, j.Repo, "blob", j.SHA).String() + "/"
}
