package check

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

	"github.com/flakeci/flakeci/internal/clean"
)

// URL requires that the guest can get a page. It does not follow redirections.
type URL struct {
	URL      *url.URL // http or https
	Status   int      // 0 is 200
	Contains string
	Matches  *regexp.Regexp
}

func (u URL) text() textCheck { return textCheck{u.Contains, u.Matches} }

func (u URL) status() int {
	if u.Status == 0 {
		return 200
	}
	return u.Status
}

func (u URL) label() string { return "GET " + u.URL.Redacted() }

func (u URL) expected() string {
	return joinList(append([]string{fmt.Sprintf("status %d", u.status())}, u.text().expected("the body")...))
}

func (u URL) retries() bool { return true }

// pageLimit is how many bytes of a page are kept.
const pageLimit = 64 << 10

// urlScript uses curl, which NixOS has unless it was removed, or bash for http. It prints the
// exit code and the size of the head, then the head and the body. With bash the size is 0 and
// the head is part of the body.
const urlScript = `
seconds=$1 url=$2 max=$3 host=$4 port=$5 request=$6 header=$7
dir=$(mktemp -d /run/flakeci-check.XXXXXX 2>/dev/null || mktemp -d) || exit
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' TERM
: >"$dir/head"
if command -v curl >/dev/null; then
	{
		curl -q -sS -g --noproxy '*' --max-time "$seconds" -D "$dir/head" -- "$url" 2>"$dir/error"
		echo $? >"$dir/code"
	} | head -c "$max" >"$dir/body"
elif [ -n "$host" ] && command -v bash >/dev/null; then
	bash -c '
		exec 3<>"/dev/tcp/$1/$2" || exit
		printf "GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: flakeci\r\nAccept: */*\r\n\r\n" "$3" "$4" >&3
		exec head -c "$5" <&3
	' bash "$host" "$port" "$request" "$header" "$max" >"$dir/body" 2>"$dir/error"
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

// errNoClient means that the guest has no program for the request.
var errNoClient = errors.New("the guest has no curl; add it to environment.systemPackages")

func (u URL) observe(ctx context.Context, g Guest, limit time.Duration) (observation, error) {
	// curl's own limit is the shorter one, so that curl can say what is wrong.
	res, err := probeResult(ctx, g, limit+time.Second, urlScript, append([]string{
		guestSeconds(limit), u.URL.String(), strconv.Itoa(pageLimit + 1),
	}, u.bashRequest()...)...)
	if err != nil {
		return timedOutObservation(err, limit)
	}
	first, rest, _ := bytes.Cut(res.Stdout, []byte("\n"))
	if string(first) == "missing" {
		return observation{}, errNoClient
	}
	var code, size int
	if _, err := fmt.Sscanf(string(first), "%d %d", &code, &size); err != nil || size < 0 || size > len(rest) {
		return observation{}, fmt.Errorf("the guest gave no valid answer: %q", clean.Shorten(string(first), wordWidth))
	}
	head, body := rest[:size], rest[size:]
	cut := len(body) > pageLimit
	if size == 0 {
		head, body, _ = bytes.Cut(rest, []byte("\r\n\r\n")) // at the empty line
	}
	return u.judge(response{code, pageStatus(head), body[:min(len(body), pageLimit)], cut, clientError(res.Stderr)}, limit), nil
}

// bashRequest returns the script's arguments for a request without curl: host, port, target
// and Host header.
func (u URL) bashRequest() []string {
	if u.URL.Scheme != "http" {
		return []string{"", "", "", ""}
	}
	port := u.URL.Port()
	if port == "" {
		port = "80"
	}
	return []string{u.URL.Hostname(), port, u.URL.RequestURI(), u.URL.Host}
}

var statusRE = regexp.MustCompile(`(?m)^HTTP/[0-9.]+ ([0-9]{3})\b`)

// pageStatus returns the last status of a head, or 0: statuses of 1xx come first.
func pageStatus(head []byte) int {
	all := statusRE.FindAllSubmatch(head, -1)
	if len(all) == 0 {
		return 0
	}
	status, _ := strconv.Atoi(string(all[len(all)-1][1]))
	return status
}

// curl's exit codes for a closed output, as when flakeci cuts the page, and for a timeout.
const (
	curlWriteError = 23
	curlTimeout    = 28
)

// response is the result of a request.
type response struct {
	code        int // exit code of curl or bash
	status      int // 0 is none
	body        []byte
	cut         bool   // there is more of the body
	clientError string // by curl or bash
}

func (u URL) judge(f response, limit time.Duration) observation {
	detail := LastLines(f.body, detailLines)
	switch {
	case f.status == 0 && f.code == curlTimeout:
		return observation{timedOut: true, seen: fmt.Sprintf("no answer within %s", limit)}
	case f.status == 0 && f.clientError == "":
		return observation{seen: "an answer that is not HTTP", detail: detail}
	case f.status == 0:
		return observation{seen: f.clientError}
	case f.status != u.status():
		return observation{seen: fmt.Sprintf("status %d", f.status), detail: detail}
	}
	seen := fmt.Sprintf("status %d", f.status)
	missing := u.text().missing(f.body, "the body", f.cut)
	if f.code != 0 && (f.code != curlWriteError || !f.cut) {
		missing = append(missing, "the body ended early: "+f.clientError)
	}
	if len(missing) > 0 {
		return observation{seen: seen + ", but " + joinList(missing), detail: detail}
	}
	return observation{ok: true, seen: seen}
}

// clientError returns the error message of curl or bash.
func clientError(stderr []byte) string {
	lines := LastLines(stderr, 1)
	if len(lines) == 0 {
		return ""
	}
	_, message, found := strings.Cut(lines[0], "bash: ")
	if !found {
		message = lines[0]
	}
	return clean.Shorten(message, wordWidth)
}
