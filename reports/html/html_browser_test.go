package html

import (
	"encoding/json"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/flakeci/flakeci/internal/test/browser"
	"github.com/flakeci/flakeci/internal/test/sample"
)

// click moves to the element and clicks it, as a person does.
func (b tab) click(selector string) {
	b.T.Helper()
	b.Do(chromedp.Click(chromedp.CSS(selector)))
}

// press sends keys to the focused element.
func (b tab) press(keys string) {
	b.T.Helper()
	b.Do(chromedp.KeyEvent(keys))
}

// strike sends keys as a keyboard does: a key that the page handles is not typed.
func (b tab) strike(keys string) {
	b.T.Helper()
	for _, key := range keys {
		for _, way := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
			if _, err := chromedp.Call(b.Ctx, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: way, Key: string(key), Text: string(key)}); err != nil {
				b.T.Fatal(err)
			}
		}
	}
}

// choose selects an option of a list.
func (b tab) choose(selector, value string) {
	b.T.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		b.T.Fatal(err)
	}
	browser.Eval[bool](b.Tab, `(s => { s.value = `+string(text)+`; s.dispatchEvent(new Event("change")); return true })(document.querySelector("`+selector+`"))`)
}

// Expressions about a page.
const (
	shownMarks = `[...document.querySelectorAll("#grid .mark")].filter(m => m.checkVisibility({visibilityProperty: true}))`
	focused    = `document.activeElement`
	openCell   = `document.querySelector("dialog[open] h2")?.textContent.trim()`
)

func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	chromium := browser.Start(t)
	r, o := comparedReport(t)
	for name, test := range map[string]func(*testing.T, func(browser.Look) tab){
		"grid": testGrid, "filter": testFilter, "keyboard": testKeyboard, "logs": testLogs, "changes": testChanges,
		"timeline": testTimeline, "theme": testTheme, "phone": testPhone, "print": testPrint, "accessible": testAccessible, "watched": testWatched,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(l browser.Look) tab { return openHTML(chromium, t, r, o, l) })
		})
	}
	t.Run("large", func(t *testing.T) {
		testLarge(t, openHTML(chromium, t, sample.Large(), Options{}, desktop))
	})
	t.Run("without script", func(t *testing.T) { testWithoutScript(chromium, t) })
	t.Run("hostile", func(t *testing.T) {
		for _, name := range []string{"hostile", "names"} {
			b := openHTML(chromium, t, sample.Input(t, name), Options{}, desktop)
			b.Holds(`document.querySelectorAll("script").length === 1 && !document.querySelector("[onerror], iframe, object")`)
			b.Screenshot("hostile-" + name)
		}
	})
}

func testGrid(t *testing.T, open func(browser.Look) tab) {
	b := open(desktop)
	b.Holds(`document.querySelector("h1").textContent === "failed"`)
	b.Holds(`document.querySelectorAll("#sheet tbody tr").length === 4`)
	b.click(`#sheet .mark.bad`)
	b.Holds(openCell + ` === "✘ vm/reason"`)
	b.Holds(`location.hash.startsWith("#cell-")`)
	b.Screenshot("cell")
	b.Look(dark)
	b.Screenshot("cell-dark")
	b.press(kb.Escape)
	b.Holds(`!document.querySelector("dialog[open]") && location.hash === ""`)
	b.click(`#sheet .mark.bad`)
	b.click(`dialog[open] .why a`)
	b.Holds(`!document.querySelector("dialog[open]") && ` + focused + `.closest(".cause")`)
	b.click(`.cause .stops a`)
	b.Holds(openCell + ` === "✘ vm/reason"`)
	b.click(`dialog[open] .close`)
	b.Holds(`!document.querySelector("dialog[open]")`)
	b.Holds(`[...document.links].filter(a => a.protocol !== "file:").every(a => a.href.startsWith("https://forge.example/o/r/"))`)
}

func testFilter(t *testing.T, open func(browser.Look) tab) {
	b := open(desktop)
	total := browser.Eval[int](b.Tab, shownMarks+`.length`)
	b.click(`#grid [data-word="new-failure"]`)
	b.Holds(shownMarks + `.map(m => m.dataset.is).join() === "failed new-failure changed"`)
	b.Holds(`document.querySelector("#shown").value.startsWith("1 of ")`)
	b.Screenshot("filter")
	b.click(`#grid [data-word="new-failure"]`)
	// Words of one facet are alternatives; words of two facets must both match.
	b.click(`#grid [data-word="failed"]`)
	b.click(`#grid [data-word="skipped"]`)
	b.Holds(shownMarks + `.length === 3`)
	b.click(`#grid [data-word="already-broken"]`)
	b.Holds(shownMarks + `.map(m => m.title).join().startsWith("nixos/cellar")`)
	for _, word := range []string{"failed", "skipped", "already-broken"} {
		b.click(`#grid [data-word="` + word + `"]`)
	}
	b.Do(chromedp.SendKeys(chromedp.CSS("#filter"), "laptop passed"))
	b.Holds(shownMarks + `.every(m => m.dataset.find.includes("laptop")) && ` + shownMarks + `.length === 3`)
	b.Do(chromedp.SendKeys(chromedp.CSS("#filter"), "no such"))
	b.Holds(shownMarks + `.length === 0`)
	b.press(kb.Escape)
	if n := browser.Eval[int](b.Tab, shownMarks+`.length`); n != total {
		t.Errorf("%d cells are shown without a filter, want %d", n, total)
	}
	// The title of a cause finds the cells that it blocks.
	b.Do(chromedp.SendKeys(chromedp.CSS("#filter"), "sshd.service"))
	b.Holds(shownMarks + `.length === 1`)
}

func testKeyboard(t *testing.T, open func(browser.Look) tab) {
	b := open(desktop)
	b.press(kb.Tab)
	b.Holds(focused + `.matches(".skip")`)
	b.Holds(`getComputedStyle(` + focused + `).outlineStyle !== "none"`)
	b.strike("/")
	b.Holds(focused + `.id === "filter" && ` + focused + `.value === ""`)
	for range 20 {
		if browser.Eval[bool](b.Tab, focused+`.matches("#sheet .mark")`) {
			break
		}
		b.press(kb.Tab)
	}
	b.Holds(focused + `.title.startsWith("nixos/laptop")`)
	b.press(kb.ArrowDown)
	b.Holds(focused + `.title.startsWith("nixos/reason")`)
	b.press(kb.ArrowRight)
	b.Holds(focused + `.title.startsWith("vm/reason")`)
	b.Holds(`getComputedStyle(` + focused + `).outlineStyle === "solid"`)
	b.press(kb.Enter)
	b.Holds(openCell + ` === "✘ vm/reason"`)
	b.Holds(focused + `.closest("dialog[open]")`)
	b.press(kb.Escape)
	b.Holds(focused + `.title.startsWith("vm/reason")`)
	b.press(kb.ArrowUp)
	b.Holds(focused + `.title.startsWith("vm/laptop")`)
	b.press(kb.Home)
	b.Holds(focused + `.title.startsWith("nixos/laptop")`)
	browser.Eval[bool](b.Tab, `(document.querySelector("#logs").scrollIntoView(), true)`)
	b.strike("/")
	b.Holds(focused + `.id === "find"`)
	// A slash in a text field is typed.
	b.strike("a/b")
	b.Holds(`document.querySelector("#find").value === "a/b"`)
}

func testLogs(t *testing.T, open func(browser.Look) tab) {
	b := open(desktop)
	b.click(`.cause a[href^="#log-"]`)
	b.Holds(`document.querySelector("#log-0").open`)
	b.Holds(`!document.querySelector("#log-0 pre").textContent.includes("\x1b")`)
	b.Do(chromedp.SendKeys(chromedp.CSS("#find"), "no frob </script>"))
	b.Holds(`document.querySelector("#hits").value === "4 hits in 2 logs"`)
	b.press(kb.Enter)
	b.Holds(`document.querySelector("#hits").value === "1 of 4 hits in 2 logs, line 151"`)
	b.Holds(`[...CSS.highlights.get("now")][0].toString() === "no frob </script>"`)
	b.Screenshot("logs")
	b.Look(dark)
	b.Screenshot("logs-dark")
	b.press(kb.Enter)
	b.press(kb.Enter)
	b.Holds(`document.querySelector("#hits").value.startsWith("3 of 4") && document.querySelector("#log-1").open`)
	b.Holds(`(r => r.top > 0 && r.bottom < innerHeight)([...CSS.highlights.get("now")][0].getBoundingClientRect())`)
	b.click("#previous")
	b.Holds(`document.querySelector("#hits").value.startsWith("2 of 4")`)
	b.choose("#where", "1")
	b.Holds(`document.querySelector("#hits").value === "2 hits"`)
	b.click("#previous")
	b.Holds(`document.querySelector("#hits").value.startsWith("2 of 2 hits, line 302")`)
	b.Holds(`document.querySelector("#logs").textContent.includes("artifacts/vm/reason/gone.log: no such file")`)
	b.Holds(`(i => i.complete && i.naturalWidth === 640)(document.querySelector("#picture-0 img"))`)
}

func testChanges(t *testing.T, open func(browser.Look) tab) {
	b := open(desktop)
	rows := `[...document.querySelectorAll("#package-rows tr")].filter(r => r.checkVisibility())`
	b.Holds(rows + `.length === 40`)
	b.Do(chromedp.SendKeys(chromedp.CSS("#package"), "firefox"))
	b.Holds(rows + `.length === 7`)
	b.choose("#how", "removed")
	b.Holds(rows + `.length === 2 && document.querySelector("#packages-shown").value === "2 of 40 shown"`)
	b.choose("#machine", "0")
	b.Holds(rows + `.length === 2`)
	b.choose("#how", "")
	b.choose("#order", "size")
	b.Holds(rows + `.map(r => Number(r.dataset.size)).every((n, i, l) => i === 0 || l[i-1] >= n)`)
}

func testTimeline(t *testing.T, open func(browser.Look) tab) {
	b := open(desktop)
	bars := `document.querySelectorAll("#track .lanes > g")`
	b.Holds(bars + `.length === 16`)
	width := `document.querySelector("#canvas").getBoundingClientRect().width`
	before := browser.Eval[float64](b.Tab, width)
	b.click("#zoom-in")
	b.click("#zoom-in")
	if after := browser.Eval[float64](b.Tab, width); after < 3.9*before || after > 4.1*before {
		t.Errorf("after zooming twice the timeline is %v wide, before %v", after, before)
	}
	b.Holds(`document.querySelector("#track").scrollLeft > 0`)
	b.Holds(`[...document.querySelectorAll("#track .axis .z4")].every(g => g.checkVisibility())`)
	b.Holds(`[...document.querySelectorAll("#track .lanes svg:not(.narrow) text")].every(e => {
		const [r, bar, box] = [e, e.parentElement.previousElementSibling, document.querySelector("#track")].map(e => e.getBoundingClientRect());
		return r.left >= box.left || bar.right < box.left + 60 })`)
	b.Screenshot("timeline")
	b.click("#zoom-all")
	b.Holds(`document.querySelector("#zoom-out").disabled`)
	b.Do(chromedp.Focus(chromedp.CSS("#track")))
	b.press("+")
	b.Holds(`document.querySelector("#canvas").dataset.zoom === "2"`)
	b.press("0")
	// The first bar of the machines is a boot. It leads to its cell.
	at := browser.Eval[[]float64](b.Tab, `(r => [r.left + r.width / 2, r.top + r.height / 2])([...document.querySelectorAll("#track .k-boot")][0].getBoundingClientRect())`)
	b.Do(chromedp.MouseClickXY(at[0], at[1]))
	b.Holds(openCell + ` === "✔ vm/laptop"`)
}
