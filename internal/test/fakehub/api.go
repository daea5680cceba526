package fakehub

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// route is a request that the API answers, with its path as in GitHub's description.
type route struct {
	method, path string
	do           func(*call) any // returns the body of the answer, or a Fault
}

const (
	repo     = "/repos/{owner}/{repo}"
	issue    = repo + "/issues/{issue_number}"
	comment  = repo + "/issues/comments/{comment_id}"
	checkRun = repo + "/check-runs/{check_run_id}"
)

// routes lists every request that the hub knows.
var routes = []route{
	{http.MethodGet, "/user", (*call).user},
	{http.MethodGet, repo, func(c *call) any { return c.repository(c.Owner) }},
	{http.MethodGet, repo + "/pulls", (*call).pulls},
	{http.MethodGet, repo + "/pulls/{pull_number}", (*call).show},
	{http.MethodGet, repo + "/issues", (*call).issues},
	{http.MethodPost, repo + "/issues", (*call).writeIssue},
	{http.MethodGet, issue, (*call).show},
	{http.MethodPatch, issue, (*call).writeIssue},
	{http.MethodGet, issue + "/comments", (*call).comments},
	{http.MethodPost, issue + "/comments", (*call).writeComment},
	{http.MethodGet, comment, (*call).show},
	{http.MethodPatch, comment, (*call).writeComment},
	{http.MethodDelete, comment, (*call).deleteComment},
	{http.MethodPost, repo + "/check-runs", (*call).writeCheck},
	{http.MethodGet, checkRun, (*call).show},
	{http.MethodPatch, checkRun, (*call).writeCheck},
	{http.MethodGet, checkRun + "/annotations", func(c *call) any { return page(c, c.annotations[c.named["url"]]) }},
	{http.MethodGet, repo + "/commits/{ref}/check-runs", (*call).checks},
	{http.MethodPost, repo + "/statuses/{sha}", (*call).writeStatus},
}

// parameter is a part of a route's path that stands for any name or number.
var parameter = regexp.MustCompile(`{\w+}`)

// naming lists the parameters that name an object: its kind, and the field to match.
var naming = map[string][2]string{
	"{pull_number}": {"pulls", "number"}, "{issue_number}": {"issues", "number"},
	"{comment_id}": {"comments", "id"}, "{check_run_id}": {"check-runs", "id"},
}

// limits lists GitHub's maximum lengths in characters that its description leaves out.
var limits = map[string]map[string]int{
	"issues":   {"title": 256, "body": 65536}, // and comments on them
	"statuses": {"description": 140, "context": 255},
}

// call is a request that the hub answers.
type call struct {
	*Hub
	w      http.ResponseWriter
	r      *http.Request
	route  route
	values map[string]string // the values of the path's parameters
	area   string            // the part of the path after the repository
	named  object            // the object that the path names, or nil
	given  object            // the body
}

// answer answers a request, without faults and without prism.
func (h *Hub) answer(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := &call{Hub: h, w: w, r: r, values: map[string]string{}}
	answer := c.refuse()
	if answer == nil {
		answer = c.route.do(c)
	}
	if refusal, ok := answer.(Fault); ok {
		refusal.write(w)
		return
	}
	status := cmp.Or(map[string]int{http.MethodPost: http.StatusCreated, http.MethodDelete: http.StatusNoContent}[r.Method], http.StatusOK)
	write(w, status, h.description.complete(c.route, status, answer))
}

// refuse finds out what a request is about. It returns a Fault if GitHub would refuse it,
// else nil.
func (c *call) refuse() any {
	at := slices.IndexFunc(routes, func(to route) bool {
		fits, _ := path.Match(parameter.ReplaceAllString(to.path, "*"), c.r.URL.Path)
		return fits && to.method == c.r.Method
	})
	if at < 0 {
		return notFound
	}
	c.route = routes[at]
	parts := strings.Split(c.r.URL.Path, "/")
	for i, name := range strings.Split(c.route.path, "/") {
		c.values[name] = parts[i]
	}
	if len(parts) > 4 {
		c.area = parts[4]
	}
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	valid := token == c.Token && (strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "token"))
	owner, ofRepo := c.values["{owner}"]
	switch {
	case scheme != "" && !valid:
		return Answers(http.StatusUnauthorized, "Bad credentials")
	case scheme == "" && (c.r.Method != http.MethodGet || !ofRepo):
		return Answers(http.StatusUnauthorized, "Requires authentication")
	case ofRepo && !strings.EqualFold(owner+"/"+c.values["{repo}"], c.Owner+"/"+c.Repo):
		return notFound
	}
	for name, of := range naming {
		if value, ok := c.values[name]; ok {
			if c.named = c.find(of[0], of[1], value); c.named == nil {
				return notFound
			}
		}
	}
	return cmp.Or(c.forbidden(), c.read())
}

// forbidden refuses what the token may not do. On a pull request, the right to write issues
// or pull requests is enough.
func (c *call) forbidden() any {
	about := c.named
	if url, ok := about["issue_url"]; ok {
		about = c.find("issues", "url", url)
	}
	isPull, rights := about["pull_request"] != nil, c.Rights
	switch {
	case c.area == "issues" && rights.IssuesOff && !isPull:
		return Answers(http.StatusGone, "Issues has been disabled in this repository.")
	case c.r.Method == http.MethodGet:
		return nil
	case c.area == "check-runs" && c.Me.Type != "Bot":
		return Answers(http.StatusForbidden, "You must authenticate via a GitHub App.")
	case rights.ReadOnly, c.area == "check-runs" && rights.NoChecks, c.area == "statuses" && rights.NoStatuses,
		c.area == "issues" && rights.NoIssues && (rights.NoPulls || !isPull):
		return notAccessible
	}
	return nil
}

// read reads the body of a request, and refuses long texts and commits that do not exist.
func (c *call) read() any {
	if c.r.Method == http.MethodPost || c.r.Method == http.MethodPatch {
		if err := json.NewDecoder(c.r.Body).Decode(&c.given); err != nil {
			return Answers(http.StatusBadRequest, "Problems parsing JSON")
		}
	}
	for field, most := range limits[c.area] {
		if text, _ := c.given[field].(string); utf8.RuneCountInString(text) > most {
			return invalid("Validation Failed", field, fmt.Sprintf("%s is too long (maximum is %d characters)", field, most))
		}
	}
	head, _ := c.given["head_sha"].(string)
	if sha := cmp.Or(c.values["{ref}"], c.values["{sha}"], head); sha != "" && !slices.Contains(c.commits, sha) {
		return invalid("No commit found for SHA: "+sha, "sha", "no such commit")
	}
	return nil
}

func (c *call) show() any { return c.named }

// user returns the owner of the token. The token of an app may not ask.
func (c *call) user() any {
	if c.Me.Type == "Bot" {
		return notAccessible
	}
	return c.Me.object()
}

func (c *call) pulls() any {
	q := c.r.URL.Query()
	list := c.chosen("pulls", func(p object) bool {
		return q.Get("state") != "closed" && (!q.Has("head") || q.Get("head") == p["head"].(object)["label"])
	})
	slices.Reverse(list)
	return page(c, list)
}

// issues lists issues and pull requests, by default the newest first.
func (c *call) issues() any {
	q := c.r.URL.Query()
	since, _ := time.Parse(time.RFC3339, q.Get("since"))
	list := c.chosen("issues", func(i object) bool {
		state, by := cmp.Or(q.Get("state"), "open"), i["user"].(object)["login"].(string)
		if state != "all" && state != i["state"] || q.Has("creator") && !strings.EqualFold(q.Get("creator"), by) || i["updated_at"].(string) < since.UTC().Format(time.RFC3339) {
			return false
		}
		for want := range strings.SplitSeq(q.Get("labels"), ",") {
			if want != "" && !slices.ContainsFunc(i["labels"].([]object), func(l object) bool { return l["name"] == want }) {
				return false
			}
		}
		return true
	})
	by := cmp.Or(q.Get("sort"), "created") + "_at"
	slices.SortFunc(list, func(a, b object) int { return strings.Compare(a[by].(string), b[by].(string)) })
	if q.Get("direction") != "asc" {
		slices.Reverse(list)
	}
	return page(c, list)
}

// writeIssue opens an issue or changes one.
func (c *call) writeIssue() any {
	if c.given["title"] == "" {
		return invalid("Validation Failed", "title", "title can't be blank")
	}
	i := c.named
	if i == nil {
		i = c.addIssue(c.Me, 0)
	}
	i["updated_at"] = c.now()
	switch state := c.given["state"]; {
	case state == nil || state == i["state"]:
	case state == "closed":
		i["state_reason"], i["closed_at"] = "completed", i["updated_at"]
	default:
		i["state_reason"], i["closed_at"] = "reopened", nil
	}
	maps.Copy(i, c.given)
	if names, ok := c.given["labels"].([]any); ok {
		i["labels"] = labelObjects(names)
	}
	return i
}

func (c *call) comments() any {
	return page(c, c.chosen("comments", func(o object) bool { return o["issue_url"] == c.named["url"] }))
}

// writeComment comments on an issue or changes a comment.
func (c *call) writeComment() any {
	switch body := c.given["body"]; {
	case body == "":
		return invalid("Validation Failed", "body", "Body can't be blank")
	case c.r.Method == http.MethodPost:
		return c.addComment(c.named, c.Me, body)
	default:
		c.named["body"], c.named["updated_at"] = body, c.now()
		return c.named
	}
}

func (c *call) deleteComment() any {
	c.store["comments"] = c.chosen("comments", func(o object) bool { return o["id"] != c.named["id"] })
	return nil
}

// writeCheck creates a check run or changes one. It adds annotations to those sent before.
func (c *call) writeCheck() any {
	if c.given["conclusion"] == nil && (c.given["completed_at"] != nil || c.given["status"] == "completed") {
		return invalid("Validation Failed", "conclusion", "conclusion is missing")
	}
	var sent struct{ Annotations []Annotation }
	err := recode(c.given["output"], &sent)
	for _, a := range sent.Annotations {
		err = cmp.Or(err, a.check())
	}
	if err != nil {
		return invalid("Validation Failed", "annotations", err.Error())
	}
	run := c.named
	if run == nil {
		id := c.id()
		url := c.url("check-runs", id)
		run = c.add("check-runs", object{
			"id": id, "url": url, "status": "queued", "conclusion": nil, "started_at": c.now(), "completed_at": nil,
			"output": object{"title": nil, "summary": nil, "text": nil, "annotations_url": url + "/annotations"},
		})
	}
	output := run["output"].(object)
	given, _ := c.given["output"].(object)
	maps.Copy(output, given)
	delete(output, "annotations") // they have a list of their own
	maps.Copy(run, c.given)
	run["output"] = output
	if run["conclusion"] != nil {
		run["status"] = "completed"
		if run["completed_at"] == nil {
			run["completed_at"] = c.now()
		}
	}
	c.annotations[run["url"]] = append(c.annotations[run["url"]], sent.Annotations...)
	output["annotations_count"] = len(c.annotations[run["url"]])
	return run
}

// check returns GitHub's objection to an annotation.
func (a Annotation) check() error {
	switch {
	case a.StartLine < 1 || a.EndLine < a.StartLine:
		return errors.New("lines start at 1, and end after they start")
	case (a.StartColumn != nil || a.EndColumn != nil) && a.StartLine != a.EndLine:
		return errors.New("columns are only allowed in a single line")
	case utf8.RuneCountInString(a.Title) > 255, len(a.Message) > 64<<10, len(a.RawDetails) > 64<<10:
		return errors.New("a text of an annotation is too long")
	}
	return nil
}

// checks lists the check runs of a commit, the newest first. Of several with the same name
// it lists only the newest, unless the request wants all.
func (c *call) checks() any {
	q, seen := c.r.URL.Query(), map[any]bool{}
	list := []object{}
	for _, run := range slices.Backward(c.store["check-runs"]) {
		switch name := run["name"]; {
		case run["head_sha"] != c.values["{ref}"],
			q.Has("check_name") && name != q.Get("check_name"),
			q.Get("filter") != "all" && seen[name]:
		default:
			seen[name] = true
			list = append(list, run)
		}
	}
	return object{"total_count": len(list), "check_runs": page(c, list)}
}

func (c *call) writeStatus() any {
	now := c.now()
	s := object{
		"id": c.id(), "url": c.url("statuses", c.values["{sha}"]), "context": "default", "description": nil, "target_url": nil,
		"creator": c.Me.object(), "created_at": now, "updated_at": now,
	}
	maps.Copy(s, c.given)
	return c.add("statuses", s)
}

var (
	notFound      = Answers(http.StatusNotFound, "Not Found")
	notAccessible = Answers(http.StatusForbidden, "Resource not accessible by integration")
)

// invalid refuses a request for one of its fields.
func invalid(message, field, objection string) Fault {
	return refusal(http.StatusUnprocessableEntity, object{"message": message, "errors": []object{{"code": "custom", "field": field, "message": objection}}})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Ratelimit-Remaining", "999")
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		_ = json.NewEncoder(w).Encode(body) // nobody else waits for it
	}
}

// page returns the requested page of a list. A header says where the next one is.
func page[T any](c *call, all []T) []T {
	q := c.r.URL.Query()
	at, _ := strconv.Atoi(cmp.Or(q.Get("page"), "1"))
	size, _ := strconv.Atoi(cmp.Or(q.Get("per_page"), "30"))
	size = min(max(size, 1), 100)
	from := min(max(at-1, 0)*size, len(all))
	to := min(from+size, len(all))
	if to < len(all) {
		q.Set("page", strconv.Itoa(at+1))
		c.w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next"`, c.base, c.r.URL.Path, q.Encode()))
	}
	return append([]T{}, all[from:to]...) // an empty list is not null
}
