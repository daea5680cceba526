// Package fakehub stands in for GitHub's REST API in flakeci's own tests.
//
// A [Hub] is one repository with its pull requests, issues, comments, check runs and
// commit statuses. [Start] serves it on loopback, behind prism, which checks each request
// and each answer against GitHub's own description of its API:
//
//	client ─▶ faults and record ─▶ prism ─▶ hub
//
// Faults come first because no description has them: broken connections, and answers that
// get lost after GitHub has carried out the request.
//
// The hub itself refuses only what the description allows but GitHub does not. Its answers have
// the fields that clients read; other fields that the description requires are added as null, zero
// or empty.
package fakehub

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"
)

// object is a JSON object.
type object = map[string]any

// User is an account. Type is User or Bot.
type User struct{ Login, Type string }

// Bot returns the user that a workflow's own token belongs to.
func Bot() User { return User{Login: "github-actions[bot]", Type: "Bot"} }

func (u User) object() object { return object{"login": u.Login, "type": u.Type} }

// Pull is an open pull request.
type Pull struct {
	Number     int
	Head, Base string // commits
	HeadRef    string // the branch; empty means "change"
	Fork       string // the owner of the fork with that branch; empty without a fork
}

// Comment is a comment on an issue or a pull request.
type Comment struct {
	Body string
	User User
}

// Issue is an issue.
type Issue struct {
	Number             int
	Title, Body, State string
}

// CheckRun is a check run. Annotations holds all that were ever sent.
type CheckRun struct {
	Name, Conclusion string
	SHA              string `json:"head_sha"`
	ExternalID       string `json:"external_id"`
	Output           struct{ Title, Summary string }
	URL              string
	Annotations      []Annotation
}

// Annotation is an annotation of a check run, as it was sent.
type Annotation struct {
	Path        string `json:"path"`
	StartLine   int    `json:"start_line"`
	EndLine     int    `json:"end_line"`
	StartColumn *int   `json:"start_column"`
	EndColumn   *int   `json:"end_column"`
	Level       string `json:"annotation_level"`
	Title       string `json:"title"`
	Message     string `json:"message"`
	RawDetails  string `json:"raw_details"`
}

// Status is a commit status.
type Status struct{ SHA, State, Context, Description, URL string }

// Rights lists what the token may not do.
type Rights struct {
	ReadOnly             bool // it may not write
	NoChecks, NoStatuses bool
	NoIssues, NoPulls    bool
	IssuesOff            bool // the repository has issues switched off
}

// Hub is a repository on GitHub. It serves the API with the faults and the record, but
// without prism; see [Start].
type Hub struct {
	Owner, Repo string
	// OldName is a former name of the repository, which redirects to the new one.
	OldName string
	// Token is the only valid token, and Me the user it belongs to.
	Token  string
	Me     User
	Rights Rights

	base        string       // the address of the API, without a trailing slash
	next        http.Handler // answers requests without a fault: api, or prism before api
	api         http.Handler // answers without prism
	description description  // nil without prism

	mu          sync.Mutex
	last        int // of the ids
	clock       time.Time
	commits     []string
	store       map[string][]object  // by kind
	annotations map[any][]Annotation // by the check run's URL
	rules       []*Rule
	requests    []*Request
}

// New returns an empty repository with a workflow's token.
func New(owner, repo string) *Hub {
	h := &Hub{
		Owner: owner, Repo: repo, Token: "ghs_fake", Me: Bot(), last: 1000, clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		store: map[string][]object{}, annotations: map[any][]Annotation{},
	}
	h.api = http.HandlerFunc(h.answer)
	h.next = h.api
	return h
}

// id returns a new id.
func (h *Hub) id() int {
	h.last++
	return h.last
}

// now returns the time, which advances by a second with each call.
func (h *Hub) now() string {
	h.clock = h.clock.Add(time.Second)
	return h.clock.Format(time.RFC3339)
}

// url returns an address in the API, below the repository.
func (h *Hub) url(kind string, id any) string {
	return fmt.Sprintf("https://api.github.com/repos/%s/%s/%s/%v", h.Owner, h.Repo, kind, id)
}

// AddCommit adds a commit. AddPull adds those of a pull request.
func (h *Hub) AddCommit(sha string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.commits = append(h.commits, sha)
}

// AddPull adds a pull request by a person.
func (h *Hub) AddPull(p Pull) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.commits = append(h.commits, p.Head, p.Base)
	end := func(owner, ref, sha string) object {
		return object{"label": owner + ":" + ref, "ref": ref, "sha": sha, "user": User{owner, "User"}.object(), "repo": h.repository(owner)}
	}
	issue := h.addIssue(User{"alice", "User"}, p.Number)
	issue["pull_request"] = object{"url": h.url("pulls", p.Number)}
	h.add("pulls", object{
		"id": 7000 + p.Number, "number": p.Number, "state": "open", "title": issue["title"], "user": issue["user"], "mergeable": true,
		"head": end(cmp.Or(p.Fork, h.Owner), cmp.Or(p.HeadRef, "change"), p.Head), "base": end(h.Owner, "main", p.Base),
	})
}

// AddComment adds a comment by a user.
func (h *Hub) AddComment(issue int, by User, body string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.addComment(h.find("issues", "number", issue), by, body)
}

// AddIssue adds an issue by a user.
func (h *Hub) AddIssue(by User, title, body string, labels ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := h.addIssue(by, 0)
	i["title"], i["body"], i["labels"] = title, body, labelObjects(labels)
}

// labelObjects returns labels with these names.
func labelObjects[T any](names []T) []object {
	list := []object{}
	for _, name := range names {
		list = append(list, object{"name": name})
	}
	return list
}

// addIssue adds an issue. Number 0 means the next free one.
func (h *Hub) addIssue(by User, number int) object {
	if number == 0 {
		for _, i := range h.store["issues"] {
			number = max(number, i["number"].(int))
		}
		number++
	}
	now := h.now()
	return h.add("issues", object{
		"id": 5000 + number, "number": number, "title": fmt.Sprint("Change ", number), "body": nil, "labels": []object{}, "state": "open", "state_reason": nil,
		"user": by.object(), "url": h.url("issues", number), "created_at": now, "updated_at": now, "closed_at": nil,
	})
}

func (h *Hub) addComment(issue object, by User, body any) object {
	now, id := h.now(), h.id()
	issue["updated_at"] = now
	return h.add("comments", object{
		"id": id, "body": body, "user": by.object(), "issue_url": issue["url"], "url": h.url("issues/comments", id), "created_at": now, "updated_at": now,
	})
}

// repository returns the repository, or another user's fork of it.
func (h *Hub) repository(owner string) object {
	return object{
		"id": repoID, "name": h.Repo, "full_name": owner + "/" + h.Repo, "owner": User{owner, "User"}.object(), "fork": owner != h.Owner,
		"default_branch": "main", "has_issues": !h.Rights.IssuesOff,
	}
}

const repoID = 42

func (h *Hub) add(kind string, o object) object {
	h.store[kind] = append(h.store[kind], o)
	return o
}

// find returns the object with this value of a field, or nil.
func (h *Hub) find(kind, field string, value any) object {
	for _, o := range h.store[kind] {
		if fmt.Sprint(o[field]) == fmt.Sprint(value) {
			return o
		}
	}
	return nil
}

// chosen returns the objects of a kind that match, the oldest first.
func (h *Hub) chosen(kind string, fits func(object) bool) []object {
	return slices.DeleteFunc(slices.Clone(h.store[kind]), func(o object) bool { return !fits(o) })
}

func every(object) bool { return true }

// list is chosen with the objects as values of a type.
func list[T any](h *Hub, kind string, fits func(object) bool) (all []T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := recode(h.chosen(kind, fits), &all); err != nil {
		panic(err) // prism would have refused what the client sent
	}
	return all
}

// Comments returns the comments on an issue or a pull request, the oldest first.
func (h *Hub) Comments(issue int) []Comment {
	return list[Comment](h, "comments", func(o object) bool { return o["issue_url"] == h.url("issues", issue) })
}

// Issues returns all issues that are not pull requests, the oldest first.
func (h *Hub) Issues() []Issue {
	return list[Issue](h, "issues", func(o object) bool { return o["pull_request"] == nil })
}

// CheckRuns returns all check runs, the oldest first.
func (h *Hub) CheckRuns() []CheckRun {
	all := list[CheckRun](h, "check-runs", every)
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range all {
		all[i].Annotations = slices.Clone(h.annotations[all[i].URL])
	}
	return all
}

// Statuses returns all commit statuses, the oldest first.
func (h *Hub) Statuses() []Status {
	all := list[Status](h, "statuses", every)
	for i := range all {
		all[i].SHA = path.Base(all[i].URL)
	}
	return all
}

// recode turns a value into another type through JSON.
func recode(from, into any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
