// Package safely starts goroutines whose panics are reported.
//
// A panic in a goroutine ends the whole program, and no deferred function of any other
// runs: a run of hours would end without its report. So every goroutine is started
// through this package, and its panic reaches the function that main gave to [Handle].
// Where none was given, as in tests, a panic ends the program as usual. What is not a
// panic (a deadlock, memory that ran out, two writers of a map) cannot be caught; that
// is what the journal is for. internal/arch_test.go enforces it.
package safely

import (
	"fmt"
	"runtime"
	"sync/atomic"
)

// Crash is a panic with where it came from.
type Crash struct {
	Value any
	Stack []byte
}

func (c *Crash) Error() string { return fmt.Sprintf("flakeci crashed: %v", c.Value) }

// One program has one end, so this is one for all.
var handler atomic.Pointer[func(*Crash)]

// Handle sets the function that is called with each panic from now on, in the goroutine
// that panicked. That goroutine ends when the function returns. Nil removes it.
func Handle(f func(*Crash)) {
	if f == nil {
		handler.Store(nil)
		return
	}
	handler.Store(&f)
}

// Go starts a goroutine.
func Go(f func()) {
	go func() {
		defer report()
		f()
	}()
}

// Do is for what runs in a goroutine that somebody else starts, or in main's own.
func Do(f func()) {
	defer report()
	f()
}

// Func is [Do] for later: for sync.WaitGroup.Go and the AfterFuncs of time and context.
func Func(f func()) func() { return func() { Do(f) } }

// Error is [Func] for an errgroup.
func Error(f func() error) func() error {
	return func() error {
		defer report()
		return f()
	}
}

// Try calls a function and turns a panic into a [*Crash], for work that the rest can do
// without.
func Try(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Crash{Value: v, Stack: stack()}
		}
	}()
	return f()
}

// report is deferred. It recovers only if there is somebody to tell.
func report() {
	h := handler.Load()
	if h == nil {
		return
	}
	if v := recover(); v != nil {
		(*h)(&Crash{Value: v, Stack: stack()})
	}
}

// stack does what debug.Stack does. Go sets up runtime/debug so late that the supervisor,
// which imports this package, would start later too (see its init).
func stack() []byte {
	for n := 4 << 10; ; n *= 2 {
		b := make([]byte, n)
		if n := runtime.Stack(b, false); n < len(b) {
			return b[:n]
		}
	}
}
