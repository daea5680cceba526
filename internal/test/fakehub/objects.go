package fakehub

import (
	"net/http"
	"strings"
	"time"
)

const web = "https://github.com/"

// html is a page below the repository's.
func (h *Hub) html(path ...string) string {
	return web + strings.Join(append([]string{h.Owner, h.Repo}, path...), "/")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func stampOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (h *Hub) user(u User) object {
	url := h.url("users", strings.NewReplacer("[", "%5B", "]", "%5D").Replace(u.Login))
	o := object{
		"login": u.Login, "id": number64(u.Login), "node_id": "U_" + u.Login, "type": u.Type, "site_admin": false,
		"avatar_url": "https://avatars.githubusercontent.com/u/1", "gravatar_id": "", "url": url,
		"html_url": web + strings.TrimSuffix(u.Login, "[bot]"),
	}
	for _, below := range []string{"followers", "subscriptions", "orgs", "repos", "received_events"} {
		o[strings.Replace(below, "orgs", "organizations", 1)+"_url"] = url + "/" + below
	}
	o["following_url"] = url + "/following{/other_user}"
	o["gists_url"] = url + "/gists{/gist_id}"
	o["starred_url"] = url + "/starred{/owner}{/repo}"
	o["events_url"] = url + "/events{/privacy}"
	return o
}

// number64 gives the same text the same id.
func number64(s string) int64 {
	n := int64(1)
	for _, c := range s {
		n = (n*31 + int64(c)) % 1_000_000_007
	}
	return n
}

func (h *Hub) reactions(url string) object {
	o := object{"url": url + "/reactions", "total_count": 0}
	for _, r := range []string{"+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"} {
		o[r] = 0
	}
	return o
}

// app is the one that workflows' tokens are of.
func (h *Hub) app() object {
	return object{
		"id": 15368, "slug": "github-actions", "node_id": "A_1", "name": "GitHub Actions", "description": nil,
		"owner": h.user(User{"github", "Organization"}), "external_url": "https://help.github.com/en/actions",
		"html_url": web + "apps/github-actions", "created_at": stamp(h.clock), "updated_at": stamp(h.clock),
		"permissions": object{}, "events": []string{},
	}
}

// getUser says who the token is. An installation's may not ask.
func (h *Hub) getUser(_ http.ResponseWriter, _ *http.Request) (int, any, *refusal) {
	if h.Me.Type == "Bot" {
		return 0, nil, notAccessible()
	}
	o := h.user(h.Me)
	for _, name := range []string{"bio", "blog", "company", "email", "hireable", "location", "name"} {
		o[name] = nil
	}
	for _, name := range []string{"followers", "following", "public_gists", "public_repos"} {
		o[name] = 0
	}
	o["created_at"], o["updated_at"] = stamp(h.clock), stamp(h.clock)
	return http.StatusOK, o, nil
}

func (h *Hub) getRepo(_ http.ResponseWriter, _ *http.Request) (int, any, *refusal) {
	o := h.repo(h.Owner)
	o["network_count"], o["subscribers_count"] = 0, 0
	return http.StatusOK, o, nil
}

// repo is the repository, or a fork of it.
func (h *Hub) repo(owner string) object {
	name := owner + "/" + h.Repo
	url := h.url("repos", name)
	o := object{
		"id": number64(name), "node_id": "R_" + name, "name": h.Repo, "full_name": name, "owner": h.user(User{owner, "User"}),
		"private": false, "fork": owner != h.Owner, "description": nil, "url": url, "html_url": web + name,
		"clone_url": web + name + ".git", "git_url": "git://github.com/" + name + ".git",
		"ssh_url": "git@github.com:" + name + ".git", "svn_url": web + name, "mirror_url": nil, "homepage": nil,
		"language": "Nix", "license": nil, "default_branch": "main", "visibility": "public", "topics": []string{},
		"has_issues": !h.Rights.NoIssuesAtAll, "has_projects": true, "has_wiki": false, "has_pages": false, "has_downloads": true,
		"has_discussions": false, "archived": false, "disabled": false, "allow_forking": true, "is_template": false,
		"web_commit_signoff_required": false,
		"created_at":                  stamp(h.clock), "updated_at": stamp(h.clock), "pushed_at": stamp(h.clock),
	}
	for _, n := range []string{"forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count", "watchers", "watchers_count"} {
		o[n] = 0
	}
	for below, rest := range map[string]string{
		"archive": "{archive_format}{/ref}", "assignees": "{/user}", "git/blobs": "{/sha}", "branches": "{/branch}", "collaborators": "{/collaborator}",
		"comments": "{/number}", "commits": "{/sha}", "compare": "/{base}...{head}", "contents": "/{+path}", "contributors": "", "deployments": "",
		"downloads": "", "events": "", "forks": "", "git/commits": "{/sha}", "git/refs": "{/sha}", "git/tags": "{/sha}", "hooks": "", "issues": "{/number}",
		"issues/comments": "{/number}", "issues/events": "{/number}", "keys": "{/key_id}", "labels": "{/name}", "languages": "", "merges": "",
		"milestones": "{/number}", "notifications": "{?since,all,participating}", "pulls": "{/number}", "releases": "{/id}", "stargazers": "",
		"statuses": "/{sha}", "subscribers": "", "subscription": "", "tags": "", "teams": "", "git/trees": "{/sha}",
	} {
		o[strings.NewReplacer("git/blobs", "blobs", "git/trees", "trees", "issues/comments", "issue_comment", "issues/events", "issue_events", "/", "_").Replace(below)+"_url"] = url + "/" + below + rest
	}
	return o
}
