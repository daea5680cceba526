package plain

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/reports/progress"
)

// interval is how long nothing is printed before a heartbeat.
const interval = 30 * time.Second

// firstInterval is the interval before the first heartbeat on a terminal, where a person is
// waiting.
func firstInterval(terminal bool) time.Duration {
	if terminal {
		return 5 * time.Second
	}
	return interval
}

// beat prints heartbeats until the printer is stopped.
func (p *Printer) beat() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-p.ended:
			return
		case now := <-tick.C:
			p.mu.Lock()
			if now.After(p.next) && !p.hushed {
				p.print([]string{heartbeat(p.state, now)})
			}
			p.mu.Unlock()
		}
	}
}

// WhileInspecting prints a heartbeat until it is stopped. There are no cells yet: flakeci is
// inspecting the flake, which fetches its inputs and can take minutes.
func WhileInspecting(printf func(format string, args ...any), terminal bool) (stop func()) {
	started, ended := time.Now(), make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(safely.Func(func() {
		for after := firstInterval(terminal); ; after = interval {
			select {
			case <-ended:
				return
			case now := <-time.After(after):
				printf("still inspecting the flake and its inputs after %s", now.Sub(started).Round(time.Second))
			}
		}
	}))
	return sync.OnceFunc(func() {
		close(ended)
		beating.Wait()
	})
}

// heartbeat says what is running.
func heartbeat(s *progress.State, now time.Time) string {
	text := fmt.Sprintf("… %d of %d cells done, %d failed", s.Finished, s.Announced(), s.Failed)
	if len(s.Running) > 0 {
		text += "; running: " + list(s.Running, now, func(a *progress.Activity) (string, time.Time) { return a.Cell.ID + " " + a.Name(), a.Since })
	}
	if len(s.Builders) > 0 {
		text += "; builders: " + list(s.Builders, now, func(b *progress.Builder) (string, time.Time) { return storepath.Name(b.Drv), b.Since })
	}
	if !s.Planning.IsZero() {
		text += "; " + progress.Asking(now.Sub(s.Planning).Round(time.Second).String())
	}
	return text
}

// The maximum number of cells, and of builders, that a heartbeat names.
const maxNamed = 4

// list names what is running, and for how long.
func list[T any](all []T, now time.Time, describe func(T) (name string, since time.Time)) string {
	var words []string
	for _, one := range all[:min(len(all), maxNamed)] {
		name, since := describe(one)
		words = append(words, fmt.Sprintf("%s %s", name, now.Sub(since).Round(time.Second)))
	}
	if more := len(all) - maxNamed; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}
