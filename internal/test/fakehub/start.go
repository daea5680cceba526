package fakehub

import (
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

// Start serves a hub on loopback until the test is over, with prism in between, and
// returns the address of its API. A request or an answer that GitHub's description
// does not have fails the test in prism's words. Where prism is not installed, the
// log says so, and the hub is alone: what a client makes of its answers is tested
// still.
func Start(tb testing.TB, h *Hub) string {
	tb.Helper()
	p, err := shared(lanes.Root(tb))
	var missing *MissingError
	switch {
	case errors.As(err, &missing):
		tb.Logf("%v: requests are not held against GitHub's description", err)
	case err != nil:
		tb.Fatal(err)
	default:
		next, leave := p.behind(h.api(), func(text string) { tb.Error(text) })
		h.next = next
		tb.Cleanup(leave)
	}
	server := httptest.NewServer(h)
	tb.Cleanup(func() {
		server.CloseClientConnections() // a client may keep some open
		server.Close()
	})
	h.base = server.URL
	return server.URL
}
