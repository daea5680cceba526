package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
)

// How often a run that prints nothing says what it is at. Somebody who sits in
// front of it hears of it sooner the first time.
const (
	heartbeat      = 30 * time.Second
	firstHeartbeat = 5 * time.Second
)

// whileLooking says now and then that flakeci looks into the flake, which fetches its
// inputs and can take minutes: there are no cells yet that could show it.
func (j *job) whileLooking() (stop func()) {
	if j.opts.progress == "quiet" {
		return func() {}
	}
	after := heartbeat
	if j.app.style(j.opts.color, j.app.Stderr).width > 0 {
		after = firstHeartbeat
	}
	ended := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(safely.Func(func() {
		for {
			select {
			case <-ended:
				return
			case now := <-time.After(after):
				j.app.printf("looking into the flake and its inputs for %s", now.Sub(j.started).Round(time.Second))
				after = heartbeat
			}
		}
	}))
	return sync.OnceFunc(func() {
		close(ended)
		beating.Wait()
	})
}

// beat says what is going on whenever nothing else was said for a while.
func (p *blocks) beat() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-p.ended:
			return
		case now := <-tick.C:
			p.mu.Lock()
			if now.After(p.next) && !p.hushed {
				p.print([]string{p.pulse(now)})
			}
			p.mu.Unlock()
		}
	}
}

// The most cells, and the most builders, that a heartbeat names.
const mostNamed = 4

// pulse says what is going on.
func (p *blocks) pulse(now time.Time) string {
	text := fmt.Sprintf("… %d of %d cells done, %d failed", p.done, p.total, p.failed)
	if len(p.running) > 0 {
		text += "; running: " + names(p.running, func(a activity) string { return a.name + " " + a.phase }, now)
	}
	if len(p.builders) > 0 {
		text += "; builders: " + names(p.builders, func(a activity) string { return a.name }, now)
	}
	if !p.asked.IsZero() {
		text += fmt.Sprintf("; asking what is to be built, and binary caches for what they have, for %s", now.Sub(p.asked).Round(time.Second))
	}
	return text
}

// names lists what is under way and for how long.
func names(list []activity, name func(activity) string, now time.Time) string {
	var words []string
	for _, a := range list[:min(len(list), mostNamed)] {
		words = append(words, fmt.Sprintf("%s %s", name(a), now.Sub(a.since).Round(time.Second)))
	}
	if more := len(list) - mostNamed; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}
