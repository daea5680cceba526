package fakehub

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// Start serves a hub on loopback until the test ends, behind prism, and returns the address
// of the API. A request or an answer that violates GitHub's description fails the test with
// prism's message. Without prism, the log says so, and the hub answers unchecked.
func Start(tb testing.TB, h *Hub) string {
	tb.Helper()
	p, err := shared(lanes.Root(tb))
	switch {
	case errors.Is(err, errMissing):
		tb.Logf("%v: requests are not checked against GitHub's description", err)
	case err != nil:
		tb.Fatal(err)
	default:
		h.next = p.check(h, func(text string) { tb.Error(text) })
		tb.Cleanup(func() { p.hubs.Delete(nameOf(h)) })
	}
	server := httptest.NewServer(h)
	tb.Cleanup(func() {
		server.CloseClientConnections() // a client may keep some open
		server.Close()
	})
	h.base = server.URL
	return server.URL
}

// prism is the prism of this process. It starts slowly, so all tests share it, and a header
// of each request names its hub.
type prism struct {
	description description
	url         *url.URL
	hubs        sync.Map // by name
}

const hubHeader = "X-Fakehub"

func nameOf(h *Hub) string { return fmt.Sprintf("%p", h) }

var errMissing = errors.New("prism is not installed (scripts/setup test)")

var theOne struct {
	sync.Once
	prism *prism
	err   error
}

// shared starts prism once. It ends with this process, which cannot tell when the last test
// is over.
func shared(root string) (*prism, error) {
	theOne.Do(func() { theOne.prism, theOne.err = start(filepath.Join(root, ".cache", "npm", "node_modules")) })
	return theOne.prism, theOne.err
}

// start starts prism from these npm packages.
func start(modules string) (*prism, error) {
	cli := filepath.Join(modules, "@stoplight", "prism-cli", "dist", "index.js")
	_, missing := os.Stat(cli)
	whole, err := os.ReadFile(filepath.Join(modules, "@octokit", "openapi", "generated", "api.github.com.json"))
	if err = errors.Join(missing, err); err != nil {
		return nil, fmt.Errorf("%w: %w", errMissing, err)
	}
	p := &prism{}
	if p.description, err = trim(whole, routes); err != nil {
		return nil, err
	}
	upstream := httptest.NewServer(p)
	if err := p.run(cli, upstream.URL); err != nil {
		upstream.Close()
		return nil, err
	}
	return p, nil
}

// startLimit is how long prism may take to start on a busy machine.
const startLimit = time.Minute

var listening = regexp.MustCompile(`listening on (http://\S+)`)

// run starts the program and returns when it listens.
func (p *prism) run(cli, upstream string) error {
	var said bytes.Buffer
	address, ended := make(chan string, 1), make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	timer := time.AfterFunc(startLimit, stop)
	defer timer.Stop()
	program := &proc.Cmd{
		Path: "node", Args: []string{cli, "proxy", "--errors", "-h", "127.0.0.1", "-p", "0", upstream + descriptionPath, upstream},
		OnStdout: func(line []byte) {
			if found := listening.FindSubmatch(line); found != nil {
				address <- string(found[1])
			}
			if said.Len() < 64<<10 {
				said.Write(append(line, '\n'))
			}
		},
	}
	go func() {
		_, err := program.Run(ctx)
		ended <- err
	}()
	select {
	case listens := <-address:
		var err error
		p.url, err = url.Parse(listens)
		return err
	case err := <-ended:
		if errors.Is(err, exec.ErrNotFound) {
			return fmt.Errorf("%w: %w", errMissing, err)
		}
		return fmt.Errorf("prism did not start within %s: %w\n%s", startLimit, cmp.Or(err, errors.New("it ended")), said.String())
	}
}

// descriptionPath is where prism gets the description.
const descriptionPath = "/github.json"

// ServeHTTP passes requests that prism accepts to their hub.
func (p *prism) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if hub, ok := p.hubs.Load(r.Header.Get(hubHeader)); ok {
		hub.(*Hub).api.ServeHTTP(w, r)
	} else if r.URL.Path == descriptionPath {
		_ = json.NewEncoder(w).Encode(p.description) // nobody else waits for it
	} else {
		http.NotFound(w, r)
	}
}

// check returns a handler that passes requests for a hub through prism, and reports prism's
// objections.
func (p *prism) check(h *Hub, object func(string)) http.Handler {
	h.description = p.description
	p.hubs.Store(nameOf(h), h)
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true, ResponseHeaderTimeout: startLimit},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(p.url)
			r.Out.Header.Set(hubHeader, nameOf(h))
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: func(answer *http.Response) error {
			answer.Header.Del("Sl-Violations")
			text, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close() // it was read completely
			answer.Body = io.NopCloser(bytes.NewReader(text))
			if answer.Header.Get("Content-Type") == "application/problem+json" {
				object(fmt.Sprintf("prism refuses %s %s: %s", answer.Request.Method, answer.Request.URL.RequestURI(), text))
			}
			return err
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			object("prism does not answer: " + err.Error())
			w.WriteHeader(http.StatusInternalServerError)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The client may be gone by now; the request is carried out anyway.
		proxy.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context())))
	})
}
