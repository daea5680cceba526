package event

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// Builders that write without end wait for a subscriber that is far behind with their lines. It
// gets all of them in order. A builder waits neither for a subscriber that asks for no lines
// nor once it is to end.
func TestBuildersWaitForTheSlowest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held, goOn := make(chan struct{}), make(chan struct{})
		stuck := Subscriber{Handle: func(e Event) {
			if _, ok := e.(Line); ok {
				t.Error("a line for a subscriber that asks for none")
			}
			<-held
		}}
		var got []string
		slow := Subscriber{Lines: true, Handle: func(e Event) {
			if l, ok := e.(Line); ok {
				<-goOn
				got = append(got, strings.TrimSpace(l.Text))
			}
		}}
		b := NewBus([]Subscriber{stuck, slow})
		b.Send(Planning{true})
		written := 0
		const lines = 100
		padding := strings.Repeat(" ", maxUnread/10-lineOverhead)
		go func() {
			for i := range lines {
				b.SendLine(t.Context(), Line{"a.drv", strconv.Itoa(i) + padding})
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
			b.SendLine(ending, Line{"b.drv", "is never sent"})
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
		if written != lines || len(got) != lines {
			t.Fatalf("%d of %d lines were written, %d arrived", written, lines, len(got))
		}
		for i, line := range got {
			if line != strconv.Itoa(i) {
				t.Fatalf("line %d is %s", i, line)
			}
		}
		close(held)
		b.Wait()
	})
}

// Each subscriber gets every event in order and one at a time, whatever others do. Wait returns
// once all have handled theirs.
func TestEachGetsAllInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const events = 1000
		held := make(chan struct{})
		var got [3][]string
		var handling [3]bool
		var subscribers []Subscriber
		for i := range got {
			subscribers = append(subscribers, Subscriber{Handle: func(e Event) {
				if handling[i] {
					t.Error("two events at a time")
				}
				handling[i] = true
				if i == 0 {
					<-held
				}
				got[i] = append(got[i], e.(BuilderStarted).Drv)
				handling[i] = false
			}})
		}
		b := NewBus(subscribers)
		for i := range events {
			b.Send(BuilderStarted{Drv: strconv.Itoa(i)})
		}
		synctest.Wait()
		if len(got[0]) != 0 || len(got[1]) != events || len(got[2]) != events {
			t.Errorf("with the first one stuck they got %d, %d and %d", len(got[0]), len(got[1]), len(got[2]))
		}
		waited := false
		go func() {
			b.Wait()
			waited = true
		}()
		synctest.Wait()
		if waited {
			t.Error("it does not wait for the first one")
		}
		close(held)
		synctest.Wait()
		if !waited {
			t.Error("all events are handled, and it still waits")
		}
		for i := range got {
			for k, drv := range got[i] {
				if drv != strconv.Itoa(k) {
					t.Fatalf("event %d of subscriber %d is %s", k, i, drv)
				}
			}
			if len(got[i]) != events {
				t.Errorf("subscriber %d got %d", i, len(got[i]))
			}
		}
	})
}
