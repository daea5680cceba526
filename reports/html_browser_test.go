package reports

import (
	"encoding/json"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// click is what a person does: it goes to the place on the screen.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// press sends keys to whatever has the focus.
func (b *tab) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// strike sends keys as a keyboard does: a page that takes one keeps it from being
// typed.
func (b *tab) strike(keys string) {
	b.t.Helper()
	for _, key := range keys {
		for _, way := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
			if _, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: way, Key: string(key), Text: string(key)}); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// choose picks an option of a list.
func (b *tab) choose(selector, value string) {
	b.t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		b.t.Fatal(err)
	}
	ask[bool](b, `(s => { s.value = `+string(text)+`; s.dispatchEvent(new Event("change")); return true })(document.querySelector("`+selector+`"))`)
}

// Ways to ask about a page.
const (
	shownMarks = `[...document.querySelectorAll("#grid .mark")].filter(m => m.checkVisibility({visibilityProperty: true}))`
	focused    = `document.activeElement`
	openCell   = `document.querySelector("dialog[open] h2")?.textContent.trim()`
)

func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	browser := browserContext(t)
	r, o := comparedReport(t)
	for name, test := range map[string]func(*testing.T, func(view) *tab){
		"grid": testGrid, "filter": testFilter, "keyboard": testKeyboard, "logs": testLogs, "changes": testChanges,
		"timeline": testTimeline, "theme": testTheme, "phone": testPhone, "print": testPrint, "accessible": testAccessible, "watched": testWatched,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(v view) *tab { return openHTML(browser, t, r, o, v) })
		})
	}
	t.Run("large", func(t *testing.T) {
		testLarge(t, openHTML(browser, t, largeReport(), HTMLOptions{}, desktop))
	})
	t.Run("without script", func(t *testing.T) { testWithoutScript(browser, t) })
	t.Run("hostile", func(t *testing.T) {
		for _, name := range []string{"hostile", "names"} {
			b := openHTML(browser, t, readInput(t, name), HTMLOptions{}, desktop)
			b.holds(`document.querySelectorAll("script").length === 1 && !document.querySelector("[onerror], iframe, object")`)
			b.shot("hostile-" + name)
		}
	})
}

func testGrid(t *testing.T, open func(view) *tab) {
	b := open(desktop)
	b.holds(`document.querySelector("h1").textContent === "failed"`)
	b.holds(`document.querySelectorAll("#sheet tbody tr").length === 4`)
	b.click(`#sheet .mark.bad`)
	b.holds(openCell + ` === "✘ vm/reason"`)
	b.holds(`location.hash.startsWith("#cell-")`)
	b.shot("cell")
	b.look(desktop.inDark())
	b.shot("cell-dark")
	b.press(kb.Escape)
	b.holds(`!document.querySelector("dialog[open]") && location.hash === ""`)
	b.click(`#sheet .mark.bad`)
	b.click(`dialog[open] .why a`)
	b.holds(`!document.querySelector("dialog[open]") && ` + focused + `.closest(".cause")`)
	b.click(`.cause .stops a`)
	b.holds(openCell + ` === "✘ vm/reason"`)
	b.click(`dialog[open] .close`)
	b.holds(`!document.querySelector("dialog[open]")`)
	b.holds(`[...document.links].filter(a => a.protocol !== "file:").every(a => a.href.startsWith("https://forge.example/o/r/"))`)
}

func testFilter(t *testing.T, open func(view) *tab) {
	b := open(desktop)
	total := ask[int](b, shownMarks+`.length`)
	b.click(`#grid [data-word="new-failure"]`)
	b.holds(shownMarks + `.map(m => m.dataset.is).join() === "failed new-failure changed"`)
	b.holds(`document.querySelector("#shown").value.startsWith("1 of ")`)
	b.shot("filter")
	b.click(`#grid [data-word="new-failure"]`)
	// Words of one kind are alternatives, those of two kinds both count.
	b.click(`#grid [data-word="failed"]`)
	b.click(`#grid [data-word="skipped"]`)
	b.holds(shownMarks + `.length === 3`)
	b.click(`#grid [data-word="already-broken"]`)
	b.holds(shownMarks + `.map(m => m.title).join().startsWith("nixos/cellar")`)
	for _, word := range []string{"failed", "skipped", "already-broken"} {
		b.click(`#grid [data-word="` + word + `"]`)
	}
	b.do(chromedp.SendKeys(chromedp.CSS("#filter"), "laptop passed"))
	b.holds(shownMarks + `.every(m => m.dataset.find.includes("laptop")) && ` + shownMarks + `.length === 3`)
	b.do(chromedp.SendKeys(chromedp.CSS("#filter"), "no such"))
	b.holds(shownMarks + `.length === 0`)
	b.press(kb.Escape)
	if n := ask[int](b, shownMarks+`.length`); n != total {
		t.Errorf("%d cells are shown after the filter is gone, want %d", n, total)
	}
	// What stops a cell finds it, too.
	b.do(chromedp.SendKeys(chromedp.CSS("#filter"), "sshd.service"))
	b.holds(shownMarks + `.length === 1`)
}

func testKeyboard(t *testing.T, open func(view) *tab) {
	b := open(desktop)
	b.press(kb.Tab)
	b.holds(focused + `.matches(".skip")`)
	b.holds(`getComputedStyle(` + focused + `).outlineStyle !== "none"`)
	b.strike("/")
	b.holds(focused + `.id === "filter" && ` + focused + `.value === ""`)
	for range 20 {
		if ask[bool](b, focused+`.matches("#sheet .mark")`) {
			break
		}
		b.press(kb.Tab)
	}
	b.holds(focused + `.title.startsWith("nixos/laptop")`)
	b.press(kb.ArrowDown)
	b.holds(focused + `.title.startsWith("nixos/reason")`)
	b.press(kb.ArrowRight)
	b.holds(focused + `.title.startsWith("vm/reason")`)
	b.holds(`getComputedStyle(` + focused + `).outlineStyle === "solid"`)
	b.press(kb.Enter)
	b.holds(openCell + ` === "✘ vm/reason"`)
	b.holds(focused + `.closest("dialog[open]")`)
	b.press(kb.Escape)
	b.holds(focused + `.title.startsWith("vm/reason")`)
	b.press(kb.ArrowUp)
	b.holds(focused + `.title.startsWith("vm/laptop")`)
	b.press(kb.Home)
	b.holds(focused + `.title.startsWith("nixos/laptop")`)
	ask[bool](b, `(document.querySelector("#logs").scrollIntoView(), true)`)
	b.strike("/")
	b.holds(focused + `.id === "find"`)
	// A slash that is typed stays one.
	b.strike("a/b")
	b.holds(`document.querySelector("#find").value === "a/b"`)
}

func testLogs(t *testing.T, open func(view) *tab) {
	b := open(desktop)
	b.click(`.cause a[href^="#log-"]`)
	b.holds(`document.querySelector("#log-0").open`)
	b.holds(`!document.querySelector("#log-0 pre").textContent.includes("\x1b")`)
	b.do(chromedp.SendKeys(chromedp.CSS("#find"), "no frob </script>"))
	b.holds(`document.querySelector("#hits").value === "4 hits in 2 logs"`)
	b.press(kb.Enter)
	b.holds(`document.querySelector("#hits").value === "1 of 4 hits in 2 logs, line 151"`)
	b.holds(`[...CSS.highlights.get("now")][0].toString() === "no frob </script>"`)
	b.shot("logs")
	b.look(desktop.inDark())
	b.shot("logs-dark")
	b.press(kb.Enter)
	b.press(kb.Enter)
	b.holds(`document.querySelector("#hits").value.startsWith("3 of 4") && document.querySelector("#log-1").open`)
	b.holds(`(r => r.top > 0 && r.bottom < innerHeight)([...CSS.highlights.get("now")][0].getBoundingClientRect())`)
	b.click("#previous")
	b.holds(`document.querySelector("#hits").value.startsWith("2 of 4")`)
	b.choose("#where", "1")
	b.holds(`document.querySelector("#hits").value === "2 hits"`)
	b.click("#previous")
	b.holds(`document.querySelector("#hits").value.startsWith("2 of 2 hits, line 302")`)
	b.holds(`document.querySelector("#logs").textContent.includes("artifacts/vm/reason/gone.log: no such file")`)
	b.holds(`(i => i.complete && i.naturalWidth === 640)(document.querySelector("#picture-0 img"))`)
}

func testChanges(t *testing.T, open func(view) *tab) {
	b := open(desktop)
	rows := `[...document.querySelectorAll("#package-rows tr")].filter(r => r.checkVisibility())`
	b.holds(rows + `.length === 40`)
	b.do(chromedp.SendKeys(chromedp.CSS("#package"), "firefox"))
	b.holds(rows + `.length === 7`)
	b.choose("#how", "removed")
	b.holds(rows + `.length === 2 && document.querySelector("#packages-shown").value === "2 of 40 shown"`)
	b.choose("#machine", "0")
	b.holds(rows + `.length === 2`)
	b.choose("#how", "")
	b.choose("#order", "size")
	b.holds(rows + `.map(r => Number(r.dataset.size)).every((n, i, l) => i === 0 || l[i-1] >= n)`)
}

func testTimeline(t *testing.T, open func(view) *tab) {
	b := open(desktop)
	bars := `document.querySelectorAll("#track .lanes > g")`
	b.holds(bars + `.length === 16`)
	width := `document.querySelector("#canvas").getBoundingClientRect().width`
	before := ask[float64](b, width)
	b.click("#zoom-in")
	b.click("#zoom-in")
	if after := ask[float64](b, width); after < 3.9*before || after > 4.1*before {
		t.Errorf("after zooming twice the timeline is %v wide, before %v", after, before)
	}
	b.holds(`document.querySelector("#track").scrollLeft > 0`)
	b.holds(`[...document.querySelectorAll("#track .axis .z4")].every(g => g.checkVisibility())`)
	b.holds(`[...document.querySelectorAll("#track .lanes svg:not(.narrow) text")].every(e => {
		const [r, bar, box] = [e, e.parentElement.previousElementSibling, document.querySelector("#track")].map(e => e.getBoundingClientRect());
		return r.left >= box.left || bar.right < box.left + 60 })`)
	b.shot("timeline")
	b.click("#zoom-all")
	b.holds(`document.querySelector("#zoom-out").disabled`)
	b.do(chromedp.Focus(chromedp.CSS("#track")))
	b.press("+")
	b.holds(`document.querySelector("#canvas").dataset.zoom === "2"`)
	b.press("0")
	// The first bar of machines is a boot: it leads to its cell.
	at := ask[[]float64](b, `(r => [r.left + r.width / 2, r.top + r.height / 2])([...document.querySelectorAll("#track .k-boot")][0].getBoundingClientRect())`)
	b.do(chromedp.MouseClickXY(at[0], at[1]))
	b.holds(openCell + ` === "✔ vm/laptop"`)
}
