package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flakeci/flakeci/result"
)

// nginxConf makes nginx a binary cache to which anybody on this machine can upload, except below
// /closed.
const nginxConf = `daemon off;
%s
worker_processes 1;
pid %[2]s/nginx.pid;
error_log %[2]s/error.log;
events { worker_connections 256; }
http {
	access_log %[2]s/access.log;
	client_body_temp_path %[2]s/body;
	proxy_temp_path %[2]s/proxy;
	fastcgi_temp_path %[2]s/fastcgi;
	uwsgi_temp_path %[2]s/uwsgi;
	scgi_temp_path %[2]s/scgi;
	client_max_body_size 0;
	server {
		listen 127.0.0.1:%[3]d;
		root %[4]s;
		dav_methods PUT;
		create_full_put_path on;
		location /closed/ { dav_methods off; }
	}
}
`

// nginxFile returns the path of nginx, or "". scripts/setup unpacks it if the machine has none.
func nginxFile() string {
	for _, file := range []string{"/usr/sbin/nginx", "../../.cache/nginx/usr/sbin/nginx"} {
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// nginx FOLDER starts nginx at $NGINX, with the folder as a binary cache that takes uploads.
func nginx(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: nginx FOLDER")
	}
	own, user := ts.MkAbs("nginx"), ""
	if os.Getuid() == 0 {
		user = "user root;"
	}
	for _, dir := range []string{own, ts.MkAbs(args[0])} {
		ts.Check(os.MkdirAll(dir, 0o755))
	}
	for range 5 { // another program may take the port
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		port := l.Addr().(*net.TCPAddr).Port
		ts.Check(l.Close())
		conf := filepath.Join(own, "nginx.conf")
		ts.Check(os.WriteFile(conf, fmt.Appendf(nil, nginxConf, user, own, port, ts.MkAbs(args[0])), 0o600))
		cmd := exec.Command(nginxFile(), "-e", filepath.Join(own, "error.log"), "-c", conf)
		ts.Check(cmd.Start())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = cmd.Wait() // it ends by a signal
		}()
		ts.Defer(func() {
			_ = cmd.Process.Signal(os.Interrupt) // it may have ended; its worker ends with it
			<-ended
		})
		url := "http://127.0.0.1:" + strconv.Itoa(port)
		if answers(url, ended) {
			ts.Setenv("NGINX", url)
			return
		}
	}
	log, _ := os.ReadFile(filepath.Join(own, "error.log"))
	ts.Fatalf("nginx does not start: %s", log)
}

// answers waits until a server answers, and reports whether it did before its process ended.
func answers(url string, ended <-chan struct{}) bool {
	for {
		if r, err := http.Get(url); err == nil {
			_ = r.Body.Close()
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// pushes FILE TARGET STATUS=N… checks how many outputs a report lists for a target whose name
// contains TARGET, with each status. "paths" counts what was copied for them.
func pushes(ts *testscript.TestScript, _ bool, args []string) {
	r := readReport(ts, args[0])
	got := map[string]int{}
	for _, p := range r.Pushes {
		if strings.Contains(p.To, args[1]) {
			got[string(p.Status)]++
			got["paths"] += p.Paths
		}
	}
	for _, want := range args[2:] {
		name, value, _ := strings.Cut(want, "=")
		if n, err := strconv.Atoi(value); err != nil || got[name] != n {
			ts.Fatalf("%s is %d, want %s, among %+v", name, got[name], value, r.Pushes)
		}
	}
}

// pushcause FILE TEXT [HINT] checks that a report warns of a push with these texts in the cause.
func pushCause(ts *testscript.TestScript, _ bool, args []string) {
	r := readReport(ts, args[0])
	for _, w := range r.Warnings {
		if c := w.Cause; c != nil && c.Kind == result.CauseSubstituter && strings.Contains(c.Title, args[1]) && (len(args) < 3 || strings.Contains(c.Hint, args[2])) {
			return
		}
	}
	ts.Fatalf("no push failed with %q among %+v", args[1:], r.Warnings)
}
