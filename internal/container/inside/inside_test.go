package inside

import (
	"context"
	"io"
	"slices"
	"testing"
)

// A run gets only variables that are no secret.
func TestEnvironment(t *testing.T) {
	user := map[string]string{
		"GITHUB_TOKEN": "t", "AWS_SECRET_ACCESS_KEY": "t", "NIX_CONFIG": "t", "HOME": "/home/x", "PATH": "/x",
		"TERM": "xterm", "http_proxy": "http://proxy", "https_proxy": "http://user:t@proxy",
	}
	got := Environment(func(name string) string { return user[name] })
	for _, want := range []string{"TERM=xterm", "http_proxy=http://proxy", "HOME=/root", "NIX_CONFIG=sandbox = false"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q lacks %s", got, want)
		}
	}
	if len(got) != 7 {
		t.Errorf("also passed on: %q", got)
	}
}

// The first process ends with its input, or when the engine asks.
func TestAttend(t *testing.T) {
	stdin, to := io.Pipe()
	ended := make(chan struct{})
	go func() {
		Attend(t.Context(), stdin)
		close(ended)
	}()
	if _, err := to.Write([]byte("x")); err != nil { // whatever else it reads
		t.Fatal(err)
	}
	select {
	case <-ended:
		t.Fatal("it ended before its input")
	default:
	}
	to.Close()
	<-ended
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	forever, _ := io.Pipe()
	Attend(ctx, forever)
}
