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

// served FOLDER FAULT N starts a server at $SERVED for the files of a folder, such as a binary
// cache. Requests, except those for metadata, fail N times: with an HTTP status such as 503,
// or, if FAULT is "reset", with a reset connection.
func served(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: served FOLDER FAULT N")
	}
	maxFaults, err := strconv.Atoi(args[2])
	ts.Check(err)
	var faults atomic.Int64
	files := http.FileServer(http.Dir(ts.MkAbs(args[0])))
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		metadata := strings.HasSuffix(r.URL.Path, ".narinfo") || strings.HasSuffix(r.URL.Path, "-info")
		if metadata || faults.Add(1) > int64(maxFaults) {
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

// cut resets a connection in the middle of an answer.
func cut(rw http.ResponseWriter) {
	rw.Header().Set("Content-Length", "1000000")
	_, _ = rw.Write(make([]byte, 10)) // the client may have left
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
