package fakehub

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	mostDescription = 140 // characters
	mostContext     = 255
)

// Status is a commit status.
type Status struct {
	SHA, State, Context, Description, TargetURL string
	Created                                     time.Time
}

func (h *Hub) createStatus(_ http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	given := struct {
		State, Context, Description string
		TargetURL                   string `json:"target_url"`
	}{Context: "default"}
	no := h.mayWrite(h.Rights.NoStatuses)
	if no == nil {
		no = read(r, &given)
	}
	if no == nil && !slices.Contains([]string{"error", "failure", "pending", "success"}, given.State) {
		no = invalid("Status", "state", "custom", "state is not included in the list")
	}
	if no == nil {
		no = tooLong("Status", "description", given.Description, mostDescription)
	}
	if no == nil {
		no = tooLong("Status", "context", given.Context, mostContext)
	}
	sha := r.PathValue("sha")
	if no == nil && !h.knows(sha) {
		no = noCommit(sha)
	}
	if no != nil {
		return 0, nil, no
	}
	s := Status{SHA: sha, State: given.State, Context: given.Context, Description: given.Description, TargetURL: given.TargetURL, Created: h.now()}
	h.statuses = append(h.statuses, s)
	id := h.id()
	return http.StatusCreated, object{
		"id": id, "node_id": "SC_" + strconv.FormatInt(id, 10), "url": h.repoURL("statuses", sha),
		"avatar_url": "https://avatars.githubusercontent.com/u/1", "state": s.State, "context": s.Context,
		"description": orNull(s.Description), "target_url": orNull(s.TargetURL),
		"created_at": stamp(s.Created), "updated_at": stamp(s.Created), "creator": h.user(h.Me),
	}, nil
}
