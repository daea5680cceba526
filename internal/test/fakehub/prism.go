package fakehub

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
)

// MissingError says that prism cannot run here, and which part of it is not there.
type MissingError struct{ What string }

func (e *MissingError) Error() string { return e.What + " is not installed (scripts/setup test)" }

// prism is the one of this process. It takes long to start, so that all tests share
// it: a header says whose request it is, and hubs has them.
type prism struct {
	url  string
	stop context.CancelFunc

	mu   sync.Mutex
	hubs map[string]http.Handler
	last int
}

const hubHeader = "X-Fakehub"

var theOne struct {
	sync.Mutex
	prism *prism
	err   error
}

// shared starts prism once. It ends with this process: nobody is told when the last
// test is over.
func shared(root string) (*prism, error) {
	theOne.Lock()
	defer theOne.Unlock()
	if theOne.prism == nil && theOne.err == nil {
		theOne.prism, theOne.err = start(root)
	}
	return theOne.prism, theOne.err
}

// start starts prism, with the packages that scripts/setup puts below the root.
func start(root string) (*prism, error) {
	modules := filepath.Join(root, ".cache", "npm", "node_modules")
	cli := filepath.Join(modules, "@stoplight", "prism-cli", "dist", "index.js")
	if _, err := os.Stat(cli); err != nil {
		return nil, &MissingError{"npm's @stoplight/prism-cli"}
	}
	whole, err := os.ReadFile(filepath.Join(modules, "@octokit", "openapi", "generated", "api.github.com.json"))
	if err != nil {
		return nil, &MissingError{"npm's @octokit/openapi"}
	}
	part, err := trim(whole, paths)
	if err != nil {
		return nil, err
	}
	description, err := keep(filepath.Join(root, ".cache", "npm"), part)
	if err != nil {
		return nil, err
	}
	p := &prism{hubs: map[string]http.Handler{}}
	upstream := httptest.NewServer(http.HandlerFunc(p.dispatch))
	if err := p.run(cli, description, upstream.URL); err != nil {
		upstream.Close()
		return nil, err
	}
	return p, nil
}

// keep writes the description into a file of that very content and nothing else, for
// prism starts anew when its file changes, and ends when it is gone.
func keep(folder string, description []byte) (string, error) {
	name := filepath.Join(folder, fmt.Sprintf("github-%x.json", sha256.Sum256(description)))
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	f, err := os.CreateTemp(folder, "github-")
	if err != nil {
		return "", err
	}
	_, err = f.Write(description)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return name, nil
}

// The longest that prism may take to start, on a machine with much else to do.
const startLimit = time.Minute

var listening = regexp.MustCompile(`listening on (http://\S+)`)

// run starts the program and returns when it listens.
func (p *prism) run(cli, description, upstream string) error {
	var said bytes.Buffer
	address, over := make(chan string, 1), make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	started := false
	program := &proc.Cmd{
		Path: "node", Args: []string{cli, "proxy", "--errors", "-h", "127.0.0.1", "-p", "0", description, upstream},
		OnStart: func(int) { started = true },
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
		over <- err
	}()
	timer := time.NewTimer(startLimit)
	defer timer.Stop()
	select {
	case p.url = <-address:
		return nil
	case err := <-over:
		if !started {
			return &MissingError{"node"}
		}
		return fmt.Errorf("prism did not start: %w\n%s", cmp.Or(err, errors.New("it ended")), said.String())
	case <-timer.C:
		stop()
		err := <-over
		return fmt.Errorf("prism did not start in %s: %w\n%s", startLimit, err, said.String())
	}
}

// dispatch hands what prism let pass to the hub it is for.
func (p *prism) dispatch(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	hub := p.hubs[r.Header.Get(hubHeader)]
	p.mu.Unlock()
	if hub == nil {
		http.NotFound(w, r)
		return
	}
	hub.ServeHTTP(w, r)
}

// behind is the API of a hub behind prism. What prism objects to is told.
func (p *prism) behind(api http.Handler, object func(string)) (front http.Handler, leave func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	name := strconv.Itoa(p.last)
	p.hubs[name] = api
	return &guarded{prism: p, name: name, object: object}, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.hubs, name)
	}
}

// guarded passes requests through prism.
type guarded struct {
	prism  *prism
	name   string
	object func(string)
}

func (g *guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Whoever asked may be gone by now; what they asked for is done all the same.
	ctx := context.WithoutCancel(r.Context())
	out, err := http.NewRequestWithContext(ctx, r.Method, g.prism.url+r.URL.RequestURI(), r.Body)
	if err != nil {
		g.object(err.Error())
		return
	}
	out.Header = r.Header.Clone()
	out.Header.Set(hubHeader, g.name)
	out.Header.Del("Accept-Encoding")
	out.ContentLength = r.ContentLength
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       startLimit,
	}
	answer, err := client.Do(out)
	if err != nil {
		g.object("prism does not answer: " + err.Error())
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	defer answer.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer.Body); err != nil {
		g.object("prism broke off its answer: " + err.Error())
	}
	if answer.Header.Get("Content-Type") == "application/problem+json" {
		g.object(fmt.Sprintf("prism refuses %s %s: %s", r.Method, r.URL.RequestURI(), body.String()))
	}
	for _, name := range []string{"Connection", "Keep-Alive", "Content-Length", "Sl-Violations"} {
		answer.Header.Del(name)
	}
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(body.Bytes()) // into memory
}
