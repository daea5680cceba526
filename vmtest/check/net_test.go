package check

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

func everySubject() []Subject {
	return []Subject{
		Unit{"x"}, Command{Command: "x"}, Port{Port: 22}, File{Path: "/x", Owner: "root"},
		Account{User: "x"}, URL{URL: &url.URL{Scheme: "http", Host: "localhost"}},
	}
}

// unusedPort returns a port that was free a moment ago.
func unusedPort(t *testing.T) uint16 {
	t.Helper()
	l := listen(t, "tcp4", "127.0.0.1:0")
	port := portOf(l.Addr())
	l.Close()
	return port
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Skip(err) // no IPv6
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func portOf(a net.Addr) uint16 { return netip.MustParseAddrPort(a.String()).Port() }

func TestPortCheck(t *testing.T) {
	local, wild := portOf(listen(t, "tcp4", "127.0.0.1:0").Addr()), portOf(listen(t, "tcp4", "0.0.0.0:0").Addr())
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { udp.Close() })
	datagrams, none := portOf(udp.LocalAddr()), unusedPort(t)
	loopback, other := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.0.2.1")

	t.Run("cases", func(t *testing.T) {
		runCheckCases(t, thisMachine{}, map[string]checkCase{
			"any address": {
				check: Check{Subject: Port{Port: local}}, passed: true, label: fmt.Sprintf("port %d", local),
				expected: fmt.Sprintf("something listening on TCP port %d", local), seen: "listening on 127.0.0.1",
			},
			"nothing": {check: Check{Subject: Port{Port: none}}, seen: "nothing listens there"},
			"its address": {
				check: Check{Subject: Port{Port: local, Address: loopback}}, passed: true, label: fmt.Sprintf("port 127.0.0.1:%d", local),
			},
			"another address": {
				check: Check{Subject: Port{Port: local, Address: other}}, seen: "listening on 127.0.0.1",
				expected: fmt.Sprintf("something listening on TCP port 192.0.2.1:%d", local),
			},
			"wildcard": {
				check: Check{Subject: Port{Port: wild, Address: other}}, passed: true, seen: "listening on 0.0.0.0",
			},
			"wildcard of the other family": {
				check: Check{Subject: Port{Port: wild, Address: netip.MustParseAddr("2001:db8::1")}}, seen: "listening on 0.0.0.0",
			},
			"UDP": {
				check: Check{Subject: Port{Port: datagrams, UDP: true}}, passed: true, label: fmt.Sprintf("UDP port %d", datagrams),
				expected: fmt.Sprintf("something listening on UDP port %d", datagrams),
			},
		})
	})
	t.Run("detail", func(t *testing.T) {
		r := checkCase{check: Check{Subject: Port{Port: none}}}.run(t.Context(), thisMachine{})
		if len(r.Detail) != 1 || !strings.Contains(r.Detail[0], fmt.Sprintf("127.0.0.1:%d", local)) {
			t.Errorf("the other listeners are %q", r.Detail)
		}
	})
	t.Run("IPv6", func(t *testing.T) {
		port := portOf(listen(t, "tcp", "[::]:0").Addr())
		r := Check{Subject: Port{Port: port, Address: loopback}}.Run(t.Context(), thisMachine{})
		if !r.Passed || r.Seen != "listening on ::" {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("later", func(t *testing.T) {
		time.AfterFunc(600*time.Millisecond, func() { listenLater(t, none) })
		r := Check{Subject: Port{Port: none}}.Run(t.Context(), thisMachine{})
		if !r.Passed || r.Duration < 500*time.Millisecond {
			t.Errorf("got %+v", r)
		}
	})
}

func listenLater(t *testing.T, port uint16) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Error(err)
		return
	}
	t.Cleanup(func() { l.Close() })
}

func TestParseProcNet(t *testing.T) {
	t.Parallel()
	const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0277 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 16021 1 0000000000000000 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 14555 1 0000000000000000 100 0 0 10 0
   2: 0F02000A:0016 0202000A:C0DE 01 00000000:00000000 02:000A6D1C 00000000     0        0 18766 4 0000000000000000 20 4 31 10 -1
   0: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 16020 1 0000000000000000 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 21022 1 0000000000000000 100 0 0 10 0
   2: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 21023 1 0000000000000000 100 0 0 10 0
`
	var got []string
	for _, a := range parseProcNet(tcp, stateListen) {
		got = append(got, a.String())
	}
	want := "0.0.0.0:22 [2001:db8::1]:80 127.0.0.1:631 [::1]:631 127.0.0.1:8080"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

func FuzzParseProcNet(f *testing.F) {
	f.Add("   1: 00000000:0016 00000000:0000 0A 00000000:00000000", "0A")
	f.Add("0: 0000000000000000FFFF00000100007F:1F90 : 07", "07")
	f.Add(": :0 0 0A\n: 00:G 0 0A", "0A")
	f.Fuzz(func(t *testing.T, text, state string) {
		list := parseProcNet(text, state)
		if len(list) > strings.Count(text, "\n")+1 {
			t.Errorf("%d sockets in %q", len(list), text)
		}
		for _, a := range list {
			if !a.IsValid() || a.Addr().Is4In6() {
				t.Errorf("%v in %q", a, text)
			}
		}
	})
}

func pages(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "all ok") })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no database", http.StatusServiceUnavailable)
	})
	mux.Handle("/moved", http.RedirectHandler("/health", http.StatusFound))
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", 1<<20)) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/half", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "half")
	})
	mux.HandleFunc("/who", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.RawQuery, " ", r.Host) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func parseURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestURLCheck(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl; TestURLCheckWithoutCurl tests bash")
	}
	s := pages(t)
	tests := pageCases(t, s)
	tests["half a body"] = checkCase{
		check: Check{Subject: URL{URL: parseURL(t, s.URL+"/half")}},
		seen:  "status 200, but the body ended early: curl: (18) transfer closed with 96 bytes remaining to read",
	}
	tests["slow"] = checkCase{
		check:    Check{Timeout: 2 * time.Second, Subject: URL{URL: parseURL(t, s.URL+"/slow")}},
		timedOut: true, seen: "no answer within 2s",
	}
	runPages(t, thisMachine{}, tests)
}

// A guest without curl has bash.
func TestURLCheckWithoutCurl(t *testing.T) {
	lanes.Heavy(t, "takes some seconds")
	bin := t.TempDir()
	for _, name := range []string{"bash", "cat", "head", "mktemp", "rm", "sh", "timeout", "wc"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skip(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	s := pages(t)
	g := thisMachine{path: bin, alone: true}
	tests := pageCases(t, s)
	tests["nobody there"] = checkCase{
		check: Check{Subject: URL{URL: &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", unusedPort(t))}}},
		seen:  "connect: Connection refused",
	}
	tests["slow"] = checkCase{
		check:    Check{Timeout: 2 * time.Second, Subject: URL{URL: parseURL(t, s.URL+"/slow")}},
		timedOut: true, seen: "no answer within 2s",
	}
	runPages(t, g, tests)

	secure := Check{Subject: URL{URL: parseURL(t, "https://localhost/")}}.Run(t.Context(), g)
	if secure.Err == nil || secure.Err.Error() != "the guest has no curl; add it to environment.systemPackages" {
		t.Errorf("got %+v", secure)
	}
}

// runPages waits for the parallel cases, so that they end before the server.
func runPages(t *testing.T, g Guest, tests map[string]checkCase) {
	t.Helper()
	t.Run("pages", func(t *testing.T) { runCheckCases(t, g, tests) })
}

func pageCases(t *testing.T, s *httptest.Server) map[string]checkCase {
	t.Helper()
	at := func(path string) *url.URL { return parseURL(t, s.URL+path) }
	return map[string]checkCase{
		"good": {
			check: Check{Subject: URL{URL: at("/health"), Contains: "ok"}}, passed: true,
			label: "GET " + s.URL + "/health", expected: `status 200 and "ok" in the body`, seen: "status 200",
		},
		"status": {
			check:    Check{Subject: URL{URL: at("/broken")}},
			expected: "status 200", seen: "status 503", detail: []string{"no database"},
		},
		"expected status": {check: Check{Subject: URL{URL: at("/broken"), Status: 503}}, passed: true, seen: "status 503"},
		"redirection":     {check: Check{Subject: URL{URL: at("/moved")}}, seen: "status 302"},
		"body": {
			check: Check{Subject: URL{URL: at("/health"), Contains: "bad"}},
			seen:  `status 200, but no "bad" in the body`, detail: []string{"all ok"},
		},
		"match": {check: Check{Subject: URL{URL: at("/health"), Matches: regexp.MustCompile(`^all`)}}, passed: true},
		"big":   {check: Check{Subject: URL{URL: at("/big"), Contains: "xxx"}}, passed: true},
		"big without": {
			check: Check{Subject: URL{URL: at("/big"), Contains: "y"}}, seen: `status 200, but no "y" in the first 64 KiB of the body`,
		},
		"query": {check: Check{Subject: URL{URL: at("/who?a=[b]&c=$(d)"), Contains: "a=[b]&c=$(d) " + strings.TrimPrefix(s.URL, "http://")}}, passed: true},
	}
}
