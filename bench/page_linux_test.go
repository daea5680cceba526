package bench_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/test/browser"
)

// page is how a browser handles a report, in milliseconds.
type page struct {
	bytes    int
	elements int
	painted  float64 // the first text is there
	loaded   float64 // everything works
	steps    []step
}

// step is something that a reader does, until the browser has drawn the result.
type step struct {
	what  string
	took  float64
	limit float64
}

func (p page) String() string {
	var t strings.Builder
	fmt.Fprintf(&t, "| %.1f MB, %d elements | until it is drawn |\n|---|---|\n| first text | %.0f ms |\n| everything | %.0f ms |\n", float64(p.bytes)/1e6, p.elements, p.painted, p.loaded)
	for _, s := range p.steps {
		fmt.Fprintf(&t, "| %s | %.0f ms |\n", s.what, s.took)
	}
	return t.String()
}

func (p page) targets() []target {
	list := []target{{"loading the page", p.loaded, 10_000, " ms"}}
	for _, s := range p.steps {
		list = append(list, target{s.what, s.took, s.limit, " ms"})
	}
	return list
}

// openPage opens a report and uses it as a reader does.
func openPage(b *testing.B, path string) page {
	b.Helper()
	html, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	tab := browser.Open(browser.Start(b), b, browser.Look{Width: 1280, Height: 900})
	tab.Load(html)
	tab.Holds(`performance.getEntriesByType("navigation")[0].loadEventEnd > 0`)
	p := page{
		bytes: len(html), elements: browser.Eval[int](tab, `document.querySelectorAll("*").length`),
		painted: browser.Eval[float64](tab, `performance.getEntriesByName("first-contentful-paint")[0].startTime`),
		loaded:  browser.Eval[float64](tab, `performance.getEntriesByType("navigation")[0].loadEventEnd`),
	}
	do := func(what, script, then string, limit float64) {
		took := browser.Eval[float64](tab, `new Promise(done => { const began = performance.now(); `+script+`;
			requestAnimationFrame(() => setTimeout(() => done(performance.now() - began))) })`)
		tab.Holds(then)
		p.steps = append(p.steps, step{what, took, limit})
	}
	filter := func(text string) string {
		return `const f = document.querySelector("#filter"); f.value = "` + text + `"; f.dispatchEvent(new Event("input"))`
	}
	const open, shown = `document.querySelector("dialog[open]")`, `document.querySelector("#shown").value`
	do("filter by the name of a host", filter("host1000"), shown+` === "6 of 6000 shown"`, 500)
	do("show everything again", filter(""), shown+` === ""`, 1000)
	do("show only what failed", `document.querySelector('#grid [data-word="failed"]').click()`, shown+` === "60 of 6000 shown"`, 500)
	do("open a cell", `document.querySelector("#sheet .mark.bad").click()`, open+` && location.hash.startsWith("#cell-")`, 1000)
	do("go from the cell to its cause", `document.querySelector("dialog[open] .why a").click()`, `!`+open+` && document.activeElement.closest(".cause")`, 1000)
	return p
}
