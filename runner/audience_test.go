package runner

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// Builders wait for a watcher who is far behind with what they write, for that has
// no end; and it is told of all, in order. Who does not want to know is not waited for,
// and a builder that is to end waits for nobody.
func TestBuildersWaitForTheSlowest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held, goOn := make(chan struct{}), make(chan struct{})
		deaf := Watcher{Asks: func(bool) { <-held }}
		var told []string
		slow := Watcher{Line: func(_, line string) {
			<-goOn
			told = append(told, strings.TrimSpace(line))
		}}
		a := newAudience([]Watcher{deaf, slow, {}})
		a.tell(func(w Watcher) {
			if w.Asks != nil {
				w.Asks(true)
			}
		})
		written := 0
		const lines = 100
		padding := strings.Repeat(" ", mostUnread/10-lineHead)
		go func() {
			for i := range lines {
				a.tellLine(t.Context(), "a.drv", strconv.Itoa(i)+padding)
				written++
			}
		}()
		synctest.Wait()
		if written != 10 {
			t.Errorf("%d lines were written with nobody reading", written)
		}
		ending, end := context.WithCancel(t.Context())
		ended := false
		go func() {
			a.tellLine(ending, "b.drv", "not told of")
			ended = true
		}()
		synctest.Wait()
		if ended {
			t.Error("it does not wait")
		}
		end()
		synctest.Wait()
		if !ended {
			t.Error("it waits though it is to end")
		}
		close(goOn)
		synctest.Wait()
		if written != lines || len(told) != lines {
			t.Fatalf("%d of %d lines were written, %d told of", written, lines, len(told))
		}
		for i, line := range told {
			if line != strconv.Itoa(i) {
				t.Fatalf("line %d is %s", i, line)
			}
		}
		close(held)
		a.catchUp()
	})
}
