package main

import (
	"bytes"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/flakeci/flakeci/internal/safely"
)

// crashing runs flakeci with a fault: it panics in the goroutine that is about to write the
// text in CRASH_AT, the first time or, with CRASH_ALWAYS, every time; or at SIGUSR1 with
// CRASH_AT=signal.
func crashing() {
	if os.Getenv("CRASH_AT") == "signal" {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGUSR1)
		safely.Go(func() {
			<-signals
			panic("the trap at a signal")
		})
		main()
	}
	at := &trap{text: []byte(os.Getenv("CRASH_AT")), always: os.Getenv("CRASH_ALWAYS") != ""}
	start(&App{Stdin: os.Stdin, Stdout: trapped{os.Stdout, at}, Stderr: trapped{os.Stderr, at}, Env: os.Environ(), Args: os.Args[1:]})
}

type trap struct {
	text   []byte
	always bool
	once   sync.Once
}

type trapped struct {
	io.Writer
	*trap
}

func (t trapped) Write(text []byte) (int, error) {
	if bytes.Contains(text, t.text) {
		fall := func() { panic("the trap at \x1b[31m" + string(t.text)) }
		if t.always {
			fall()
		}
		t.once.Do(fall)
	}
	return t.Writer.Write(text)
}
