package fakehub

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bot is the user that a workflow's own token is.
func Bot() User { return User{Login: "github-actions[bot]", Type: "Bot"} }

// User is somebody with an account. Type is User or Bot.
type User struct{ Login, Type string }

// Pull is a pull request. Fork is the owner of the repository that it comes from,
// empty if it is the one it goes to.
type Pull struct {
	Number         int
	Title, Body    string
	Head, Base     string // commits
	HeadRef, State string // empty is the branch "change", and open
	Fork           string
}

// Comment is a comment on an issue or a pull request.
type Comment struct {
	ID               int64
	Issue            int
	Body             string
	User             User
	Created, Updated time.Time
}

// Issue is an issue. Pull requests are issues too.
type Issue struct {
	Number             int
	Title, Body        string
	State, StateReason string
	Labels             []string
	IsPull             bool
	User               User
	Created, Updated   time.Time
	Closed             time.Time // zero while it is open
}

// Rights is what the token may not do, as the permissions of a workflow say it.
type Rights struct {
	ReadOnly             bool // all of these
	NoChecks, NoStatuses bool
	NoIssues, NoPulls    bool
	NoIssuesAtAll        bool // the repository has issues switched off
}

// Hub is one repository on GitHub. It is an [http.Handler] of the API, with the
// faults and the record, but without prism; see [Start].
type Hub struct {
	Owner, Repo string
	// OldName is what the repository was called before, which leads to it still.
	OldName string
	// Token is the only one that is good, and Me who it is.
	Token  string
	Me     User
	Rights Rights

	base string       // address of the API, without a slash at its end
	next http.Handler // the API, behind prism or not

	mu       sync.Mutex
	last     int64 // of ids
	clock    time.Time
	commits  []string
	pulls    []Pull
	issues   []*Issue
	comments []*Comment
	checks   []*CheckRun
	statuses []Status
	rules    []*ruleState
	requests []Request
}

// New makes a repository without anything in it. Its token is a workflow's.
func New(owner, repo string) *Hub {
	h := &Hub{
		Owner: owner, Repo: repo, Token: "ghs_fake", Me: Bot(), base: "https://api.github.com",
		last: 1000, clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	h.next = h.api()
	return h
}

// id and now give what no two things share: time goes on by a second each time.
func (h *Hub) id() int64 {
	h.last++
	return h.last
}

func (h *Hub) now() time.Time {
	h.clock = h.clock.Add(time.Second)
	return h.clock
}

// AddCommit makes a commit known. Those of pull requests are.
func (h *Hub) AddCommit(sha string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.commits = append(h.commits, sha)
}

// AddPull adds a pull request, by a person.
func (h *Hub) AddPull(p Pull) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.State == "" {
		p.State = "open"
	}
	if p.HeadRef == "" {
		p.HeadRef = "change"
	}
	if p.Title == "" {
		p.Title = fmt.Sprintf("Change %d", p.Number)
	}
	now := h.now()
	h.pulls = append(h.pulls, p)
	h.commits = append(h.commits, p.Head, p.Base)
	h.issues = append(h.issues, &Issue{
		Number: p.Number, Title: p.Title, Body: p.Body, State: p.State, IsPull: true,
		User: User{"alice", "User"}, Created: now, Updated: now,
	})
}

// AddComment adds a comment of somebody's.
func (h *Hub) AddComment(issue int, by User, body string) Comment {
	h.mu.Lock()
	defer h.mu.Unlock()
	return *h.addComment(issue, by, body)
}

func (h *Hub) addComment(issue int, by User, body string) *Comment {
	now := h.now()
	c := &Comment{ID: h.id(), Issue: issue, Body: body, User: by, Created: now, Updated: now}
	h.comments = append(h.comments, c)
	if i := h.issue(issue); i != nil {
		i.Updated = now
	}
	return c
}

// AddIssue adds an issue of somebody's.
func (h *Hub) AddIssue(by User, title, body string, labels ...string) Issue {
	h.mu.Lock()
	defer h.mu.Unlock()
	return *h.addIssue(by, title, body, labels)
}

func (h *Hub) addIssue(by User, title, body string, labels []string) *Issue {
	number := 1
	for _, i := range h.issues {
		number = max(number, i.Number+1)
	}
	now := h.now()
	i := &Issue{Number: number, Title: title, Body: body, State: "open", Labels: labels, User: by, Created: now, Updated: now}
	h.issues = append(h.issues, i)
	return i
}

// issue finds an issue or pull request, or nil.
func (h *Hub) issue(number int) *Issue {
	i := slices.IndexFunc(h.issues, func(i *Issue) bool { return i.Number == number })
	if i < 0 {
		return nil
	}
	return h.issues[i]
}

// Comments returns those on an issue or pull request, the oldest first.
func (h *Hub) Comments(issue int) []Comment {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []Comment
	for _, c := range h.comments {
		if c.Issue == issue {
			list = append(list, *c)
		}
	}
	return list
}

// Issues returns all that are no pull requests, the oldest first.
func (h *Hub) Issues() []Issue {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []Issue
	for _, i := range h.issues {
		if !i.IsPull {
			list = append(list, *i)
		}
	}
	return list
}

// CheckRuns returns all check runs, the oldest first.
func (h *Hub) CheckRuns() []CheckRun {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []CheckRun
	for _, c := range h.checks {
		list = append(list, *c)
	}
	return list
}

// Statuses returns all commit statuses, the oldest first.
func (h *Hub) Statuses() []Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.statuses)
}

// knows says whether there is a commit, by its full name.
func (h *Hub) knows(sha string) bool { return slices.Contains(h.commits, sha) }

// url is an address in the API.
func (h *Hub) url(path ...string) string { return h.base + "/" + strings.Join(path, "/") }

// repoURL is an address in the API below the repository.
func (h *Hub) repoURL(path ...string) string {
	return h.url(append([]string{"repos", h.Owner, h.Repo}, path...)...)
}
