package html

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/test/browser"
	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/result"
)

// tab is the page of a report in the browser.
type tab struct{ *browser.Tab }

var (
	desktop   = browser.Look{Width: 1280, Height: 900}
	phone     = browser.Look{Width: 360, Height: 740}
	dark      = browser.Look{Width: 1280, Height: 900, Dark: true}
	darkPhone = browser.Look{Width: 360, Height: 740, Dark: true}
)

// openHTML writes a report and opens it.
func openHTML(chromium context.Context, t *testing.T, r result.Report, o Options, l browser.Look) tab {
	t.Helper()
	b := tab{browser.Open(chromium, t, l)}
	b.load(r, o)
	return b
}

// load writes a report and goes to it.
func (b tab) load(r result.Report, o Options) {
	b.T.Helper()
	var out bytes.Buffer
	if err := Write(&out, r, o); err != nil {
		b.T.Fatal(err)
	}
	b.Load(out.Bytes())
}

func TestPageForTheEye(t *testing.T) {
	if os.Getenv("SCREENSHOTS") == "" {
		t.Skip("skipped: takes pictures only if asked (SCREENSHOTS=1)")
	}
	chromium := browser.Start(t)
	compared, options := comparedReport(t)
	for name, v := range map[string]browser.Look{"light": desktop, "dark": dark, "phone": phone, "phone-dark": darkPhone} {
		pages := map[string]result.Report{"compared": compared, "failed": sample.Input(t, "failed"), "green": sample.Input(t, "green"), "all-kinds": sample.Input(t, "all-kinds-failed"), "large": sample.Large()}
		for report, r := range pages {
			if strings.HasPrefix(name, "phone") && !slices.Contains([]string{"compared", "large"}, report) {
				continue
			}
			o := Options{}
			if report == "compared" {
				o = options
			}
			b := openHTML(chromium, t, r, o, v)
			for _, part := range []string{"grid", "causes", "changes", "time"} {
				if v == phone && browser.Eval[bool](b.Tab, `(e => e && (e.scrollIntoView(), true))(document.getElementById("`+part+`")) || false`) {
					b.Screenshot(report + "-" + name + "-" + part)
				}
			}
			b.Grow(v)
			b.Screenshot(report + "-" + name)
		}
	}
}
