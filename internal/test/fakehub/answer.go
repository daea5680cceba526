package fakehub

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// object is one of JSON.
type object = map[string]any

const docs = "https://docs.github.com/rest"

// refusal is an answer that says no, in GitHub's words.
type refusal struct {
	status  int
	message string
	fault   object // of one field, or nil
}

func (r *refusal) body() object {
	o := object{"message": r.message, "documentation_url": docs, "status": strconv.Itoa(r.status)}
	if r.fault != nil {
		o["errors"] = []object{r.fault}
	}
	return o
}

func notFound() *refusal { return &refusal{status: http.StatusNotFound, message: "Not Found"} }

func notAccessible() *refusal {
	return &refusal{status: http.StatusForbidden, message: "Resource not accessible by integration"}
}

func unprocessable(format string, args ...any) *refusal {
	return &refusal{status: http.StatusUnprocessableEntity, message: fmt.Sprintf(format, args...)}
}

// invalid is about one field.
func invalid(resource, field, code, message string) *refusal {
	r := unprocessable("Validation Failed")
	r.fault = object{"resource": resource, "field": field, "code": code, "message": message}
	return r
}

// tooLong refuses a text of more characters than GitHub takes.
func tooLong(resource, field, text string, most int) *refusal {
	if utf8.RuneCountInString(text) <= most {
		return nil
	}
	return invalid(resource, field, "custom", fmt.Sprintf("%s is too long (maximum is %d characters)", field, most))
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("X-Ratelimit-Limit", "1000")
	w.Header().Set("X-Ratelimit-Remaining", "999")
	w.Header().Set("X-Ratelimit-Resource", "core")
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever is gone needs no answer
}

// read reads the body of a request.
func read(r *http.Request, into any) *refusal {
	text, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return &refusal{status: http.StatusBadRequest, message: "Problems parsing JSON"}
	}
	return nil
}

// page is the part of a list that was asked for. The header of the answer says where
// the others are.
func page[T any](h *Hub, w http.ResponseWriter, r *http.Request, all []T) []T {
	q := r.URL.Query()
	size := count(q, "per_page", 30)
	size = min(max(size, 1), 100)
	last := max((len(all)+size-1)/size, 1)
	at := max(count(q, "page", 1), 1)
	var links []string
	link := func(number int, rel string) {
		q.Set("page", strconv.Itoa(number))
		links = append(links, fmt.Sprintf(`<%s%s?%s>; rel="%s"`, h.base, r.URL.Path, q.Encode(), rel))
	}
	if at > 1 {
		link(at-1, "prev")
		link(1, "first")
	}
	if at < last {
		link(at+1, "next")
		link(last, "last")
	}
	if len(links) > 0 {
		w.Header().Set("Link", strings.Join(links, ", "))
	}
	from := min((at-1)*size, len(all))
	return all[from:min(from+size, len(all))]
}

func count(q url.Values, name string, otherwise int) int {
	if n, err := strconv.Atoi(q.Get(name)); err == nil {
		return n
	}
	return otherwise
}
