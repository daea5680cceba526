package fakehub

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

const (
	head = "1111111111111111111111111111111111111111"
	base = "2222222222222222222222222222222222222222"
)

// collector is a test that collects errors instead of failing.
type collector struct {
	testing.TB
	said *[]string
}

func (c collector) Error(args ...any) { *c.said = append(*c.said, fmt.Sprint(args...)) }

// started starts a hub with a pull request and an issue, behind prism.
func started(t *testing.T) (*Hub, string) {
	t.Helper()
	h := New("o", "r")
	h.AddPull(Pull{Number: 3, Head: head, Base: base})
	h.AddIssue(User{"bob", "User"}, "Broken", "It is.", "bug")
	return h, Start(t, h)
}

// collecting starts one that collects prism's objections.
func collecting(t *testing.T) (*Hub, string, *[]string) {
	t.Helper()
	h := New("o", "r")
	h.AddPull(Pull{Number: 3, Head: head, Base: base})
	said := &[]string{}
	return h, Start(collector{t, said}, h), said
}

// ask makes a request, given as "METHOD path", and returns the status, body and header of
// the answer.
func ask(t *testing.T, h *Hub, api, what, body string) (int, string, http.Header) {
	t.Helper()
	status, text, header, err := try(h, api, what, body)
	if err != nil {
		t.Fatal(err)
	}
	return status, text, header
}

func try(h *Hub, api, what, body string) (int, string, http.Header, error) {
	method, path, _ := strings.Cut(what, " ")
	r, err := http.NewRequest(method, api+path, strings.NewReader(body))
	if err != nil {
		return 0, "", nil, err
	}
	r.Header.Set("Authorization", "Bearer "+h.Token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return 0, "", nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), answer.Header, err
}

// Without prism, this test is skipped loudly; the others test the hub alone.
func TestPrismIsThere(t *testing.T) {
	_, err := shared(lanes.Root(t))
	if errors.Is(err, errMissing) {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// However the tests end, no process of prism remains.
func TestPrismEnds(t *testing.T) {
	lanes.Heavy(t, "starts prism again and again")
	TestPrismIsThere(t)
	for _, killed := range []bool{false, true} {
		folder := t.TempDir() // in prism's environment, to find it by
		cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^(TestPrismIsThere|TestHang)$")
		cmd.Env = append(os.Environ(), "TMPDIR="+folder, fmt.Sprintf("%s=%t", hangs, killed))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() && !strings.Contains(lines.Text(), "PASS: TestPrismIsThere") {
		}
		if killed {
			if running(folder) == "" {
				t.Error("prism does not run")
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); (err != nil) != killed {
			t.Fatal(err)
		}
		deadline := time.Now().Add(time.Minute)
		for left := running(folder); left != ""; left = running(folder) {
			if time.Now().After(deadline) {
				t.Fatalf("still running: %s", left)
			}
			time.Sleep(20 * time.Millisecond)
		}
		if files, err := os.ReadDir(folder); err != nil || len(files) > 0 {
			t.Errorf("left over: %v %v", files, err)
		}
	}
}

const hangs = "FAKEHUB_HANGS"

// TestHang is for TestPrismEnds, which kills it.
func TestHang(*testing.T) {
	if os.Getenv(hangs) == "true" {
		time.Sleep(time.Minute)
	}
}

// running is the command line of a prism that has a text in its environment.
func running(text string) string {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		environ, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(environ), text) {
			continue
		}
		line, err := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if err == nil && strings.Contains(string(line), "prism") {
			return strings.ReplaceAll(string(line), "\x00", " ")
		}
	}
	return ""
}

// The hub answers every kind of request, and prism finds nothing wrong with the answers.
func TestEveryEndpoint(t *testing.T) {
	h, api := started(t)
	h.AddComment(3, Bot(), "first") // 1001
	repo := "/repos/o/r"
	for _, c := range []struct {
		what, body string
		status     int
		has        string
	}{
		{"GET /user", "", 403, "Resource not accessible by integration"},
		{"GET " + repo, "", 200, `"full_name":"o/r"`},
		{"GET " + repo + "/pulls?state=open&head=o:change", "", 200, `"sha":"` + head},
		{"GET " + repo + "/pulls?head=eve:change", "", 200, `[]`},
		{"GET " + repo + "/pulls?state=closed", "", 200, `[]`},
		{"GET " + repo + "/pulls/3", "", 200, `"mergeable":true`},
		{"GET " + repo + "/pulls/4", "", 404, "Not Found"},
		{"GET " + repo + "/issues?state=all&creator=bob&labels=bug&per_page=100", "", 200, `"title":"Broken"`},
		{"GET " + repo + "/issues?creator=eve", "", 200, `[]`},
		{"GET " + repo + "/issues?since=2030-01-01T00:00:00Z", "", 200, `[]`},
		{"GET " + repo + "/issues/4", "", 200, `"body":"It is."`},
		{"POST " + repo + "/issues", `{"title": "New", "body": "b", "labels": ["x"], "milestone": null}`, 201, `"number":5`},
		{"PATCH " + repo + "/issues/5", `{"state": "closed", "state_reason": "completed"}`, 200, `"state_reason":"completed"`},
		{"PATCH " + repo + "/issues/5", `{"state": "open"}`, 200, `"closed_at":null`},
		{"GET " + repo + "/issues/3/comments?per_page=100", "", 200, `"body":"first"`},
		{"GET " + repo + "/issues/9/comments", "", 404, "Not Found"},
		{"POST " + repo + "/issues/3/comments", `{"body": "second <b>"}`, 201, `"id":1002`},
		{"GET " + repo + "/issues/comments/1002", "", 200, "second"},
		{"PATCH " + repo + "/issues/comments/1002", `{"body": "changed"}`, 200, `"body":"changed"`},
		{"DELETE " + repo + "/issues/comments/1002", "", 204, ""},
		{"GET " + repo + "/issues/comments/1002", "", 404, "Not Found"},
		{"POST " + repo + "/check-runs", `{"name": "n", "head_sha": "` + head + `", "status": "in_progress"}`, 201, `"conclusion":null`},
		{"PATCH " + repo + "/check-runs/1003", `{"conclusion": "failure", "output": {"title": "t", "summary": "s", "annotations": [` + note(`"failure"`) + `]}}`, 200, `"annotations_count":1`},
		{"PATCH " + repo + "/check-runs/1003", `{"output": {"title": "t", "summary": "s", "annotations": [` + note(`"notice"`) + `]}}`, 200, `"annotations_count":2`},
		{"GET " + repo + "/check-runs/1003", "", 200, `"conclusion":"failure"`},
		{"GET " + repo + "/check-runs/1003/annotations", "", 200, `"annotation_level":"notice"`},
		{"GET " + repo + "/commits/" + head + "/check-runs?check_name=n", "", 200, `"total_count":1`},
		{"POST " + repo + "/statuses/" + head, `{"state": "success", "context": "c", "description": "d"}`, 201, `"context":"c"`},
		{"GET /repos/eve/r", "", 404, "Not Found"},
		{"PATCH " + repo + "/issues/4", `{"state": "closed"}`, 200, `"state_reason":"completed"`},
		{"GET " + repo + "/issues?creator=bob", "", 200, `[]`},
		{"POST " + repo + "/check-runs", `{"name": "n", "head_sha": "` + head + `"}`, 201, `"status":"queued"`},
		{"GET " + repo + "/commits/" + head + "/check-runs", "", 200, `"total_count":1`},
		{"GET " + repo + "/commits/" + head + "/check-runs?check_name=m", "", 200, `"total_count":0`},
		{"GET " + repo + "/commits/" + head + "/check-runs?filter=all", "", 200, `"total_count":2`},
	} {
		status, text, _ := ask(t, h, api, c.what, c.body)
		if status != c.status || !strings.Contains(text, c.has) || c.has == "[]" && strings.TrimSpace(text) != "[]" {
			t.Errorf("%s: %d %s", c.what, status, text)
		}
	}
	h.Me = User{"alice", "User"}
	if status, text, _ := ask(t, h, api, "GET /user", ""); status != 200 || !strings.Contains(text, `"login":"alice"`) {
		t.Errorf("a person: %d %s", status, text)
	}
	if status, text, _ := ask(t, h, api, "POST "+repo+"/check-runs", `{"name": "n", "head_sha": "`+head+`"}`); status != 403 || !strings.Contains(text, "GitHub App") {
		t.Errorf("a person's check run: %d %s", status, text)
	}
}

// note is an annotation as JSON.
func note(level string) string {
	return `{"path": "flake.nix", "start_line": 1, "end_line": 1, "message": "m", "annotation_level": ` + level + `}`
}

// A request that GitHub's description forbids never reaches the hub, and fails a test. That
// is why the hub does not check these things again.
func TestPrismRefuses(t *testing.T) {
	TestPrismIsThere(t)
	run := func(more string) string { return `{"name": "n", "head_sha": "` + head + `", ` + more + `}` }
	output := func(notes string) string {
		return run(`"conclusion": "failure", "output": {"title": "t", "summary": "s", "annotations": [` + notes + `]}`)
	}
	for name, c := range map[string]struct{ what, body, words string }{
		"comment without body": {"POST /repos/o/r/issues/3/comments", `{"text": "x"}`, "body"},
		"no such conclusion":   {"POST /repos/o/r/check-runs", run(`"conclusion": "broken"`), "conclusion"},
		"no such level":        {"POST /repos/o/r/check-runs", output(note(`"error"`)), "annotation_level"},
		"51 annotations":       {"POST /repos/o/r/check-runs", output(strings.Repeat(note(`"notice"`)+",", 50) + note(`"notice"`)), "50"},
		"long summary":         {"POST /repos/o/r/check-runs", run(`"output": {"title": "t", "summary": "` + strings.Repeat("x", 65536) + `"}`), "65535"},
		"no such state":        {"POST /repos/o/r/statuses/" + head, `{"state": "red"}`, "state"},
		"issue without title":  {"POST /repos/o/r/issues", `{"body": "x"}`, "title"},
		"no such path":         {"GET /repos/o/r/nix", "", "hasn't been found"},
		"no such issue state":  {"PATCH /repos/o/r/issues/3", `{"state": "gone"}`, "state"},
		"run without name":     {"POST /repos/o/r/check-runs", `{"head_sha": "` + head + `"}`, "name"},
		"run without commit":   {"POST /repos/o/r/check-runs", `{"name": "n"}`, "head_sha"},
		"no summary":           {"POST /repos/o/r/check-runs", run(`"output": {"title": "t"}`), "summary"},
		"note without path":    {"POST /repos/o/r/check-runs", output(`{"start_line": 1, "end_line": 1, "message": "m", "annotation_level": "notice"}`), "path"},
		"since is no time":     {"GET /repos/o/r/issues?since=monday", "", "since"},
	} {
		t.Run(name, func(t *testing.T) {
			h, api, said := collecting(t)
			before := fmt.Sprint(h.store)
			ask(t, h, api, c.what, c.body)
			if len(*said) != 1 || !strings.Contains((*said)[0], c.words) {
				t.Errorf("prism says %q", *said)
			}
			if fmt.Sprint(h.store) != before {
				t.Error("it was done")
			}
		})
	}
}

// An answer that the description forbids fails a test too. Prism silently skips a schema
// that its validator cannot read, so the test tries each one.
func TestPrismRefusesAnswers(t *testing.T) {
	TestPrismIsThere(t)
	h, api, said := collecting(t)
	for what, c := range map[string]struct {
		body   string
		status int
	}{
		"GET /user":                                      {"", 200},
		"GET /repos/o/r":                                 {"", 200},
		"GET /repos/o/r/pulls":                           {"", 200},
		"GET /repos/o/r/pulls/3":                         {"", 200},
		"GET /repos/o/r/issues":                          {"", 200},
		"POST /repos/o/r/issues":                         {`{"title": "x"}`, 201},
		"GET /repos/o/r/issues/3":                        {"", 200},
		"PATCH /repos/o/r/issues/3":                      {`{"state": "open"}`, 200},
		"GET /repos/o/r/issues/3/comments":               {"", 200},
		"POST /repos/o/r/issues/3/comments":              {`{"body": "x"}`, 201},
		"GET /repos/o/r/issues/comments/3":               {"", 200},
		"PATCH /repos/o/r/issues/comments/3":             {`{"body": "x"}`, 200},
		"POST /repos/o/r/check-runs":                     {`{"name": "x", "head_sha": "y"}`, 201},
		"GET /repos/o/r/check-runs/3":                    {"", 200},
		"PATCH /repos/o/r/check-runs/3":                  {`{"name": "x"}`, 200},
		"GET /repos/o/r/check-runs/3/annotations":        {"", 200},
		"GET /repos/o/r/commits/" + head + "/check-runs": {"", 200},
		"POST /repos/o/r/statuses/" + head:               {`{"state": "success"}`, 201},
	} {
		for _, wrong := range []any{object{"id": "text"}, []object{{"id": "text"}}} {
			*said = nil
			h.api = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w, c.status, wrong) })
			if status, _, _ := ask(t, h, api, what, c.body); status != 500 || len(*said) != 1 || !strings.Contains((*said)[0], "response") {
				t.Errorf("%s: %d %q to the answer %v", what, status, *said, wrong)
			}
		}
		if c.body == "" {
			continue
		}
		*said = nil
		if status, _, _ := ask(t, h, api, what, `["x"]`); status != 422 || len(*said) != 1 {
			t.Errorf("%s: %d %q to a list", what, status, *said)
		}
	}
}

// The hub refuses what the description allows and GitHub does not.
func TestHubRefuses(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	for name, c := range map[string]struct {
		rights     Rights
		what, body string
		status     int
		words      string
	}{
		"long comment":     {Rights{}, "POST /repos/o/r/issues/3/comments", `{"body": "` + long(65537) + `"}`, 422, "65536"},
		"empty comment":    {Rights{}, "POST /repos/o/r/issues/3/comments", `{"body": ""}`, 422, "blank"},
		"long title":       {Rights{}, "POST /repos/o/r/issues", `{"title": "` + long(257) + `"}`, 422, "256"},
		"unknown commit":   {Rights{}, "POST /repos/o/r/check-runs", `{"name": "n", "head_sha": "` + strings.Repeat("3", 40) + `"}`, 422, "No commit found for SHA"},
		"no commit's name": {Rights{}, "POST /repos/o/r/statuses/main", `{"state": "success"}`, 422, "sha"},
		"long description": {Rights{}, "POST /repos/o/r/statuses/" + head, `{"state": "success", "description": "` + long(141) + `"}`, 422, "140"},
		"columns of lines": {Rights{}, "POST /repos/o/r/check-runs", `{"name": "n", "head_sha": "` + head + `", "output": {"title": "t", "summary": "s", "annotations": [
			{"path": "f", "start_line": 1, "end_line": 2, "start_column": 1, "message": "m", "annotation_level": "notice"}]}}`, 422, "single line"},
		"no line": {Rights{}, "POST /repos/o/r/check-runs", `{"name": "n", "head_sha": "` + head + `", "output": {"title": "t", "summary": "s", "annotations": [
			{"path": "f", "start_line": 0, "end_line": 2, "message": "m", "annotation_level": "notice"}]}}`, 422, "lines"},
		"long note": {Rights{}, "POST /repos/o/r/check-runs", `{"name": "n", "head_sha": "` + head + `", "output": {"title": "t", "summary": "s", "annotations": [
			{"path": "f", "start_line": 1, "end_line": 1, "message": "` + long(64<<10+1) + `", "annotation_level": "notice"}]}}`, 422, "too long"},
		"no conclusion":   {Rights{}, "POST /repos/o/r/check-runs", `{"name": "n", "head_sha": "` + head + `", "status": "completed"}`, 422, "conclusion"},
		"empty title":     {Rights{}, "PATCH /repos/o/r/issues/4", `{"title": ""}`, 422, "blank"},
		"no such comment": {Rights{}, "PATCH /repos/o/r/issues/comments/7", `{"body": "x"}`, 404, "Not Found"},
		"no such run":     {Rights{}, "PATCH /repos/o/r/check-runs/7", `{"name": "x"}`, 404, "Not Found"},
		"read only":       {Rights{ReadOnly: true}, "POST /repos/o/r/issues/3/comments", `{"body": "x"}`, 403, "Resource not accessible"},
		"no checks":       {Rights{NoChecks: true}, "POST /repos/o/r/check-runs", `{"name": "n", "head_sha": "` + head + `"}`, 403, "Resource not accessible"},
		"no statuses":     {Rights{NoStatuses: true}, "POST /repos/o/r/statuses/" + head, `{"state": "success"}`, 403, "Resource not accessible"},
		"pulls will do":   {Rights{NoIssues: true}, "POST /repos/o/r/issues/3/comments", `{"body": "x"}`, 201, "x"},
		"neither right":   {Rights{NoIssues: true, NoPulls: true}, "POST /repos/o/r/issues/3/comments", `{"body": "x"}`, 403, "Resource not accessible"},
		"no issues":       {Rights{NoIssues: true}, "POST /repos/o/r/issues", `{"title": "x"}`, 403, "Resource not accessible"},
		"issues off":      {Rights{IssuesOff: true}, "POST /repos/o/r/issues", `{"title": "x"}`, 410, "disabled"},
		"pulls are not":   {Rights{IssuesOff: true}, "POST /repos/o/r/issues/3/comments", `{"body": "x"}`, 201, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			h, api := started(t)
			h.Rights = c.rights
			if status, text, _ := ask(t, h, api, c.what, c.body); status != c.status || !strings.Contains(text, c.words) {
				t.Errorf("%d %s", status, text)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	h, api := started(t)
	h.Token = "other"
	stale := &Hub{Token: "ghs_fake"}
	if status, text, _ := ask(t, stale, api, "GET /repos/o/r", ""); status != 401 || !strings.Contains(text, "Bad credentials") {
		t.Errorf("%d %s", status, text)
	}
	answer, err := http.Get(api + "/user")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if r := h.Requests(); answer.StatusCode != 401 || !r[0].Authorized || r[1].Authorized {
		t.Errorf("%d %+v", answer.StatusCode, r)
	}
}

func TestPages(t *testing.T) {
	h, api := started(t)
	for i := range 5 {
		h.AddComment(3, Bot(), fmt.Sprint("text ", i))
	}
	path, seen := "/repos/o/r/issues/3/comments?per_page=2", 0
	for pages := 1; ; pages++ {
		_, text, header := ask(t, h, api, "GET "+path, "")
		seen += strings.Count(text, `"body":"text`)
		next, _, more := strings.Cut(header.Get("Link"), `>; rel="next"`)
		if !more {
			if seen != 5 || pages != 3 {
				t.Errorf("%d comments on %d pages", seen, pages)
			}
			return
		}
		path = next[strings.LastIndex(next, "<")+1:][len(api):]
	}
}

// Issues are listed with the pull requests among them, the newest first by default.
func TestOrderOfIssues(t *testing.T) {
	h, api := started(t)
	for query, want := range map[string]string{"": "43", "?sort=created&direction=asc": "34"} {
		_, text, _ := ask(t, h, api, "GET /repos/o/r/issues"+query, "")
		three, four := strings.Index(text, `"number":3`), strings.Index(text, `"number":4`)
		if three < 0 || four < 0 || (three < four) != (want == "34") {
			t.Errorf("%q: %s", query, text)
		}
	}
}

func TestFaults(t *testing.T) {
	const comment = "POST /repos/o/r/issues/3/comments"
	reset := time.Unix(1900000000, 0)
	for name, c := range map[string]struct {
		fault    Fault
		status   int // 0 is none
		words    string
		header   string
		comments int
	}{
		"broken":       {Broken(503), 503, "Service Unavailable", "", 0},
		"done but 502": {DoneButLost(), 502, "Bad Gateway", "", 1},
		"primary":      {PrimaryLimit(reset), 403, "rate limit exceeded", "X-Ratelimit-Reset: 1900000000", 0},
		"secondary":    {SecondaryLimit(7 * time.Second), 403, "secondary", "Retry-After: 7", 0},
		"too many":     {TooMany(0), 429, "secondary", "", 0},
		"credentials":  {Answers(401, "Bad credentials"), 401, "Bad credentials", "", 0},
		"before":       {Fault{Reset: true}, 0, "connection reset", "", 0},
		"after":        {Fault{Reset: true, Done: true}, 0, "connection reset", "", 1},
		"slow":         {Fault{Delay: 300 * time.Millisecond}, 201, `"body":"x"`, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			h, api := started(t)
			h.Fault(Rule{Method: "POST", Path: "/repos/*/*/issues/*/comments", Fault: c.fault})
			began := time.Now()
			status, text, header, err := try(h, api, comment, `{"body": "x"}`)
			if err != nil {
				text = err.Error()
			}
			if status != c.status || !strings.Contains(text, c.words) || time.Since(began) < c.fault.Delay {
				t.Errorf("%d %s", status, text)
			}
			if field, value, _ := strings.Cut(c.header, ": "); field != "" && header.Get(field) != value {
				t.Errorf("%s is %q", field, header.Get(field))
			}
			if n := len(h.Comments(3)); n != c.comments {
				t.Errorf("%d comments", n)
			}
			if r := h.Requests(); len(r) != 1 || !r[0].Faulty || r[0].Status != c.status || r[0].Body != `{"body": "x"}` || !r[0].Authorized {
				t.Errorf("%+v", r)
			}
			if status, text, _ := ask(t, h, api, comment, `{"body": "y"}`); status != 201 {
				t.Errorf("the second time: %d %s", status, text)
			}
		})
	}
}

func TestWhichRequestsHaveTheFault(t *testing.T) {
	statuses := func(r Rule) (list []int) {
		h := New("o", "r")
		r.Fault = Broken(502)
		h.Fault(r)
		api := Start(t, h)
		for range 6 {
			status, _, _ := ask(t, h, api, "GET /repos/o/r", "")
			list = append(list, status)
		}
		return list
	}
	for name, c := range map[string]struct {
		rule Rule
		want string
	}{
		"first":        {Rule{}, "[502 200 200 200 200 200]"},
		"third":        {Rule{Skip: 2}, "[200 200 502 200 200 200]"},
		"two":          {Rule{Skip: 1, Times: 2}, "[200 502 502 200 200 200]"},
		"all":          {Rule{Times: -1}, "[502 502 502 502 502 502]"},
		"other path":   {Rule{Path: "/user"}, "[200 200 200 200 200 200]"},
		"other verb":   {Rule{Method: "POST"}, "[200 200 200 200 200 200]"},
		"by chance":    {Rule{Times: -1, Chance: 0.5, Seed: 1}, ""},
		"once by luck": {Rule{Times: 1, Chance: 0.5, Seed: 1}, ""},
	} {
		got := fmt.Sprint(statuses(c.rule))
		again := fmt.Sprint(statuses(c.rule))
		if got != again || c.want != "" && got != c.want {
			t.Errorf("%s: %s, then %s", name, got, again)
		}
		if c.want == "" && (!strings.Contains(got, "502") || !strings.Contains(got, "200")) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestOldName(t *testing.T) {
	h, api := started(t)
	h.OldName = "before"
	for what, body := range map[string]string{"GET /repos/o/before/issues/3/comments?per_page=5": "", "POST /repos/o/before/issues/3/comments": `{"body": "x"}`} {
		if status, text, _ := ask(t, h, api, what, body); status/100 != 2 {
			t.Errorf("%s: %d %s", what, status, text)
		}
	}
	if r := h.Requests(); len(r) != 4 || len(h.Comments(3)) != 1 {
		t.Errorf("%+v", r)
	}
}
