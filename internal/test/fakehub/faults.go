package fakehub

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	// Status, Header and Body are the answer instead of the right one. 0 is the
	// right one, late.
	Status int
	Header map[string]string
	Body   string
	// Done has what was asked for done all the same.
	Done bool
	// Reset breaks the connection instead of an answer.
	Reset bool
	// Delay is how long the answer takes.
	Delay time.Duration
}

// Rule says which requests a fault is for: the first ones that fit, unless told
// otherwise.
type Rule struct {
	// Method is one, or empty for all. Path is a pattern as of [path.Match], or empty.
	Method, Path string
	// Skip is how many that fit are left alone first, Times how many have the fault
	// after that: 0 is one, -1 is all.
	Skip, Times int
	// Chance is that each of those has the fault, decided by Seed. 0 is for certain.
	Chance float64
	Seed   uint64
	Fault  Fault
}

type ruleState struct {
	Rule
	seen, done int
	random     *rand.Rand
}

// Fault adds a rule. The first that fits a request counts.
func (h *Hub) Fault(r Rule) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Times == 0 {
		r.Times = 1
	}
	h.rules = append(h.rules, &ruleState{Rule: r, random: rand.New(rand.NewPCG(r.Seed, 0))})
}

// takes says whether a request has the rule's fault.
func (r *ruleState) takes(method, at string) bool {
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

func message(text, at string) string {
	b, _ := json.Marshal(map[string]string{"message": text, "documentation_url": docs + at}) // of strings
	return string(b)
}

// Broken is an answer of GitHub's when it is not well: 500, 502, 503.
func Broken(status int) Fault {
	return Fault{Status: status, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html><body>" + http.StatusText(status) + "</body></html>"}
}

// DoneButLost is an answer that is lost although what was asked for was done.
func DoneButLost() Fault {
	f := Broken(http.StatusBadGateway)
	f.Done = true
	return f
}

// PrimaryLimit is the answer after too many requests in an hour.
func PrimaryLimit(reset time.Time) Fault {
	return Fault{Status: http.StatusForbidden, Header: map[string]string{
		"X-Ratelimit-Limit": "1000", "X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": strconv.FormatInt(reset.Unix(), 10),
	}, Body: message("API rate limit exceeded for installation ID 1.", "/using-the-rest-api/rate-limits-for-the-rest-api")}
}

// SecondaryLimit is the answer after too much at once. Without a wait GitHub says
// nothing of how long.
func SecondaryLimit(wait time.Duration) Fault {
	f := Fault{Status: http.StatusForbidden, Body: message(
		"You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
		"/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits")}
	if wait > 0 {
		f.Header = map[string]string{"Retry-After": strconv.Itoa(int(wait.Seconds()))}
	}
	return f
}

// TooMany is 429, the other answer of a limit.
func TooMany(wait time.Duration) Fault {
	f := SecondaryLimit(wait)
	f.Status = http.StatusTooManyRequests
	return f
}

// Answers is a refusal with GitHub's way to say it: 401 Bad credentials, 404 Not
// Found.
func Answers(status int, text string) Fault { return Fault{Status: status, Body: message(text, "")} }

// Request is one that was made.
type Request struct {
	Method, Path, Query string
	Authorized          bool // it had an Authorization header
	Body                string
	Status              int  // of the answer, 0 if there was none
	Faulty              bool // a rule was for it
}

// Requests returns all that were made, in the order they came.
func (h *Hub) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Request(nil), h.requests...)
}

// ServeHTTP answers as GitHub would, or not, if there is a rule for that.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body) // one that breaks off has no reader of its answer
	index, fault := h.arrive(r, body.String())
	answer := httptest.NewRecorder()
	if fault == nil || fault.Status == 0 && !fault.Reset || fault.Done {
		r.Body = http.NoBody
		if body.Len() > 0 {
			r.Body = readCloser{bytes.NewReader(body.Bytes())}
		}
		r.ContentLength = int64(body.Len())
		h.old(answer, r)
	}
	if fault != nil {
		if !late(r, fault.Delay) {
			return
		}
		if fault.Reset {
			reset(w)
			return
		}
		if fault.Status != 0 {
			answer = fault.answer()
		}
	}
	h.mu.Lock()
	h.requests[index].Status = answer.Code
	h.mu.Unlock()
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // whoever is gone needs no answer
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// arrive records a request and finds its fault.
func (h *Hub) arrive(r *http.Request, body string) (int, *Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	record := Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Authorized: r.Header.Get("Authorization") != "", Body: body}
	var fault *Fault
	for _, rule := range h.rules {
		if rule.takes(r.Method, r.URL.Path) {
			fault, record.Faulty = &rule.Fault, true
			break
		}
	}
	h.requests = append(h.requests, record)
	return len(h.requests) - 1, fault
}

// old sends those who ask for the old name to the new one, by the repository's id,
// as GitHub does.
func (h *Hub) old(w http.ResponseWriter, r *http.Request) {
	old, byID := "/repos/"+h.Owner+"/"+h.OldName, fmt.Sprintf("/repositories/%d", number64(h.Owner+"/"+h.Repo))
	if rest, ok := strings.CutPrefix(r.URL.Path, old); ok && h.OldName != "" && (rest == "" || rest[0] == '/') {
		to := h.base + byID + rest
		if r.URL.RawQuery != "" {
			to += "?" + r.URL.RawQuery
		}
		w.Header().Set("Location", to)
		status, text := http.StatusMovedPermanently, "Moved Permanently"
		if r.Method != http.MethodGet {
			status, text = http.StatusTemporaryRedirect, "Temporary Redirect"
		}
		write(w, status, object{"message": text, "url": to, "documentation_url": docs})
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, byID); ok {
		r.URL.Path, r.URL.RawPath = "/repos/"+h.Owner+"/"+h.Repo+rest, ""
	}
	h.next.ServeHTTP(w, r)
}

// late waits, and says whether there is still somebody waiting too.
func late(r *http.Request, delay time.Duration) bool {
	if delay == 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (f *Fault) answer() *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for name, value := range f.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(f.Status)
	_, _ = w.WriteString(f.Body) // into memory
	return w
}

// reset breaks the connection so that the other side is told so.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // a recorder of a test has no connection
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the connection would end in order
	}
	_ = conn.Close()
}
