package fakehub

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (h *Hub) getPull(_ http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	i := slices.IndexFunc(h.pulls, func(p Pull) bool { return p.Number == number(r) })
	if i < 0 {
		return 0, nil, notFound()
	}
	o := h.pullObject(h.pulls[i])
	for _, n := range []string{"additions", "changed_files", "commits", "deletions", "review_comments"} {
		o[n] = 1
	}
	o["comments"] = 0
	o["mergeable"], o["mergeable_state"], o["merged"], o["merged_by"] = true, "clean", false, nil
	o["maintainer_can_modify"], o["rebaseable"] = false, true
	return http.StatusOK, o, nil
}

func (h *Hub) listPulls(w http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	q := r.URL.Query()
	list := []object{}
	for _, p := range slices.Backward(h.pulls) {
		state := q.Get("state")
		if (state == "" && p.State == "open" || state == "all" || state == p.State) && (!q.Has("head") || q.Get("head") == h.from(p)+":"+p.HeadRef) {
			list = append(list, h.pullObject(p))
		}
	}
	return http.StatusOK, page(h, w, r, list), nil
}

// from is the owner of the repository that a pull request comes from.
func (h *Hub) from(p Pull) string {
	if p.Fork != "" {
		return p.Fork
	}
	return h.Owner
}

func (h *Hub) pullObject(p Pull) object {
	n := strconv.Itoa(p.Number)
	url, issue := h.repoURL("pulls", n), h.issue(p.Number)
	o := object{
		"id": 7000 + p.Number, "node_id": "PR_" + n, "number": p.Number, "title": p.Title, "body": orNull(p.Body), "state": p.State,
		"url": url, "html_url": h.html("pull", n), "diff_url": h.html("pull", n) + ".diff", "patch_url": h.html("pull", n) + ".patch",
		"issue_url": h.repoURL("issues", n), "commits_url": url + "/commits", "comments_url": h.repoURL("issues", n, "comments"),
		"review_comments_url": url + "/comments", "review_comment_url": h.repoURL("pulls/comments{/number}"),
		"statuses_url": h.repoURL("statuses", p.Head), "user": h.user(issue.User), "assignee": nil, "assignees": []object{},
		"requested_reviewers": []object{}, "requested_teams": []object{}, "labels": []object{}, "milestone": nil,
		"created_at": stamp(issue.Created), "updated_at": stamp(issue.Updated), "closed_at": stampOrNull(issue.Closed),
		"merged_at": nil, "merge_commit_sha": nil, "draft": false, "locked": false, "author_association": "NONE", "auto_merge": nil,
		"head": h.end(h.from(p), p.HeadRef, p.Head), "base": h.end(h.Owner, "main", p.Base),
	}
	links := object{}
	for name, of := range map[string]string{
		"self": "url", "html": "html_url", "issue": "issue_url", "commits": "commits_url", "comments": "comments_url",
		"review_comments": "review_comments_url", "review_comment": "review_comment_url", "statuses": "statuses_url",
	} {
		links[name] = object{"href": o[of]}
	}
	o["_links"] = links
	return o
}

// end is where a pull request comes from or goes to.
func (h *Hub) end(owner, ref, sha string) object {
	return object{
		"label": owner + ":" + ref, "ref": strings.TrimPrefix(ref, "refs/heads/"), "sha": sha,
		"user": h.user(User{owner, "User"}), "repo": h.repo(owner),
	}
}
