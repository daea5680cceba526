package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flakeci/flakeci/internal/test/fakehub"
)

// The commits and the pull request of a script's repository on GitHub.
const (
	hubHead  = "1111111111111111111111111111111111111111"
	hubBase  = "2222222222222222222222222222222222222222"
	hubMerge = "3333333333333333333333333333333333333333"
	hubPull  = 3
)

// hubKey is the key of a script's hub.
type hubKey struct{}

type scriptHub struct {
	tb  testing.TB
	hub *fakehub.Hub
}

// hub starts a stand-in for GitHub, or checks what was created there:
//
//	hub start [read-only] [no-checks] [no-statuses] [no-issues] [no-pulls] [issues-off]
//	hub event pull_request|fork|workflow_run|push|schedule
//	hub comments N [match=REGEXP]
//	hub checkrun CONCLUSION [annotations=N] [match=REGEXP]
//	hub status STATE [match=REGEXP]
//	hub issue open|closed [comments=N] [match=REGEXP]
//	hub requests N
//
// "! hub checkrun", "! hub status" and "! hub issue" expect none.
func hub(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: hub start|event|comments|checkrun|status|issue|requests …")
	}
	s := ts.Value(hubKey{}).(*scriptHub)
	if args[0] == "start" {
		s.start(ts, args[1:])
		return
	}
	if s.hub == nil {
		ts.Fatalf("there is no hub; hub start makes one")
	}
	var made []thing
	switch args[0] {
	case "event":
		s.event(ts, args[1])
		return
	case "comments", "requests":
		made = s.comments()
		if args[0] == "requests" {
			made = s.requests()
		}
		if strconv.Itoa(len(made)) != args[1] {
			ts.Fatalf("%d %s, want %s:\n%s", len(made), args[0], args[1], all(made))
		}
		if len(args) == 2 {
			return
		}
	case "checkrun":
		made = s.checks()
	case "status":
		made = s.statuses()
	case "issue":
		made = s.issues()
	default:
		ts.Fatalf("hub does not know %s", args[0])
	}
	if neg {
		if len(made) > 0 {
			ts.Fatalf("there is one:\n%s", all(made))
		}
		return
	}
	for _, t := range made {
		if t.fits(ts, args[1:]) {
			return
		}
	}
	ts.Fatalf("no %s %q among\n%s", args[0], args[1:], all(made))
}

// thing is something created on GitHub, as scripts check it.
type thing struct {
	state  string
	counts map[string]int
	text   string
}

func (t thing) fits(ts *testscript.TestScript, args []string) bool {
	for _, want := range args {
		name, value, given := strings.Cut(want, "=")
		switch {
		case !given:
			if t.state != "" && t.state != want {
				return false
			}
		case name == "match":
			re, err := regexp.Compile(value)
			ts.Check(err)
			if !re.MatchString(t.text) {
				return false
			}
		default:
			n, known := t.counts[name]
			if !known {
				ts.Fatalf("%s is not counted", name)
			}
			if strconv.Itoa(n) != value {
				return false
			}
		}
	}
	return true
}

func all(things []thing) string {
	var b strings.Builder
	for _, t := range things {
		b.WriteString(t.state + " " + strconv.Quote(t.text) + "\n")
	}
	return b.String()
}

func (s *scriptHub) comments() (list []thing) {
	for _, c := range s.hub.Comments(hubPull) {
		list = append(list, thing{text: c.Body})
	}
	return list
}

func (s *scriptHub) requests() (list []thing) {
	for _, r := range s.hub.Requests() {
		list = append(list, thing{text: r.Method + " " + r.Path + " " + strconv.Itoa(r.Status)})
	}
	return list
}

func (s *scriptHub) checks() (list []thing) {
	for _, c := range s.hub.CheckRuns() {
		list = append(list, thing{c.Conclusion, map[string]int{"annotations": len(c.Annotations)}, c.SHA + " " + c.Name + "\n" + c.Output.Title + "\n" + c.Output.Summary})
	}
	return list
}

func (s *scriptHub) statuses() (list []thing) {
	for _, c := range s.hub.Statuses() {
		list = append(list, thing{state: c.State, text: c.SHA + " " + c.Context + "\n" + c.Description})
	}
	return list
}

func (s *scriptHub) issues() (list []thing) {
	for _, i := range s.hub.Issues() {
		list = append(list, thing{i.State, map[string]int{"comments": len(s.hub.Comments(i.Number))}, i.Title + "\n" + i.Body})
	}
	return list
}

// start starts a hub and makes the script a GitHub Actions job, for a pull request from the
// same repository.
func (s *scriptHub) start(ts *testscript.TestScript, args []string) {
	h := fakehub.New("o", "r")
	for _, arg := range args {
		right, known := map[string]*bool{
			"read-only": &h.Rights.ReadOnly, "no-checks": &h.Rights.NoChecks, "no-statuses": &h.Rights.NoStatuses,
			"no-issues": &h.Rights.NoIssues, "no-pulls": &h.Rights.NoPulls, "issues-off": &h.Rights.IssuesOff,
		}[arg]
		if !known {
			ts.Fatalf("hub start does not know %s", arg)
		}
		*right = true
	}
	h.AddCommit(hubMerge)
	h.AddPull(fakehub.Pull{Number: hubPull, Head: hubHead, Base: hubBase})
	s.hub = h
	summary := ts.MkAbs("summary.md")
	ts.Check(os.WriteFile(summary, nil, 0o644))
	for name, value := range map[string]string{
		"GITHUB_API_URL": fakehub.Start(s.tb, h), "GITHUB_SERVER_URL": "https://github.com",
		"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": h.Token,
		"GITHUB_WORKFLOW": "CI", "GITHUB_JOB": "flakeci", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1",
		"GITHUB_STEP_SUMMARY": summary, "GITHUB_WORKSPACE": ts.MkAbs("."),
	} {
		ts.Setenv(name, value)
	}
	s.event(ts, "pull_request")
}

// event makes the script a job of another event. For a fork's pull request the token can only
// read, as on GitHub.
func (s *scriptHub) event(ts *testscript.TestScript, name string) {
	type object = map[string]any
	repository := object{"full_name": "o/r", "owner": object{"login": "o"}}
	fork := object{"full_name": "eve/r", "owner": object{"login": "eve"}, "fork": true}
	var payload object
	from, sha := repository, hubBase
	switch name {
	case "fork":
		name, from = "pull_request", fork
		s.hub.Rights.ReadOnly = true
		fallthrough
	case "pull_request":
		sha = hubMerge
		payload = object{"action": "synchronize", "number": hubPull, "pull_request": object{
			"number": hubPull, "state": "open",
			"head": object{"sha": hubHead, "ref": "change", "repo": from},
			"base": object{"sha": hubBase, "ref": "main", "repo": repository},
		}}
	case "workflow_run":
		s.hub.AddPull(fakehub.Pull{Number: hubPull + 1, Head: hubMerge, Base: hubBase, Fork: "eve"})
		payload = object{"action": "completed", "workflow_run": object{
			"event": "pull_request", "head_sha": hubMerge, "head_branch": "change", "head_repository": fork, "pull_requests": []object{},
		}}
	case "push":
		payload = object{"ref": "refs/heads/main", "before": hubMerge, "after": hubBase}
	case "schedule":
		payload = object{"schedule": "0 3 * * *"}
	default:
		ts.Fatalf("hub does not know the event %s", name)
	}
	payload["repository"] = repository
	text, err := json.Marshal(payload)
	ts.Check(err)
	file := ts.MkAbs("event.json")
	ts.Check(os.WriteFile(file, text, 0o644))
	ts.Setenv("GITHUB_EVENT_NAME", name)
	ts.Setenv("GITHUB_EVENT_PATH", file)
	ts.Setenv("GITHUB_SHA", sha)
}
