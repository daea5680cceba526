package trace

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/flakeci/flakeci/internal/test/browser"
	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// The importer of Chrome's DevTools, which is part of every Chromium, reads all spans.
func TestTraceIsReadByDevTools(t *testing.T) {
	t.Parallel()
	b := &browser.Tab{T: t, Ctx: browser.Start(t)}
	b.Do(chromedp.Navigate("devtools://devtools/bundled/devtools_app.html"))
	for name, r := range map[string]result.Report{"vm": sample.Input(t, "vm"), "fleet": sample.Input(t, "fleet"), "large": sample.Large()} {
		var out bytes.Buffer
		if err := Write(&out, r); err != nil {
			t.Fatal(err)
		}
		got := browser.Eval[map[string]int](b, `(async (trace) => {
			const { TraceModel } = await import("devtools://devtools/bundled/models/trace/trace.js");
			const model = TraceModel.Model.createWithAllHandlers();
			await model.parse(trace.traceEvents, { metadata: {}, isFreshRecording: false });
			const found = {};
			const { Meta, Renderer } = model.parsedTrace().data;
			for (const [pid, process] of Renderer.processes) {
				const name = Meta.processNames.get(pid).args.name;
				for (const thread of process.threads.values()) found[name] = (found[name] ?? 0) + thread.entries.length;
			}
			return found;
		})(`+out.String()+`)`)
		want := map[string]int{"flakeci " + r.Flake.Ref: 1}
		for _, track := range view.NewTimeline(r).Tracks {
			if len(track.Spans) > 0 {
				want[track.Name] = len(track.Spans)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: DevTools reads %v, want %v", name, got, want)
		}
	}
}
