package live

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
)

const frob = "/nix/store/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-libfrob-1.2.drv"

// fleet is two hosts, a VM, three homes and two packages, in the middle of a run.
func fleet(t *testing.T) *play {
	p := newPlay(t, matrix.Inventory{
		NixOS:    []string{"reason", "laptop"},
		Homes:    []matrix.Home{{Key: "joachim@reason"}, {Key: "joachim@laptop"}, {Key: "work@laptop"}},
		Packages: []matrix.Output{{System: "x86_64-linux", Name: "tool"}, {System: "x86_64-linux", Name: "other"}},
	}, result.KindNixOS, result.KindVM, result.KindHome, result.KindPackage)
	for _, id := range []string{"nixos/laptop", "nixos/reason", "home/joachim@reason"} {
		p.send(event.Started{Cell: p.cell(id), Phase: result.PhaseEval.Name()})
	}
	p.pass(3 * time.Second)
	p.send(event.Waiting{Cell: p.cell("home/joachim@reason")})
	p.send(event.Started{Cell: p.cell("nixos/laptop"), Phase: result.PhaseBuild.Name()})
	p.send(event.BuilderStarted{Drv: frob})
	p.send(event.Line{Drv: frob, Text: "checking for frob...\tno"})
	p.send(event.Line{Drv: frob, Text: "\x1b[31mfrob.c:7: error: no frob\x1b[0m \x1b]0;title\x07"})
	p.pass(38 * time.Second)
	p.passes("nixos/laptop", result.Built, 38*time.Second)
	return p
}

// broken is fleet after failures, with more still running.
func broken(t *testing.T) *play {
	p := fleet(t)
	cause := &result.Cause{
		Kind: "build", Title: "libfrob-1.2 failed to build (exit 3)", DrvPath: frob, ExitCode: 3, Hint: "look at its log",
		LogTail: "checking for frob...\tno\n\x1b[31mfrob.c:7: error: no frob\x1b[0m",
	}
	p.send(event.BuilderStopped{Drv: frob})
	p.fails("home/work@laptop", result.DependencyFailed, cause)
	p.fails("home/joachim@laptop", result.DependencyFailed, cause)
	p.fails("package/x86_64-linux/tool", result.Failed, &result.Cause{Kind: "eval", Title: "does not evaluate: attribute 'x' missing"})
	p.send(event.Started{Cell: p.cell("nixos/reason"), Phase: result.PhaseBuild.Name()})
	p.send(event.Started{Cell: p.cell("vm/laptop"), Phase: result.PhaseBoot.Name()})
	p.send(event.BuilderStarted{Drv: "/nix/store/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-quiet-1.drv"})
	p.send(event.Stalled{Drv: "/nix/store/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-quiet-1.drv", Cells: []result.Cell{p.cell("nixos/reason")}, Silent: 5 * time.Second})
	p.send(event.BuilderStarted{Drv: "/nix/store/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy-linux-6.1.drv"})
	p.pass(12 * time.Second)
	for i := range 30 {
		p.send(event.Line{Drv: "/nix/store/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy-linux-6.1.drv", Text: fmt.Sprintf("  CC      drivers/net/driver%d.o", i)})
	}
	return p
}

func TestScreens(t *testing.T) {
	for name, play := range map[string]func(*testing.T) *play{"running": fleet, "failed": broken, "many": crowd} {
		for _, size := range [][2]int{{20, 5}, {80, 24}, {200, 60}} {
			play(t).golden(name, size[0], size[1])
		}
	}
}

// crowd is 100 hosts with four homes each, half of them done.
func crowd(t *testing.T) *play {
	var inv matrix.Inventory
	for i := range 100 {
		host := fmt.Sprintf("host%02d", i)
		inv.NixOS = append(inv.NixOS, host)
		for _, user := range []string{"ann", "bob", "cher", "dora"} {
			inv.Homes = append(inv.Homes, matrix.Home{Key: user + "@" + host})
		}
	}
	p := newPlay(t, inv, result.KindNixOS, result.KindHome)
	p.pass(5 * time.Minute)
	for i, host := range inv.NixOS {
		for k, id := range []string{"nixos/" + host, "home/ann@" + host, "home/bob@" + host, "home/cher@" + host, "home/dora@" + host} {
			switch {
			case i == 52 && k < 2, i == 55 && k == 0:
				p.send(event.Started{Cell: p.cell(id), Phase: result.PhaseBuild.Name()})
			case i > 52:
			case i%10 == 7 && k == 3:
				p.fails(id, result.Failed, &result.Cause{Kind: "build", Title: fmt.Sprintf("thing-%d failed to build (exit 1)", i)})
			default:
				p.passes(id, result.Built, time.Duration(i)*time.Second)
			}
		}
	}
	p.send(event.BuilderStarted{Drv: frob})
	p.pass(time.Minute)
	return p
}

func TestEstimates(t *testing.T) {
	p := fleet(t)
	p.model.plan.estimate = func(cell, phase string) (time.Duration, bool) {
		return 50 * time.Second, cell != "home/work@laptop"
	}
	got := p.screen(100, 24)
	// Eight cells are still to be built, two at once, for 50 s each; the unknown one counts
	// like the others.
	for _, want := range []string{"about 3m left", "nixos/reason", "of about 50s"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	// A build that waits in the middle has as much time left as when it stopped, and is not
	// shown as running.
	reason := p.cell("nixos/reason")
	p.send(event.Started{Cell: reason, Phase: result.PhaseBuild.Name()})
	p.pass(20 * time.Second)
	before, _ := p.model.plan.left(p.model.board)
	p.send(event.Waiting{Cell: reason})
	p.pass(time.Minute)
	if left, _ := p.model.plan.left(p.model.board); left != before {
		t.Errorf("%s was left, and now %s is", before, left)
	}
	if got := p.screen(100, 24); strings.Contains(got, "reason   ▸") {
		t.Errorf("one that waits is shown to run:\n%s", got)
	}
	p.send(event.Resumed{Cell: reason, Phase: result.PhaseBuild.Name(), Since: p.time.Add(-20 * time.Second)})
	if left, _ := p.model.plan.left(p.model.board); left != before {
		t.Errorf("%s was left, and %s once it continues", before, left)
	}
	if got := p.screen(100, 24); !strings.Contains(got, "reason   ▸ build 20s") {
		t.Errorf("one that continues is shown as\n%s", got)
	}
	p.model.plan.estimate = func(cell, _ string) (time.Duration, bool) { return time.Second, cell == "nixos/reason" }
	if got := p.screen(100, 24); strings.Contains(got, "left") {
		t.Errorf("an estimate based on almost nothing:\n%s", got)
	}
}

// The time is visible even if the name of the flake is long.
func TestLongReference(t *testing.T) {
	p := fleet(t)
	p.model.options.Flake.Ref = "git+file:///home/joachim/projects/configuration"
	first, _, _ := strings.Cut(p.screen(80, 24), "\n")
	if !strings.Contains(first, "/configuration") || !strings.HasSuffix(first, " 41s") {
		t.Errorf("the name and the time are not both in %q", first)
	}
}

// The view says when a binary cache does not answer.
func TestAsking(t *testing.T) {
	p := fleet(t)
	p.send(event.Planning{Running: true})
	p.pass(time.Second)
	if got := p.screen(100, 24); strings.Contains(got, "asking") {
		t.Errorf("shown though it takes no time:\n%s", got)
	}
	p.pass(time.Minute)
	if got := p.screen(100, 24); !strings.Contains(got, "binary caches what they have for 1m 01s") {
		t.Errorf("not shown:\n%s", got)
	}
	p.send(event.Planning{Running: false})
	if got := p.screen(100, 24); strings.Contains(got, "asking") {
		t.Errorf("still shown:\n%s", got)
	}
}

func TestLogOfABuilder(t *testing.T) {
	p := broken(t)
	p.press("end", "up") // the last of all runs in a VM
	p.golden("selected", 80, 24)
	p.press("enter")
	p.golden("log", 80, 24)
	linux := "/nix/store/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy-linux-6.1.drv"
	p.send(event.Line{Drv: linux, Text: "newest"})
	if got := p.screen(80, 24); !strings.Contains(got, "newest") {
		t.Errorf("the log does not follow:\n%s", got)
	}
	p.press("pgup")
	at := p.screen(80, 24)
	p.send(event.Line{Drv: linux, Text: "later"})
	if got := p.screen(80, 24); got != strings.ReplaceAll(at, "of 31", "of 32") {
		t.Errorf("the log moved by itself from\n%s\nto\n%s", at, got)
	}
	p.press("end")
	p.send(event.BuilderStopped{Drv: linux})
	if got := p.screen(80, 24); !strings.Contains(got, "later") || !strings.Contains(got, "ended after 12s") {
		t.Errorf("not at the end of what has ended:\n%s", got)
	}
	p.press("esc")
	if got := p.screen(80, 24); !strings.Contains(got, "failed") {
		t.Errorf("not back:\n%s", got)
	}
}

func TestPaneOfAnError(t *testing.T) {
	p := fleet(t)
	p.fails("nixos/reason", result.Failed, &result.Cause{
		Kind: "eval", Title: `does not evaluate: option services.motd is not of type string: 5 in hosts/reason.nix`,
		Message: "A definition for option `services.motd' is not of type `string'. Definition values:\n- In `hosts/reason.nix': 5\nUse `lib.mkForce value` to win.",
		Hint:    "write a text", LogTail: "… 14 frames in nixpkgs\nflake.nix:4:5: from call site",
		Location: &result.Location{File: "hosts/reason.nix", Line: 31, Column: 11},
		Excerpt:  &result.Excerpt{FirstLine: 30, Lines: []string{"\t# 機器: what a user reads", "\tservices.motd = 5; " + strings.Repeat("# not a text ", 9), "}"}},
	})
	p.press("enter")
	p.golden("error", 80, 24)
	p.golden("error", 40, 24)
}

func TestLogOfAFailure(t *testing.T) {
	p := broken(t)
	p.press("enter")
	p.golden("cause", 80, 24)
	p.golden("cause", 20, 5)

	path := filepath.Join(t.TempDir(), "libfrob.log")
	text := strings.Repeat("before\n", maxFileBytes/7) + "\x1b[1mthe whole log\x1b[0m\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p.press("esc")
	p.model.board.faults[0].cause.Log = path
	p.press("enter")
	if got := p.screen(80, 24); !strings.Contains(got, "  the whole log") {
		t.Errorf("not the end of the file:\n%s", got)
	}
	p.press("home")
	if got := p.screen(80, 24); !strings.Contains(got, "bytes left out)") {
		t.Errorf("not where the part begins that was read:\n%s", got)
	}
}

// Paging through a log shows all of it, however long its lines and however small the
// terminal.
func TestPagesOfLongLines(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {20, 5}, {20, 4}} {
		p := broken(t)
		p.screen(size[0], size[1])
		for i := range 30 {
			p.send(event.Line{Drv: "/nix/store/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy-linux-6.1.drv", Text: strings.Repeat("x", 20+i*30) + fmt.Sprintf(" <%d>", i)})
		}
		p.press("end", "up", "enter", "home")
		seen := ""
		for range 300 { // more pages than there are
			for _, row := range strings.Split(p.screen(size[0], size[1]), "\n")[1:] {
				seen += strings.TrimRight(row, " ")
			}
			if p.model.pane.follow {
				break // at the end
			}
			p.press("pgdown")
		}
		for i := range 30 {
			if !strings.Contains(seen, fmt.Sprintf("<%d>", i)) {
				t.Errorf("%v: the end of line %d is never shown", size, i)
			}
		}
		for range 1000 { // and back, row by row
			p.press("up")
		}
		if got := p.screen(size[0], size[1]); !strings.Contains(got, "driver0.o") {
			t.Errorf("not at the beginning:\n%s", got)
		}
	}
}

// A log has a title in every size, with the place in it where there is room.
func TestTitleOfALog(t *testing.T) {
	for columns, want := range map[int]string{60: "linux-6.1 running 12s, line 1 of 30", 20: "lin… line 1 of 30", 12: "linux-6.1"} {
		p := broken(t)
		p.press("end", "up", "enter")
		p.screen(columns, 5)
		p.press("home")
		title, _, _ := strings.Cut(p.screen(columns, 5), "\n")
		if got := strings.Join(strings.Fields(title), " "); got != want {
			t.Errorf("in %d columns: %q", columns, title)
		}
	}
}

// Reading the log of a builder that wrote no text does no harm.
func TestLogOfBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bytes.log")
	if err := os.WriteFile(path, append(bytes.Repeat([]byte{0x80}, 2*longest), "\nno text\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	p := broken(t)
	p.model.board.faults[0].cause.Log = path
	p.press("enter")
	if got := p.screen(80, 24); !strings.Contains(got, "  no text") {
		t.Errorf("not the end of the file:\n%s", got)
	}
}

// When a selected builder ends, the selection moves on; keys never select anything outside
// the lists.
func TestMoving(t *testing.T) {
	p := fleet(t)
	p.press("down", "down", "down", "down", "up", "end", "G")
	p.screen(80, 24)
	if p.model.selected != p.model.items()[1].key {
		t.Errorf("selected is %q", p.model.selected)
	}
	p.press("home")
	p.send(event.BuilderStopped{Drv: frob})
	p.screen(80, 24)
	if p.model.selected != p.model.items()[0].key {
		t.Errorf("selected is %q", p.model.selected)
	}
	p.fails("nixos/reason", result.Error)
	p.screen(80, 24)
	p.press("down", "enter")
	if got := p.screen(80, 24); p.model.pane != nil || strings.Contains(got, "❯") {
		t.Errorf("something is selected where there is nothing:\n%s", got)
	}
}

func TestInterrupt(t *testing.T) {
	p := broken(t)
	p.press("enter", "q") // back from a log
	if p.interrupts != 0 {
		t.Fatal("q in a log interrupts the run")
	}
	p.press("q", "q", "q") // a key that is held down kills nothing
	if got := p.screen(80, 24); p.interrupts != 1 || !strings.Contains(got, "interrupted") {
		t.Errorf("%d interrupts:\n%s", p.interrupts, got)
	}
	p.press("ctrl+c")
	if got := p.screen(80, 24); p.interrupts != 2 || !strings.Contains(got, "killing") {
		t.Errorf("%d interrupts:\n%s", p.interrupts, got)
	}
	// From elsewhere.
	p = broken(t)
	p.stopping = true
	p.model.Update(tickMsg{})
	if got := p.screen(80, 24); !strings.Contains(got, "interrupted") {
		t.Errorf("no word of it:\n%s", got)
	}
	// After a Ctrl-C that kills, another would end flakeci itself: the view has to say so in time.
	p.press("ctrl+c")
	if got := p.screen(80, 24); p.interrupts != 1 || !strings.Contains(got, "killing") {
		t.Errorf("%d interrupts:\n%s", p.interrupts, got)
	}
}

// The view redraws only what has changed.
func TestIdle(t *testing.T) {
	p := broken(t)
	p.screen(80, 24)
	p.model.drawn = "kept"
	p.model.Update(tickMsg{})
	if got := p.model.View().Content; got != "kept" {
		t.Errorf("drawn again: %q", got)
	}
	p.pass(time.Second)
	if got := p.model.View().Content; got == "kept" {
		t.Error("the clock stands still")
	}
}

// Everything that a flake or a builder says reaches the terminal as plain text.
func TestHostile(t *testing.T) {
	evil := "\x1b]0;x\x07\x1b[2J\u202ebidi\nline\r\t::error::"
	p := newPlay(t, matrix.Inventory{NixOS: []string{"a", evil}, Packages: []matrix.Output{{System: "x86_64-linux", Name: evil}}}, result.KindNixOS, result.KindPackage)
	p.model.options.Flake.Ref = evil
	drv := "/nix/store/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy-" + evil
	for _, c := range p.matrix.Cells {
		p.send(event.Started{Cell: c, Phase: result.PhaseName{Kind: result.PhaseCheck, Subject: evil}})
		p.send(event.Retrying{Cells: []result.Cell{c}, Phase: result.PhaseCheck.Name(), Cause: &result.Cause{Title: evil}})
	}
	p.send(event.BuilderStarted{Drv: drv})
	p.send(event.Line{Drv: drv, Text: evil})
	p.fails("nixos/a", result.Failed, &result.Cause{Kind: "build", Title: evil, Hint: evil, LogTail: evil, Log: evil})
	check := func() {
		t.Helper()
		for _, size := range [][2]int{{20, 5}, {80, 24}, {200, 60}} {
			for _, r := range p.screen(size[0], size[1]) {
				if r != '\n' && r < ' ' || r == '\u202e' || r == 0x9b {
					t.Fatalf("%q is on the screen", r)
				}
			}
		}
	}
	check()
	for range p.model.items() {
		p.press("down", "enter")
		check()
		p.press("esc")
	}
}

// Kinds without a place in the grid are shown too, even if there is only one row or none.
func TestFewRows(t *testing.T) {
	few := func(hosts ...string) *play {
		tool := matrix.Output{System: "x86_64-linux", Name: "tool"}
		return newPlay(t, matrix.Inventory{NixOS: hosts, Packages: []matrix.Output{tool}, Checks: []matrix.Output{tool}},
			result.KindNixOS, result.KindPackage, result.KindCheck)
	}
	for _, p := range []*play{few(), few("reason")} {
		got := p.screen(80, 24)
		for _, want := range []string{"packages     0 of 1", "checks       0 of 1"} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q on\n%s", want, got)
			}
		}
	}
	if got := few("reason").screen(80, 9); !strings.Contains(got, "reason") {
		t.Errorf("the only host is not on\n%s", got)
	}
}

// The view fits a terminal of any size.
func TestEverySize(t *testing.T) {
	tool := []matrix.Output{{System: "x86_64-linux", Name: "tool"}}
	bare := newPlay(t, matrix.Inventory{Packages: tool, Checks: tool}, result.KindPackage, result.KindCheck)
	for _, play := range []*play{fleet(t), broken(t), crowd(t), bare} {
		play.model.ink = true
		for columns := 1; columns < 130; columns += 7 {
			for lines := 1; lines < 50; lines += 3 {
				play.screen(columns, lines)
				play.press("down", "enter")
				play.screen(columns, lines)
				play.press("pgup", "down", "esc")
			}
		}
	}
}

func TestTheView(t *testing.T) {
	p := fleet(t)
	if v := p.model.View(); !v.AltScreen || v.Cursor != nil {
		t.Errorf("%+v", v)
	}
	if p.model.Init() == nil {
		t.Error("the clock does not start")
	}
	if _, cmd := p.model.Update(keyPress("ctrl+z")); cmd == nil {
		t.Error("Ctrl-Z does nothing")
	} else if _, ok := cmd().(tea.SuspendMsg); !ok {
		t.Error("Ctrl-Z does not suspend")
	}
}

// A hundred megabytes pass through a board while somebody watches.
func TestFlood(t *testing.T) {
	p := fleet(t)
	line := strings.Repeat("x", 99)
	began := time.Now()
	for i := range 1_000_000 {
		p.send(event.Line{Drv: frob, Text: line})
		if i%10_000 == 0 {
			p.model.View()
		}
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %v", took)
	} else {
		t.Logf("took %v", took)
	}
}

func BenchmarkDraw(b *testing.B) {
	p := crowd(&testing.T{})
	p.model.width, p.model.height = 200, 60
	for b.Loop() {
		p.model.board.stale, p.model.drawn = true, ""
		p.model.View()
	}
}
