package runner

import (
	"strconv"
	"testing"
	"testing/synctest"
)

// Builders wait for a watcher who is far behind with what they write, for that has
// no end; and it is told of all, in order.
func TestBuildersWaitForTheSlowest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		var told []string
		slow := Watcher{Line: func(_, line string) {
			<-goOn
			told = append(told, line)
		}}
		r := &run{audience: newAudience([]Watcher{{}, slow})}
		written := 0
		const lines = 2*mostBehind + 1
		go func() {
			for i := range lines {
				r.builderWrote("a.drv", strconv.Itoa(i))
				written++
			}
		}()
		synctest.Wait()
		if written != mostBehind+1 {
			t.Errorf("%d lines were written with nobody reading", written)
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
	})
}
