package vmtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// URLCheck is a page that the guest has to get. Redirections are not followed.
type URLCheck struct {
	URL      *url.URL // http or https
	Status   int      // 0 is 200
	Contains string
	Matches  *regexp.Regexp
}

func (u URLCheck) text() textCheck { return textCheck{u.Contains, u.Matches} }

func (u URLCheck) status() int {
	if u.Status == 0 {
		return 200
	}
	return u.Status
}

func (u URLCheck) label() string { return "GET " + u.URL.Redacted() }

func (u URLCheck) expected() string {
	return list(append([]string{fmt.Sprintf("status %d", u.status())}, u.text().expected("the body")...))
}

func (u URLCheck) waits() bool { return true }

// How much of a page is kept.
const pageLimit = 64 << 10

// curl is on every NixOS that did not throw it out, and bash does for http. What
// the script prints is a word on how it went, the size of the head, the head, and
// the body; bash gives both in one.
const urlScript = `
seconds=$1 url=$2 most=$3 host=$4 port=$5 request=$6 header=$7
dir=$(mktemp -d /run/flakeci-check.XXXXXX 2>/dev/null || mktemp -d) || exit
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' TERM
: >"$dir/head"
if command -v curl >/dev/null; then
	{
		curl -q -sS -g --noproxy '*' --max-time "$seconds" -D "$dir/head" -- "$url" 2>"$dir/error"
		echo $? >"$dir/code"
	} | head -c "$most" >"$dir/body"
elif [ -n "$host" ] && command -v bash >/dev/null; then
	bash -c '
		exec 3<>"/dev/tcp/$1/$2" || exit
		printf "GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: flakeci\r\nAccept: */*\r\n\r\n" "$3" "$4" >&3
		exec head -c "$5" <&3
	' bash "$host" "$port" "$request" "$header" "$most" >"$dir/body" 2>"$dir/error"
	echo $? >"$dir/code"
else
	echo missing
	exit 0
fi
read -r code <"$dir/code"
echo "$code $(wc -c <"$dir/head")"
cat "$dir/head" "$dir/body"
head -n 1 "$dir/error" >&2
exit 0`

// errNoClient is a guest without a program to ask by.
var errNoClient = errors.New("the guest has no curl; add it to environment.systemPackages")

func (u URLCheck) ask(ctx context.Context, g Guest, limit time.Duration) (answer, error) {
	// curl's own limit is the tighter one, so that it can say what is wrong.
	res, err := probeResult(ctx, g, limit+time.Second, urlScript, append([]string{
		guestSeconds(limit), u.URL.String(), strconv.Itoa(pageLimit + 1),
	}, u.plain()...)...)
	if err != nil {
		return overdue(err, limit)
	}
	first, rest, _ := bytes.Cut(res.Stdout, []byte("\n"))
	if string(first) == "missing" {
		return answer{}, errNoClient
	}
	var code, size int
	if _, err := fmt.Sscanf(string(first), "%d %d", &code, &size); err != nil || size < 0 || size > len(rest) {
		return answer{}, fmt.Errorf("asking the guest gave no answer: %q", shorten(string(first), wordWidth))
	}
	head, body := rest[:size], rest[size:]
	cut := len(body) > pageLimit
	if size == 0 {
		head, body = splitPage(rest)
	}
	return u.judge(fetched{code, pageStatus(head), body[:min(len(body), pageLimit)], cut, complaintOf(res.Stderr)}, limit), nil
}

// plain is what a request without curl takes: host, port, target and header.
func (u URLCheck) plain() []string {
	if u.URL.Scheme != "http" {
		return []string{"", "", "", ""}
	}
	port := u.URL.Port()
	if port == "" {
		port = "80"
	}
	return []string{u.URL.Hostname(), port, u.URL.RequestURI(), u.URL.Host}
}

// splitPage parts an answer at the empty line.
func splitPage(page []byte) (head, body []byte) {
	head, body, _ = bytes.Cut(page, []byte("\r\n\r\n"))
	return head, body
}

var statusRE = regexp.MustCompile(`(?m)^HTTP/[0-9.]+ ([0-9]{3})\b`)

// pageStatus is the last status of a head, for those of 1xx come before, or 0.
func pageStatus(head []byte) int {
	all := statusRE.FindAllSubmatch(head, -1)
	if len(all) == 0 {
		return 0
	}
	status, _ := strconv.Atoi(string(all[len(all)-1][1]))
	return status
}

// What curl exits with when nobody takes what it writes, which is our cutting
// the page, and when the time was over.
const (
	curlWriteError = 23
	curlTimeout    = 28
)

// fetched is how getting a page went.
type fetched struct {
	code      int // that curl or bash exited with
	status    int // 0 is none
	body      []byte
	cut       bool   // there is more of the body
	complaint string // by curl or bash
}

func (u URLCheck) judge(f fetched, limit time.Duration) answer {
	detail := lastLines(f.body, detailLines)
	switch {
	case f.status == 0 && f.code == curlTimeout:
		return answer{timedOut: true, seen: fmt.Sprintf("no answer within %s", limit)}
	case f.status == 0 && f.complaint == "":
		return answer{seen: "an answer that is not HTTP", detail: detail}
	case f.status == 0:
		return answer{seen: f.complaint}
	case f.status != u.status():
		return answer{seen: fmt.Sprintf("status %d", f.status), detail: detail}
	}
	seen := fmt.Sprintf("status %d", f.status)
	missing := u.text().missing(f.body, "the body", f.cut)
	if f.code != 0 && (f.code != curlWriteError || !f.cut) {
		missing = append(missing, "the body ended early: "+f.complaint)
	}
	if len(missing) > 0 {
		return answer{seen: seen + ", but " + list(missing), detail: detail}
	}
	return answer{ok: true, seen: seen}
}

// complaintOf is the one line that curl or bash gave.
func complaintOf(stderr []byte) string {
	lines := lastLines(stderr, 1)
	if len(lines) == 0 {
		return ""
	}
	_, said, found := strings.Cut(lines[0], "bash: ")
	if !found {
		said = lines[0]
	}
	return shorten(said, wordWidth)
}
