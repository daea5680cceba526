package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
)

// served FOLDER FAULT N has a server at $SERVED for the files of a folder, such as a
// binary cache. What is fetched of it, other than what is said about it, fails N
// times: with an HTTP status such as 503, or as "reset" with a connection that is cut.
func served(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: served FOLDER FAULT N")
	}
	most, err := strconv.Atoi(args[2])
	ts.Check(err)
	var faults atomic.Int64
	files := http.FileServer(http.Dir(ts.MkAbs(args[0])))
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		about := strings.HasSuffix(r.URL.Path, ".narinfo") || strings.HasSuffix(r.URL.Path, "-info")
		if about || faults.Add(1) > int64(most) {
			files.ServeHTTP(rw, r)
			return
		}
		if status, err := strconv.Atoi(args[1]); err == nil {
			http.Error(rw, "in trouble", status)
			return
		}
		cut(rw)
	}))
	ts.Defer(s.Close)
	ts.Setenv("SERVED", s.URL)
}

// cut ends a connection in the middle of an answer, without a farewell.
func cut(rw http.ResponseWriter) {
	rw.Header().Set("Content-Length", "1000000")
	_, _ = rw.Write(make([]byte, 10)) // whoever asks may be gone
	_ = http.NewResponseController(rw).Flush()
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
