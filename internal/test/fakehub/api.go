package fakehub

import (
	"net/http"
	"strconv"
	"strings"
)

// call answers a request with a status and a body, or says no. It has the state to
// itself.
type call func(w http.ResponseWriter, r *http.Request) (int, any, *refusal)

// api is the API without faults. The paths are those of GitHub's description.
func (h *Hub) api() http.Handler {
	mux := http.NewServeMux()
	for pattern, do := range map[string]call{
		"GET /user":                                             h.getUser,
		"GET /repos/{owner}/{repo}":                             h.getRepo,
		"GET /repos/{owner}/{repo}/pulls":                       h.listPulls,
		"GET /repos/{owner}/{repo}/pulls/{number}":              h.getPull,
		"GET /repos/{owner}/{repo}/issues":                      h.listIssues,
		"POST /repos/{owner}/{repo}/issues":                     h.createIssue,
		"GET /repos/{owner}/{repo}/issues/{number}":             h.getIssue,
		"PATCH /repos/{owner}/{repo}/issues/{number}":           h.editIssue,
		"POST /repos/{owner}/{repo}/issues/{number}/comments":   h.createComment,
		"GET /repos/{owner}/{repo}/issues/{number}/{id}":        h.getBelowIssues,
		"PATCH /repos/{owner}/{repo}/issues/comments/{id}":      h.editComment,
		"DELETE /repos/{owner}/{repo}/issues/comments/{id}":     h.deleteComment,
		"POST /repos/{owner}/{repo}/check-runs":                 h.createCheck,
		"GET /repos/{owner}/{repo}/check-runs/{id}":             h.getCheck,
		"PATCH /repos/{owner}/{repo}/check-runs/{id}":           h.updateCheck,
		"GET /repos/{owner}/{repo}/check-runs/{id}/annotations": h.listAnnotations,
		"GET /repos/{owner}/{repo}/commits/{ref}/check-runs":    h.listChecks,
		"POST /repos/{owner}/{repo}/statuses/{sha}":             h.createStatus,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { h.answer(w, r, do) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { write(w, http.StatusNotFound, notFound().body()) })
	return mux
}

func (h *Hub) answer(w http.ResponseWriter, r *http.Request, do call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	no := h.stranger(r)
	if no == nil {
		var status int
		var body any
		if status, body, no = do(w, r); no == nil {
			write(w, status, body)
			return
		}
	}
	write(w, no.status, no.body())
}

// stranger refuses who is not known, or asks for another repository.
func (h *Hub) stranger(r *http.Request) *refusal {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	known := (strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "token")) && token == h.Token
	switch owner := r.PathValue("owner"); {
	case scheme != "" && !known:
		return &refusal{status: http.StatusUnauthorized, message: "Bad credentials"}
	case scheme == "" && (r.Method != http.MethodGet || owner == ""):
		return &refusal{status: http.StatusUnauthorized, message: "Requires authentication"}
	case owner != "" && (!strings.EqualFold(owner, h.Owner) || !strings.EqualFold(r.PathValue("repo"), h.Repo)):
		return notFound()
	}
	return nil
}

// mayWrite refuses a token that lacks one right and the other, where there are two.
func (h *Hub) mayWrite(lacking ...bool) *refusal {
	denied := h.Rights.ReadOnly
	all := true
	for _, l := range lacking {
		all = all && l
	}
	if denied || all {
		return notAccessible()
	}
	return nil
}

func number(r *http.Request) int {
	n, _ := strconv.Atoi(r.PathValue("number"))
	return n
}

func id(r *http.Request) int64 {
	n, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	return n
}
