package fakehub

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const mostTitle = 256 // characters of an issue's

func gone() *refusal {
	return &refusal{status: http.StatusGone, message: "Issues has been disabled in this repository."}
}

func (h *Hub) issueObject(i *Issue) object {
	n := strconv.Itoa(i.Number)
	url, kind := h.repoURL("issues", n), "issues"
	if i.IsPull {
		kind = "pull"
	}
	labels := []object{}
	for at, l := range i.Labels {
		labels = append(labels, object{
			"id": at + 1, "node_id": "LA_" + strconv.Itoa(at+1), "url": h.repoURL("labels", l),
			"name": l, "description": nil, "color": "ededed", "default": false,
		})
	}
	comments := 0
	for _, c := range h.comments {
		if c.Issue == i.Number {
			comments++
		}
	}
	o := object{
		"id": 5000 + i.Number, "node_id": "I_" + n, "number": i.Number, "title": i.Title, "body": i.Body,
		"state": i.State, "state_reason": orNull(i.StateReason), "labels": labels, "user": h.user(i.User),
		"url": url, "repository_url": h.repoURL(), "labels_url": url + "/labels{/name}",
		"comments_url": url + "/comments", "events_url": url + "/events", "timeline_url": url + "/timeline",
		"html_url": h.html(kind, n), "assignee": nil, "assignees": []object{}, "milestone": nil,
		"locked": false, "active_lock_reason": nil, "comments": comments,
		"created_at": stamp(i.Created), "updated_at": stamp(i.Updated), "closed_at": stampOrNull(i.Closed),
		"author_association": "NONE", "performed_via_github_app": nil, "reactions": h.reactions(url),
	}
	if i.IsPull {
		o["pull_request"] = object{
			"url": h.repoURL("pulls", n), "html_url": h.html(kind, n),
			"diff_url": h.html(kind, n) + ".diff", "patch_url": h.html(kind, n) + ".patch", "merged_at": nil,
		}
	}
	return o
}

func (h *Hub) listIssues(w http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	if h.Rights.NoIssuesAtAll {
		return 0, nil, gone()
	}
	q := r.URL.Query()
	since, err := time.Parse(time.RFC3339, q.Get("since"))
	if err != nil && q.Has("since") {
		return 0, nil, invalid("Issue", "since", "invalid", "since is no time")
	}
	list := slices.DeleteFunc(slices.Clone(h.issues), func(i *Issue) bool {
		return i.Updated.Before(since) || !chosen(i, q)
	})
	sorted(list, q)
	objects := []object{}
	for _, i := range page(h, w, r, list) {
		objects = append(objects, h.issueObject(i))
	}
	return http.StatusOK, objects, nil
}

// chosen says whether a list with these filters has an issue.
func chosen(i *Issue, q url.Values) bool {
	state := q.Get("state")
	if state == "" {
		state = "open"
	}
	if state != "all" && state != i.State || q.Has("creator") && !strings.EqualFold(q.Get("creator"), i.User.Login) {
		return false
	}
	for l := range strings.SplitSeq(q.Get("labels"), ",") {
		if l != "" && !slices.Contains(i.Labels, l) {
			return false
		}
	}
	return true
}

// sorted sorts as asked for, else the newest first.
func sorted(list []*Issue, q url.Values) {
	slices.SortStableFunc(list, func(a, b *Issue) int {
		order := a.Created.Compare(b.Created)
		switch q.Get("sort") {
		case "updated":
			order = a.Updated.Compare(b.Updated)
		}
		if q.Get("direction") != "asc" {
			return -order
		}
		return order
	})
}

func (h *Hub) getIssue(_ http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	i, no := h.discussion(number(r))
	if no != nil {
		return 0, nil, no
	}
	return http.StatusOK, h.issueObject(i), nil
}

// issueGiven is what a request says of an issue; nil is left as it is.
type issueGiven struct {
	Title, Body, State *string
	StateReason        *string `json:"state_reason"`
	Labels             *[]string
}

func (g *issueGiven) check() *refusal {
	if g.Title != nil {
		if *g.Title == "" {
			return invalid("Issue", "title", "missing_field", "title can't be blank")
		}
		if no := tooLong("Issue", "title", *g.Title, mostTitle); no != nil {
			return no
		}
	}
	if g.Body != nil {
		if no := tooLong("Issue", "body", *g.Body, mostBody); no != nil {
			return no
		}
	}
	if g.State != nil && *g.State != "open" && *g.State != "closed" {
		return invalid("Issue", "state", "invalid", "state is neither open nor closed")
	}
	return nil
}

func (h *Hub) createIssue(_ http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	if h.Rights.NoIssuesAtAll {
		return 0, nil, gone()
	}
	var given issueGiven
	no := h.mayWrite(h.Rights.NoIssues)
	if no == nil {
		no = read(r, &given)
	}
	if no == nil && given.Title == nil {
		no = invalid("Issue", "title", "missing_field", "title is missing")
	}
	if no == nil {
		no = given.check()
	}
	if no != nil {
		return 0, nil, no
	}
	i := h.addIssue(h.Me, *given.Title, "", nil)
	i.take(given, i.Created)
	return http.StatusCreated, h.issueObject(i), nil
}

func (h *Hub) editIssue(_ http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	i, no := h.discussion(number(r))
	if no == nil {
		no = h.mayDiscuss(i)
	}
	var given issueGiven
	if no == nil {
		no = read(r, &given)
	}
	if no == nil {
		no = given.check()
	}
	if no != nil {
		return 0, nil, no
	}
	i.take(given, h.now())
	return http.StatusOK, h.issueObject(i), nil
}

// take takes over what was given. One that is closed without a reason is completed.
func (i *Issue) take(given issueGiven, now time.Time) {
	i.Updated = now
	if given.Title != nil {
		i.Title = *given.Title
	}
	if given.Body != nil {
		i.Body = *given.Body
	}
	if given.Labels != nil {
		i.Labels = *given.Labels
	}
	if given.State == nil || *given.State == i.State {
		return
	}
	i.State, i.StateReason, i.Closed = *given.State, "reopened", time.Time{}
	if i.State == "closed" {
		i.StateReason, i.Closed = "completed", now
	}
	if given.StateReason != nil {
		i.StateReason = *given.StateReason
	}
}
