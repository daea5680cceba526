package fakehub

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// GitHub's limits of a check run, in characters, items and bytes.
const (
	mostOutput      = 65535
	mostAnnotations = 50
	mostNoteTitle   = 255
	mostNote        = 64 << 10
)

// CheckRun is a check run. Annotations are all that were ever sent.
type CheckRun struct {
	ID                     int64
	Name, SHA              string
	Status, Conclusion     string
	ExternalID, DetailsURL string
	Title, Summary, Text   string
	Started, Completed     time.Time
	Annotations            []Annotation
}

// Annotation is one of a check run, as it was sent.
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

// Conclusions are those that a client may give a check run. GitHub keeps stale to
// itself, but its description has it.
var conclusions = []string{"action_required", "cancelled", "failure", "neutral", "skipped", "success", "timed_out"}

type checkGiven struct {
	Name, Status, Conclusion *string
	SHA                      *string    `json:"head_sha"`
	ExternalID               *string    `json:"external_id"`
	DetailsURL               *string    `json:"details_url"`
	Started                  *time.Time `json:"started_at"`
	Completed                *time.Time `json:"completed_at"`
	Output                   *struct {
		Title, Summary, Text *string
		Annotations          []Annotation
	}
}

func (g *checkGiven) check() *refusal {
	if g.Conclusion != nil && !slices.Contains(conclusions, *g.Conclusion) {
		return unprocessable("Invalid request.\n\n%s is not a member of %q.", *g.Conclusion, conclusions)
	}
	if g.Conclusion == nil && (g.Completed != nil || g.Status != nil && *g.Status == "completed") {
		return invalid("CheckRun", "conclusion", "missing_field", "conclusion is missing")
	}
	if g.Output == nil {
		return nil
	}
	for _, text := range []*string{g.Output.Summary, g.Output.Text} {
		if text != nil && utf8.RuneCountInString(*text) > mostOutput {
			return unprocessable("Invalid request.\n\nOnly %d characters are allowed; %d were supplied.", mostOutput, utf8.RuneCountInString(*text))
		}
	}
	if g.Output.Summary == nil {
		return unprocessable("Invalid request.\n\n\"summary\" wasn't supplied.")
	}
	if n := len(g.Output.Annotations); n > mostAnnotations {
		return unprocessable("Invalid request.\n\nNo more than %d items are allowed; %d were supplied.", mostAnnotations, n)
	}
	for _, a := range g.Output.Annotations {
		if no := a.check(); no != nil {
			return no
		}
	}
	return nil
}

func (a Annotation) check() *refusal {
	columns := a.StartColumn != nil || a.EndColumn != nil
	switch {
	case !slices.Contains([]string{"notice", "warning", "failure"}, a.Level):
		return unprocessable("Invalid request.\n\n%s is not a member of [\"notice\", \"warning\", \"failure\"].", a.Level)
	case a.Path == "" || a.Message == "":
		return unprocessable("Invalid request.\n\n\"path\", \"message\" weren't supplied.")
	case a.StartLine < 1 || a.EndLine < a.StartLine:
		return invalid("CheckRun", "annotations", "invalid", "lines start at 1")
	case columns && a.StartLine != a.EndLine:
		return invalid("CheckRun", "annotations", "invalid", "columns are of a single line")
	case utf8.RuneCountInString(a.Title) > mostNoteTitle, len(a.Message) > mostNote, len(a.RawDetails) > mostNote:
		return invalid("CheckRun", "annotations", "invalid", "a text of an annotation is too long")
	}
	return nil
}

func (h *Hub) createCheck(_ http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	var given checkGiven
	no := h.mayCheck()
	if no == nil {
		no = read(r, &given)
	}
	if no == nil && (given.Name == nil || *given.Name == "" || given.SHA == nil) {
		no = unprocessable("Invalid request.\n\n\"name\", \"head_sha\" weren't supplied.")
	}
	if no == nil {
		no = given.check()
	}
	if no == nil && !h.knows(*given.SHA) {
		no = noCommit(*given.SHA)
	}
	if no != nil {
		return 0, nil, no
	}
	c := &CheckRun{ID: h.id(), SHA: *given.SHA, Status: "queued", Started: h.now()}
	c.take(given, h.now())
	h.checks = append(h.checks, c)
	return http.StatusCreated, h.checkObject(c), nil
}

// mayCheck refuses who may not write check runs, such as anybody who is no app.
func (h *Hub) mayCheck() *refusal {
	if h.Me.Type != "Bot" {
		return &refusal{status: http.StatusForbidden, message: "You must authenticate via a GitHub App."}
	}
	return h.mayWrite(h.Rights.NoChecks)
}

func noCommit(sha string) *refusal {
	if !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(sha) {
		return invalid("CheckRun", "sha", "invalid", "The sha is not 40 hexadecimal characters")
	}
	return unprocessable("No commit found for SHA: %s", sha)
}

// take takes over what was given. Annotations are added to those before.
func (c *CheckRun) take(given checkGiven, now time.Time) {
	for to, from := range map[*string]*string{
		&c.Name: given.Name, &c.Status: given.Status, &c.Conclusion: given.Conclusion,
		&c.ExternalID: given.ExternalID, &c.DetailsURL: given.DetailsURL,
	} {
		if from != nil {
			*to = *from
		}
	}
	if given.Started != nil {
		c.Started = *given.Started
	}
	if c.Conclusion != "" {
		c.Status = "completed"
		if c.Completed.IsZero() {
			c.Completed = now
		}
	}
	if given.Completed != nil {
		c.Completed = *given.Completed
	}
	if o := given.Output; o != nil {
		for to, from := range map[*string]*string{&c.Title: o.Title, &c.Summary: o.Summary, &c.Text: o.Text} {
			if from != nil {
				*to = *from
			}
		}
		c.Annotations = append(c.Annotations, o.Annotations...)
	}
}

func (h *Hub) findCheck(r *http.Request) (*CheckRun, *refusal) {
	i := slices.IndexFunc(h.checks, func(c *CheckRun) bool { return c.ID == id(r) })
	if i < 0 {
		return nil, notFound()
	}
	return h.checks[i], nil
}

func (h *Hub) getCheck(_ http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	c, no := h.findCheck(r)
	if no != nil {
		return 0, nil, no
	}
	return http.StatusOK, h.checkObject(c), nil
}

func (h *Hub) updateCheck(_ http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	var given checkGiven
	c, no := h.findCheck(r)
	if no == nil {
		no = h.mayCheck()
	}
	if no == nil {
		no = read(r, &given)
	}
	if no == nil {
		no = given.check()
	}
	if no != nil {
		return 0, nil, no
	}
	c.take(given, h.now())
	return http.StatusOK, h.checkObject(c), nil
}

func (h *Hub) listAnnotations(w http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	c, no := h.findCheck(r)
	if no != nil {
		return 0, nil, no
	}
	list := []object{}
	for _, a := range page(h, w, r, c.Annotations) {
		list = append(list, object{
			"path": a.Path, "blob_href": h.html("blob", c.SHA, a.Path), "start_line": a.StartLine, "end_line": a.EndLine,
			"start_column": a.StartColumn, "end_column": a.EndColumn, "annotation_level": a.Level,
			"title": orNull(a.Title), "message": a.Message, "raw_details": orNull(a.RawDetails),
		})
	}
	return http.StatusOK, list, nil
}

// listChecks lists those of a commit. Of several of one name the newest is given,
// unless all are asked for.
func (h *Hub) listChecks(w http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	if !h.knows(r.PathValue("ref")) {
		return 0, nil, noCommit(r.PathValue("ref"))
	}
	q := r.URL.Query()
	list, seen := []object{}, map[string]bool{}
	for _, c := range slices.Backward(h.checks) {
		switch {
		case c.SHA != r.PathValue("ref"),
			q.Has("check_name") && q.Get("check_name") != c.Name,
			q.Has("status") && q.Get("status") != c.Status,
			q.Get("filter") != "all" && seen[c.Name]:
			continue
		}
		seen[c.Name] = true
		list = append(list, h.checkObject(c))
	}
	return http.StatusOK, object{"total_count": len(list), "check_runs": page(h, w, r, list)}, nil
}

func (h *Hub) checkObject(c *CheckRun) object {
	id := strconv.FormatInt(c.ID, 10)
	url := h.repoURL("check-runs", id)
	return object{
		"id": c.ID, "node_id": "CR_" + id, "name": c.Name, "head_sha": c.SHA, "external_id": c.ExternalID,
		"url": url, "html_url": h.html("runs", id), "details_url": orNull(c.DetailsURL),
		"status": c.Status, "conclusion": orNull(c.Conclusion),
		"started_at": stampOrNull(c.Started), "completed_at": stampOrNull(c.Completed),
		"output": object{
			"title": orNull(c.Title), "summary": orNull(c.Summary), "text": orNull(c.Text),
			"annotations_count": len(c.Annotations), "annotations_url": url + "/annotations",
		},
		"check_suite": object{"id": 5}, "app": h.app(), "pull_requests": []object{},
	}
}
