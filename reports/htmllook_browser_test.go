package reports

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func testTheme(t *testing.T, open func(view) *tab) {
	paper := `getComputedStyle(document.body).backgroundColor`
	b := open(desktop.inDark())
	dark := ask[string](b, paper)
	b.look(desktop)
	light := ask[string](b, paper)
	if dark == light {
		t.Errorf("in the dark the page is %s, too", light)
	}
	b.click("#theme")
	b.holds(paper + ` === "` + dark + `"`)
	b.do(chromedp.Reload())
	b.holds(paper + ` === "` + dark + `"`)
	b.click("#theme")
	b.holds(paper + ` === "` + light + `"`)
	ask[bool](b, `(localStorage.clear(), true)`)
}

func testPhone(t *testing.T, open func(view) *tab) {
	b := open(phone)
	b.holds(`document.documentElement.scrollWidth <= 360`)
	ask[bool](b, `(document.querySelectorAll("details").forEach(d => d.open = true), true)`)
	b.holds(`document.documentElement.scrollWidth <= 360`)
	ask[bool](b, `(document.querySelector("#sheet").scrollIntoView(), document.querySelector("#grid .box").scrollBy(80, 0), true)`)
	b.holds(`document.querySelector("#grid .box").scrollLeft > 0`)
	b.holds(`document.querySelector("#sheet tbody th").getBoundingClientRect().left < 30`)
	b.shot("phone-grid")
	b.click(`#sheet .mark.bad`)
	b.holds(`document.querySelector("dialog[open]").getBoundingClientRect().width === 360`)
	b.holds(`document.querySelector("dialog[open]").scrollWidth <= 360`)
	b.shot("phone-cell")
}

func testPrint(t *testing.T, open func(view) *tab) {
	v := desktop.inDark()
	v.print = true
	b := open(v)
	b.holds(`getComputedStyle(document.body).backgroundColor === "rgb(255, 255, 255)"`)
	b.holds(`!document.querySelector("#filter").checkVisibility() && document.querySelector("#sheet").checkVisibility()`)
	b.shot("print")
}

// What axe finds is wrong by the rules that can be checked by a program.
func testAccessible(t *testing.T, open func(view) *tab) {
	source, err := os.ReadFile(filepath.Join("..", ".cache", "npm", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Skip("skipped: npm's axe-core is not installed (scripts/setup test)")
	}
	for name, v := range map[string]view{"light": desktop, "dark": desktop.inDark(), "phone": phone} {
		t.Run(name, func(t *testing.T) {
			b := open(v)
			b.t = t
			ask[bool](b, string(source)+`; true`)
			b.axe()
			if v == phone {
				return
			}
			b.click(`#sheet .mark.bad`)
			b.axe()
			ask[bool](b, `(document.querySelector("dialog[open] h2").insertAdjacentHTML("afterend", "<button></button>"), true)`)
			if found := b.violations(); len(found) != 1 {
				t.Errorf("of a button without a name axe says %q", found)
			}
		})
	}
}

func (b *tab) axe() {
	b.t.Helper()
	for _, one := range b.violations() {
		b.t.Errorf("axe: %s", one)
	}
}

func (b *tab) violations() []string {
	b.t.Helper()
	return ask[[]string](b, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.flatMap(v =>
		v.nodes.map(n => v.id + ": " + n.html.slice(0, 200) + " " + n.failureSummary)))`)
}

// A page that does what none may is found out, by its own policy and by the tests.
func testWatched(t *testing.T, open func(view) *tab) {
	b := open(desktop)
	ask[bool](b, `(document.body.insertAdjacentHTML("beforeend",
		"<p style='color: red'>x</p><img src='http://127.0.0.1:9/x.png'><a id=bad href='javascript:alert(1)'>x</a>"), true)`)
	ask[bool](b, `(document.querySelector("#bad").click(), console.error("x"), true)`)
	for began := time.Now(); time.Since(began) < patience; time.Sleep(20 * time.Millisecond) {
		if b.lock.Lock(); len(b.bad) >= 4 {
			b.bad = nil
			b.lock.Unlock()
			return
		}
		b.lock.Unlock()
	}
	t.Errorf("of a style, a request, a script and an error only these are seen: %q", b.bad)
}

func testLarge(t *testing.T, b *tab) {
	if size := ask[int](b, `document.documentElement.outerHTML.length`); size > 5_000_000 {
		t.Errorf("%d bytes", size)
	} else {
		t.Logf("a page of 500 cells has %d bytes", size)
	}
	b.holds(shownMarks + `.length === 500`)
	b.shot("large-top")
	b.do(chromedp.SendKeys(chromedp.CSS("#filter"), "host-042"))
	b.holds(shownMarks + `.length === 5`)
	b.click("#packages > summary")
	b.choose("#machine", "7")
	b.holds(`/^\d+ of 950 shown$/.test(document.querySelector("#packages-shown").value)`)
	ask[bool](b, `(document.querySelector("#changes").scrollIntoView(), true)`)
	b.shot("large-changes")
	ask[bool](b, `(document.querySelector("#time").scrollIntoView(), true)`)
	b.shot("large-timeline")
	b.click("#zoom-in")
	b.click("#zoom-in")
	b.click("#zoom-in")
	b.holds(`document.querySelector("#canvas").dataset.zoom === "8"`)
	b.shot("large-timeline-zoomed")
}

// Without its script the page still says what came of the run.
func testWithoutScript(browser context.Context, t *testing.T) {
	r, o := comparedReport(t)
	b := openTab(browser, t, desktop)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.load(r, o)
	b.shot("without-script")
	for _, shown := range []string{"h1", "#sheet", ".cause", ".tail", "#changes table", "#package-rows tr", "#track", "#logs"} {
		b.holds(`document.querySelector("` + shown + `").checkVisibility()`)
	}
	b.holds(`![...document.querySelectorAll(".js")].some(e => e.checkVisibility())`)
	b.click(`#sheet .mark.bad`)
	b.holds(`document.querySelector("dialog:target h2").textContent.trim() === "✘ vm/reason"`)
	b.click(`dialog:target .close`)
	b.holds(`!document.querySelector("dialog:target")`)
}
