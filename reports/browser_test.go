package reports

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	"github.com/flakeci/flakeci/result"
)

// browserContext starts Chromium for a test and those below it.
func browserContext(t *testing.T) context.Context {
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

// tab is a page in the browser. What it complains of fails the test.
type tab struct {
	t    *testing.T
	ctx  context.Context
	at   string // its address
	lock sync.Mutex
	bad  []string
}

// view is how a page is looked at.
type view struct {
	width, height int64
	dark          bool
	print         bool
}

var (
	desktop = view{width: 1280, height: 900}
	phone   = view{width: 360, height: 740}
)

func (v view) inDark() view { v.dark = true; return v }

// openHTML renders a report and opens it as a file.
func openHTML(browser context.Context, t *testing.T, r result.Report, o HTMLOptions, v view) *tab {
	t.Helper()
	b := openTab(browser, t, v)
	b.load(r, o)
	return b
}

// openTab opens an empty page.
func openTab(browser context.Context, t *testing.T, v view) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.watch); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.check)
	b.look(v)
	return b
}

// load renders a report and goes to it.
func (b *tab) load(r result.Report, o HTMLOptions) {
	b.t.Helper()
	var out bytes.Buffer
	if err := WriteHTML(&out, r, o); err != nil {
		b.t.Fatal(err)
	}
	path := filepath.Join(b.t.TempDir(), "report.html")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.at = "file://" + path
	b.do(chromedp.Navigate(b.at))
}

// watch takes down what no page of ours does: errors, and requests for anything
// but itself.
func (b *tab) watch(event any) {
	complaint := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		complaint = fmt.Sprint("exception: ", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *runtime.EventConsoleAPICalled:
		complaint = fmt.Sprintf("console.%s", e.Type)
	case *log.EventEntryAdded:
		complaint = e.Entry.Text
	case *network.EventRequestWillBeSent:
		page, _, _ := strings.Cut(e.Request.URL, "#")
		if page != b.at && !strings.HasPrefix(page, "data:image/") {
			complaint = "a request for " + e.Request.URL
		}
	}
	if complaint != "" {
		b.lock.Lock()
		b.bad = append(b.bad, complaint)
		b.lock.Unlock()
	}
}

func (b *tab) check() {
	b.lock.Lock()
	defer b.lock.Unlock()
	for _, complaint := range b.bad {
		b.t.Errorf("the page: %s", complaint)
	}
}

func (b *tab) look(v view) {
	b.t.Helper()
	scheme, medium := "light", "screen"
	if v.dark {
		scheme = "dark"
	}
	if v.print {
		medium = "print"
	}
	b.do(chromedp.EmulateViewport(v.width, v.height))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// ask evaluates an expression in a page.
func ask[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%.300s: %v", expression, err)
	}
	return answer
}

// patience is how long anything may take on a machine that has other things to do.
const patience = 2 * time.Minute

// holds fails unless an expression is true, or comes to be so in a moment.
func (b *tab) holds(expression string) {
	b.t.Helper()
	for began := time.Now(); time.Since(began) < patience; time.Sleep(20 * time.Millisecond) {
		if ask[bool](b, "!!("+expression+")") {
			return
		}
	}
	b.t.Errorf("does not hold: %s", expression)
}

// shot keeps a picture of the page to look at: SCREENSHOTS=1 go test ./reports
func (b *tab) shot(name string) {
	b.t.Helper()
	if os.Getenv("SCREENSHOTS") == "" {
		return
	}
	folder := filepath.Join("..", ".cache", "screenshots")
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Logf("screenshot: %s", filepath.Join(folder, name+".png"))
}

// whole makes the page as tall as what is on it, for a picture of all of it.
func (b *tab) whole(v view) {
	v.height = min(6000, max(v.height, ask[int64](b, "document.documentElement.scrollHeight")))
	b.look(v)
}

func TestPageForTheEye(t *testing.T) {
	if os.Getenv("SCREENSHOTS") == "" {
		t.Skip("skipped: pictures are kept only if asked for (SCREENSHOTS=1)")
	}
	browser := browserContext(t)
	compared, options := comparedReport(t)
	for name, v := range map[string]view{"light": desktop, "dark": desktop.inDark(), "phone": phone, "phone-dark": phone.inDark()} {
		pages := map[string]result.Report{"compared": compared, "failed": readInput(t, "failed"), "green": readInput(t, "green"), "all-kinds": readInput(t, "all-kinds-failed"), "large": largeReport()}
		for report, r := range pages {
			if strings.HasPrefix(name, "phone") && !slices.Contains([]string{"compared", "large"}, report) {
				continue
			}
			o := HTMLOptions{}
			if report == "compared" {
				o = options
			}
			b := openHTML(browser, t, r, o, v)
			for _, part := range []string{"grid", "causes", "changes", "time"} {
				if v == phone && ask[bool](b, `(e => e && (e.scrollIntoView(), true))(document.getElementById("`+part+`")) || false`) {
					b.shot(report + "-" + name + "-" + part)
				}
			}
			b.whole(v)
			b.shot(report + "-" + name)
		}
	}
}
