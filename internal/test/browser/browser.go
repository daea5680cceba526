// Package browser opens pages in Chromium for tests.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

// Start starts Chromium for a test and its subtests, and skips the test if there is none.
func Start(t testing.TB) context.Context {
	t.Helper()
	lanes.Heavy(t, "starts a browser")
	binary := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && binary == "" {
			binary = path
		}
	}
	if binary == "" {
		t.Skip("skipped: chromium is not installed (scripts/setup test)")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(binary), chromedp.NoSandbox)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// Tab is a tab of the browser.
type Tab struct {
	T   testing.TB
	Ctx context.Context

	address  string
	lock     sync.Mutex
	problems []string
}

// Look says how to show a page.
type Look struct {
	Width, Height int64
	Dark          bool
	Print         bool
}

// Open opens an empty tab. The test fails if a page in it has problems.
func Open(browser context.Context, t testing.TB, l Look) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	b := &Tab{T: t, Ctx: ctx}
	if err := chromedp.Listen(ctx, b.watch); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, problem := range b.Problems() {
			t.Errorf("the page: %s", problem)
		}
	})
	b.Look(l)
	return b
}

// Load opens a page from a file.
func (b *Tab) Load(html []byte) {
	b.T.Helper()
	path := filepath.Join(b.T.TempDir(), "report.html")
	if err := os.WriteFile(path, html, 0o600); err != nil {
		b.T.Fatal(err)
	}
	b.address = "file://" + path
	b.Do(chromedp.Navigate(b.address))
}

// watch records problems: errors, and requests for anything but the page itself.
func (b *Tab) watch(event any) {
	problem := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = fmt.Sprint("exception: ", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *runtime.EventConsoleAPICalled:
		problem = fmt.Sprintf("console.%s", e.Type)
	case *log.EventEntryAdded:
		problem = e.Entry.Text
	case *network.EventRequestWillBeSent:
		page, _, _ := strings.Cut(e.Request.URL, "#")
		if page != b.address && !strings.HasPrefix(page, "data:image/") {
			problem = "a request for " + e.Request.URL
		}
	}
	if problem != "" {
		b.lock.Lock()
		b.problems = append(b.problems, problem)
		b.lock.Unlock()
	}
}

// Problems returns the problems since the last call.
func (b *Tab) Problems() []string {
	b.lock.Lock()
	defer b.lock.Unlock()
	list := b.problems
	b.problems = nil
	return list
}

// Look changes how the page is shown.
func (b *Tab) Look(l Look) {
	b.T.Helper()
	scheme, medium := "light", "screen"
	if l.Dark {
		scheme = "dark"
	}
	if l.Print {
		medium = "print"
	}
	b.Do(chromedp.EmulateViewport(l.Width, l.Height))
	_, err := chromedp.Call(b.Ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	if err != nil {
		b.T.Fatal(err)
	}
}

// Do runs actions.
func (b *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, Timeout)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.T.Fatal(err)
	}
}

// Eval evaluates an expression in the page.
func Eval[T any](b *Tab, expression string) T {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, Timeout)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.T.Fatalf("%.300s: %v", expression, err)
	}
	return value
}

// Timeout is how long an action may take, even on a busy machine.
const Timeout = 2 * time.Minute

// Holds fails unless an expression is true or soon becomes true.
func (b *Tab) Holds(expression string) {
	b.T.Helper()
	for began := time.Now(); time.Since(began) < Timeout; time.Sleep(20 * time.Millisecond) {
		if Eval[bool](b, "!!("+expression+")") {
			return
		}
	}
	b.T.Errorf("does not hold: %s", expression)
}

// Screenshot saves a picture of the page if asked: SCREENSHOTS=1 go test ./reports/html
func (b *Tab) Screenshot(name string) {
	b.T.Helper()
	if os.Getenv("SCREENSHOTS") == "" {
		return
	}
	folder := filepath.Join(lanes.Root(b.T), ".cache", "screenshots")
	picture, err := chromedp.Run(b.Ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.T.Fatal(err)
	}
	b.T.Logf("screenshot: %s", filepath.Join(folder, name+".png"))
}

// Grow makes the page as tall as its content, for a picture of everything.
func (b *Tab) Grow(l Look) {
	l.Height = min(6000, max(l.Height, Eval[int64](b, "document.documentElement.scrollHeight")))
	b.Look(l)
}
