package fakehub

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"strings"
	"time"
)

// Fault is what goes wrong with a request.
type Fault struct {
	// Status, Header and Body replace the correct answer. Status 0 leaves it unchanged.
	Status int
	Header map[string]string
	Body   string
	// Done carries out the request anyway.
	Done bool
	// Reset breaks the connection instead of answering.
	Reset bool
	// Delay is how long the answer takes.
	Delay time.Duration
}

// Rule says which requests have a fault. A zero field matches every request; without Skip
// and Times, the first match has the fault.
type Rule struct {
	// Path is a pattern as in [path.Match].
	Method, Path string
	// Skip is how many matching requests to leave alone first, and Times how many have the
	// fault after that: 0 means one, -1 all.
	Skip, Times int
	// Chance is how likely each of them is to have the fault, decided by Seed. 0 means
	// certain.
	Chance float64
	Seed   uint64
	Fault  Fault

	seen, done int
	random     *rand.Rand
}

// Fault adds a rule. The first rule that matches a request counts.
func (h *Hub) Fault(r Rule) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.Times = cmp.Or(r.Times, 1)
	r.random = rand.New(rand.NewPCG(r.Seed, 0))
	h.rules = append(h.rules, &r)
}

// takes reports whether a request has the rule's fault.
func (r *Rule) takes(method, at string) bool {
	if fits, _ := path.Match(r.Path, at); r.Method != "" && r.Method != method || r.Path != "" && !fits {
		return false
	}
	r.seen++
	if r.seen <= r.Skip || r.Times >= 0 && r.done >= r.Times || r.Chance > 0 && r.random.Float64() >= r.Chance {
		return false
	}
	r.done++
	return true
}

// Broken is how GitHub answers when it has problems: 500, 502, 503.
func Broken(status int) Fault {
	return Fault{Status: status, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html><body>" + http.StatusText(status) + "</body></html>"}
}

// DoneButLost carries out the request and loses the answer.
func DoneButLost() Fault {
	f := Broken(http.StatusBadGateway)
	f.Done = true
	return f
}

const docs = "https://docs.github.com/rest"

// refusal is an answer that refuses a request. Clients recognize some refusals by the page
// of documentation that they name.
func refusal(status int, body object) Fault {
	body["documentation_url"] = cmp.Or(body["documentation_url"], docs)
	text, _ := json.Marshal(body) // cannot fail: it holds nothing but JSON
	return Fault{Status: status, Body: string(text)}
}

// Answers is a refusal with a message: 401 Bad credentials, 404 Not Found.
func Answers(status int, message string) Fault { return refusal(status, object{"message": message}) }

// PrimaryLimit is the answer after too many requests in an hour.
func PrimaryLimit(reset time.Time) Fault {
	f := Answers(http.StatusForbidden, "API rate limit exceeded for installation ID 1.")
	f.Header = map[string]string{
		"X-Ratelimit-Limit": "1000", "X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": strconv.FormatInt(reset.Unix(), 10),
	}
	return f
}

// SecondaryLimit is the answer to too many requests at once. A wait of 0 leaves out how
// long to wait.
func SecondaryLimit(wait time.Duration) Fault {
	f := refusal(http.StatusForbidden, object{
		"message":           "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
		"documentation_url": docs + "/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits",
	})
	if wait > 0 {
		f.Header = map[string]string{"Retry-After": strconv.Itoa(int(wait.Seconds()))}
	}
	return f
}

// TooMany is the secondary limit with the other status that GitHub gives it, 429.
func TooMany(wait time.Duration) Fault {
	f := SecondaryLimit(wait)
	f.Status = http.StatusTooManyRequests
	return f
}

// Request is a request that was made.
type Request struct {
	Method, Path string
	Authorized   bool // it had an Authorization header
	Body         string
	Status       int  // of the answer, 0 if there was none
	Faulty       bool // a rule took it
}

// Requests returns all requests in the order they came.
func (h *Hub) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []Request
	for _, r := range h.requests {
		all = append(all, *r)
	}
	return all
}

// ServeHTTP answers like GitHub, or with a fault.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // if this fails, the client is gone
	record, fault := h.record(r, string(body))
	answer := httptest.NewRecorder()
	if fault.Done || fault.Status == 0 && !fault.Reset {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		h.redirect(answer, r)
	}
	if fault.Delay > 0 {
		select {
		case <-time.After(fault.Delay):
		case <-r.Context().Done():
			return
		}
	}
	if fault.Reset {
		reset(w)
		return
	}
	if fault.Status != 0 {
		answer = httptest.NewRecorder()
		fault.write(answer)
	}
	h.mu.Lock()
	record.Status = answer.Code
	h.mu.Unlock()
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // nobody else waits for it
}

// record records a request and returns its fault.
func (h *Hub) record(r *http.Request, body string) (*Request, Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	record := &Request{Method: r.Method, Path: r.URL.Path, Authorized: r.Header.Get("Authorization") != "", Body: body}
	h.requests = append(h.requests, record)
	for _, rule := range h.rules {
		if rule.takes(r.Method, r.URL.Path) {
			record.Faulty = true
			return record, rule.Fault
		}
	}
	return record, Fault{}
}

// redirect redirects a request for the old name to the repository's id, as GitHub does. A
// request by id means the repository itself.
func (h *Hub) redirect(w http.ResponseWriter, r *http.Request) {
	old, byID := "/repos/"+h.Owner+"/"+h.OldName, fmt.Sprint("/repositories/", repoID)
	if rest, ok := strings.CutPrefix(r.URL.Path+"/", old+"/"); ok && h.OldName != "" {
		to := *r.URL
		to.Path = byID + strings.TrimSuffix("/"+rest, "/")
		location, status := h.base+to.RequestURI(), http.StatusMovedPermanently
		if r.Method != http.MethodGet {
			status = http.StatusTemporaryRedirect
		}
		moved := refusal(status, object{"message": http.StatusText(status), "url": location})
		moved.Header = map[string]string{"Location": location}
		moved.write(w)
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, byID); ok {
		r.URL.Path, r.URL.RawPath = "/repos/"+h.Owner+"/"+h.Repo+rest, ""
	}
	h.next.ServeHTTP(w, r)
}

// write answers with the fault.
func (f Fault) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for name, value := range f.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.Body) // nobody else waits for it
}

// reset breaks the connection so that the client notices.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // a test's recorder has no connection
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // otherwise it would close normally
	}
	_ = conn.Close()
}
