package fakehub

import (
	"net/http"
	"slices"
	"strconv"
)

const mostBody = 65536

func (h *Hub) comment(c *Comment) object {
	id, issue := strconv.FormatInt(c.ID, 10), strconv.Itoa(c.Issue)
	return object{
		"id": c.ID, "node_id": "IC_" + id, "body": c.Body, "user": h.user(c.User),
		"url": h.repoURL("issues/comments", id), "issue_url": h.repoURL("issues", issue),
		"html_url":   h.html("issues", issue) + "#issuecomment-" + id,
		"created_at": stamp(c.Created), "updated_at": stamp(c.Updated),
		"author_association": "NONE", "performed_via_github_app": nil,
		"reactions": h.reactions(h.repoURL("issues/comments", id)),
	}
}

// discussion finds the issue that a comment is on or is to be on.
func (h *Hub) discussion(number int) (*Issue, *refusal) {
	i := h.issue(number)
	switch {
	case i == nil:
		return nil, notFound()
	case !i.IsPull && h.Rights.NoIssuesAtAll:
		return nil, gone()
	}
	return i, nil
}

// mayDiscuss refuses who may not write there. On a pull request either right will do.
func (h *Hub) mayDiscuss(i *Issue) *refusal {
	if i.IsPull {
		return h.mayWrite(h.Rights.NoIssues, h.Rights.NoPulls)
	}
	return h.mayWrite(h.Rights.NoIssues)
}

// getBelowIssues tells issues/3/comments from issues/comments/3, which a
// [http.ServeMux] takes for the same.
func (h *Hub) getBelowIssues(w http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	switch {
	case r.PathValue("number") == "comments":
		return h.getComment(w, r)
	case r.PathValue("id") == "comments":
		return h.listComments(w, r)
	}
	return 0, nil, notFound()
}

func (h *Hub) listComments(w http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	if _, no := h.discussion(number(r)); no != nil {
		return 0, nil, no
	}
	list := []object{}
	for _, c := range h.comments {
		if c.Issue == number(r) {
			list = append(list, h.comment(c))
		}
	}
	return http.StatusOK, page(h, w, r, list), nil
}

func (h *Hub) createComment(_ http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	i, no := h.discussion(number(r))
	if no == nil {
		no = h.mayDiscuss(i)
	}
	if no != nil {
		return 0, nil, no
	}
	body, no := commentBody(r)
	if no != nil {
		return 0, nil, no
	}
	return http.StatusCreated, h.comment(h.addComment(i.Number, h.Me, body)), nil
}

// commentBody reads the text of a comment, which must not be empty.
func commentBody(r *http.Request) (string, *refusal) {
	var given struct{ Body *string }
	if no := read(r, &given); no != nil {
		return "", no
	}
	if given.Body == nil || *given.Body == "" {
		return "", invalid("IssueComment", "body", "missing_field", "Body can't be blank")
	}
	return *given.Body, tooLong("IssueComment", "body", *given.Body, mostBody)
}

// findComment finds the one that a request names, and refuses who may not change it.
func (h *Hub) findComment(r *http.Request) (int, *refusal) {
	at := slices.IndexFunc(h.comments, func(c *Comment) bool { return c.ID == id(r) })
	if at < 0 {
		return 0, notFound()
	}
	if r.Method == http.MethodGet {
		return at, nil
	}
	return at, h.mayDiscuss(h.issue(h.comments[at].Issue))
}

func (h *Hub) getComment(_ http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	at, no := h.findComment(r)
	if no != nil {
		return 0, nil, no
	}
	return http.StatusOK, h.comment(h.comments[at]), nil
}

func (h *Hub) editComment(_ http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	at, no := h.findComment(r)
	if no != nil {
		return 0, nil, no
	}
	body, no := commentBody(r)
	if no != nil {
		return 0, nil, no
	}
	c := h.comments[at]
	c.Body, c.Updated = body, h.now()
	return http.StatusOK, h.comment(c), nil
}

func (h *Hub) deleteComment(_ http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	at, no := h.findComment(r)
	if no != nil {
		return 0, nil, no
	}
	h.comments = slices.Delete(h.comments, at, at+1)
	return http.StatusNoContent, nil, nil
}
