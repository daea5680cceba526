package github

import (
	"encoding/json"
	"strings"
)

// forkEvent is what [FromFork] uses of the event's file.
type forkEvent struct {
	Repository  forkRepository `json:"repository"`
	PullRequest *struct {
		Head, Base struct {
			Repo *forkRepository `json:"repo"` // nil once it was deleted
		}
	} `json:"pull_request"`
	Issue *struct {
		PullRequest json.RawMessage `json:"pull_request"` // missing if it is not a pull request
	} `json:"issue"`
	WorkflowRun *struct {
		Event          string          `json:"event"`
		HeadRepository *forkRepository `json:"head_repository"`
	} `json:"workflow_run"`
}

type forkRepository struct {
	ID   int64  `json:"id"`
	Name string `json:"full_name"`
}

// FromFork says why a job of GitHub Actions may run code of a fork, whose author must not choose
// what goes into a cache. It is empty for other jobs. If the event does not tell, it may.
func FromFork(env func(string) string, readFile func(string) ([]byte, error)) string {
	if env("GITHUB_ACTIONS") != "true" {
		return ""
	}
	name := env("GITHUB_EVENT_NAME")
	var e forkEvent
	text, err := readFile(env("GITHUB_EVENT_PATH"))
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		if strings.HasPrefix(name, "pull_request") || name == "workflow_run" || name == "issue_comment" || name == "" {
			return "the event cannot be read, so this may be a pull request of a fork"
		}
		return "" // the other events are those of the repository itself
	}
	switch {
	case e.PullRequest != nil:
		base := e.PullRequest.Base.Repo
		if base == nil {
			base = &e.Repository
		}
		return fork(e.PullRequest.Head.Repo, *base)
	case e.WorkflowRun != nil:
		return fork(e.WorkflowRun.HeadRepository, e.Repository)
	case e.Issue != nil && len(e.Issue.PullRequest) > 0 && string(e.Issue.PullRequest) != "null":
		return "a comment on a pull request does not tell whether that is of a fork"
	case strings.HasPrefix(name, "pull_request"), name == "workflow_run":
		return "the event does not tell whether this is a pull request of a fork"
	}
	return ""
}

// fork says that head is another repository than base.
func fork(head *forkRepository, base forkRepository) string {
	switch {
	case head == nil:
		return "this is a pull request of a fork that was deleted"
	case head.ID != 0 && head.ID == base.ID, head.ID == 0 && head.Name != "" && strings.EqualFold(head.Name, base.Name):
		return ""
	case head.Name == "":
		return "this is a pull request of a fork"
	}
	return "this is a pull request of the fork " + head.Name
}
