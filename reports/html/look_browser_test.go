package html

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/flakeci/flakeci/internal/test/browser"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

func testTheme(t *testing.T, open func(browser.Look) tab) {
	paper := `getComputedStyle(document.body).backgroundColor`
	b := open(dark)
	dark := browser.Eval[string](b.Tab, paper)
	b.Look(desktop)
	light := browser.Eval[string](b.Tab, paper)
	if dark == light {
		t.Errorf("the dark page is %s, like the light one", light)
	}
	b.click("#theme")
	b.Holds(paper + ` === "` + dark + `"`)
	b.Do(chromedp.Reload())
	b.Holds(paper + ` === "` + dark + `"`)
	b.click("#theme")
	b.Holds(paper + ` === "` + light + `"`)
	browser.Eval[bool](b.Tab, `(localStorage.clear(), true)`)
}

func testPhone(t *testing.T, open func(browser.Look) tab) {
	b := open(phone)
	b.Holds(`document.documentElement.scrollWidth <= 360`)
	browser.Eval[bool](b.Tab, `(document.querySelectorAll("details").forEach(d => d.open = true), true)`)
	b.Holds(`document.documentElement.scrollWidth <= 360`)
	browser.Eval[bool](b.Tab, `(document.querySelector("#sheet").scrollIntoView(), document.querySelector("#grid .box").scrollBy(80, 0), true)`)
	b.Holds(`document.querySelector("#grid .box").scrollLeft > 0`)
	b.Holds(`document.querySelector("#sheet tbody th").getBoundingClientRect().left < 30`)
	b.Screenshot("phone-grid")
	b.click(`#sheet .mark.bad`)
	b.Holds(`document.querySelector("dialog[open]").getBoundingClientRect().width === 360`)
	b.Holds(`document.querySelector("dialog[open]").scrollWidth <= 360`)
	b.Screenshot("phone-cell")
}

func testPrint(t *testing.T, open func(browser.Look) tab) {
	v := dark
	v.Print = true
	b := open(v)
	b.Holds(`getComputedStyle(document.body).backgroundColor === "rgb(255, 255, 255)"`)
	b.Holds(`!document.querySelector("#filter").checkVisibility() && document.querySelector("#sheet").checkVisibility()`)
	b.Screenshot("print")
}

// axe checks the rules of accessibility that a program can check.
func testAccessible(t *testing.T, open func(browser.Look) tab) {
	source, err := os.ReadFile(filepath.Join(lanes.Root(t), ".cache", "npm", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Skip("skipped: npm's axe-core is not installed (scripts/setup test)")
	}
	for name, v := range map[string]browser.Look{"light": desktop, "dark": dark, "phone": phone} {
		t.Run(name, func(t *testing.T) {
			b := open(v)
			b.T = t
			browser.Eval[bool](b.Tab, string(source)+`; true`)
			b.axe()
			if v == phone {
				return
			}
			b.click(`#sheet .mark.bad`)
			b.axe()
			browser.Eval[bool](b.Tab, `(document.querySelector("dialog[open] h2").insertAdjacentHTML("afterend", "<button></button>"), true)`)
			if found := b.violations(); len(found) != 1 {
				t.Errorf("for a button without a name axe reports %q", found)
			}
		})
	}
}

func (b tab) axe() {
	b.T.Helper()
	for _, one := range b.violations() {
		b.T.Errorf("axe: %s", one)
	}
}

func (b tab) violations() []string {
	b.T.Helper()
	return browser.Eval[[]string](b.Tab, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.flatMap(v =>
		v.nodes.map(n => v.id + ": " + n.html.slice(0, 200) + " " + n.failureSummary)))`)
}

// If a page does something forbidden, its own policy and the tests notice.
func testWatched(t *testing.T, open func(browser.Look) tab) {
	b := open(desktop)
	browser.Eval[bool](b.Tab, `(document.body.insertAdjacentHTML("beforeend",
		"<p style='color: red'>x</p><img src='http://127.0.0.1:9/x.png'><a id=bad href='javascript:alert(1)'>x</a>"), true)`)
	browser.Eval[bool](b.Tab, `(document.querySelector("#bad").click(), console.error("x"), true)`)
	var seen []string
	for began := time.Now(); time.Since(began) < browser.Timeout; time.Sleep(20 * time.Millisecond) {
		if seen = append(seen, b.Problems()...); len(seen) >= 4 {
			return
		}
	}
	t.Errorf("of a style, a request, a script and an error, only these were noticed: %q", seen)
}

func testLarge(t *testing.T, b tab) {
	if size := browser.Eval[int](b.Tab, `document.documentElement.outerHTML.length`); size > 5_000_000 {
		t.Errorf("%d bytes", size)
	} else {
		t.Logf("a page of 500 cells has %d bytes", size)
	}
	b.Holds(shownMarks + `.length === 500`)
	b.Screenshot("large-top")
	b.Do(chromedp.SendKeys(chromedp.CSS("#filter"), "host-042"))
	b.Holds(shownMarks + `.length === 5`)
	b.click("#packages > summary")
	b.choose("#machine", "7")
	b.Holds(`/^\d+ of 950 shown$/.test(document.querySelector("#packages-shown").value)`)
	browser.Eval[bool](b.Tab, `(document.querySelector("#changes").scrollIntoView(), true)`)
	b.Screenshot("large-changes")
	browser.Eval[bool](b.Tab, `(document.querySelector("#time").scrollIntoView(), true)`)
	b.Screenshot("large-timeline")
	b.click("#zoom-in")
	b.click("#zoom-in")
	b.click("#zoom-in")
	b.Holds(`document.querySelector("#canvas").dataset.zoom === "8"`)
	b.Screenshot("large-timeline-zoomed")
}

// Without its script, the page still shows the results of the run.
func testWithoutScript(chromium context.Context, t *testing.T) {
	r, o := comparedReport(t)
	b := tab{browser.Open(chromium, t, desktop)}
	if _, err := chromedp.Call(b.Ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.load(r, o)
	b.Screenshot("without-script")
	for _, shown := range []string{"h1", "#sheet", ".cause", ".tail", "#changes table", "#package-rows tr", "#track", "#logs"} {
		b.Holds(`document.querySelector("` + shown + `").checkVisibility()`)
	}
	b.Holds(`![...document.querySelectorAll(".js")].some(e => e.checkVisibility())`)
	b.click(`#sheet .mark.bad`)
	b.Holds(`document.querySelector("dialog:target h2").textContent.trim() === "✘ vm/reason"`)
	b.click(`dialog:target .close`)
	b.Holds(`!document.querySelector("dialog:target")`)
}
