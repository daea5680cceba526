// Package safely starts goroutines and reports their panics.
//
// A panic in a goroutine ends the whole program without the deferred functions of other
// goroutines: a run of hours would end without a report. So every goroutine is started through
// this package, and its panic goes to the function that main set with [Handle]. Without one, as in
// tests, a panic ends the program as usual. Other crashes (a deadlock, lack of memory, two writers
// of a map) cannot be caught; after those, the journal helps. internal/arch_test.go enforces the
// use of this package.
package safely

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
)

// Crash is a panic with its stack.
type Crash struct {
	Value any
	Stack []byte
}

func (c *Crash) Error() string { return fmt.Sprintf("flakeci crashed: %v", c.Value) }

// handler is global, as a crash ends the whole program.
var handler atomic.Pointer[func(*Crash)]

// Handle sets the function that gets each panic, in the goroutine that panicked. That goroutine
// ends when the function returns. Nil removes the function.
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

// Do runs a function in a goroutine that other code started, or in main's.
func Do(f func()) {
	defer report()
	f()
}

// Func wraps a function in [Do], for sync.WaitGroup.Go and the AfterFuncs of time and context.
func Func(f func()) func() { return func() { Do(f) } }

// Try calls a function and turns a panic into a [*Crash], for work that is optional.
func Try(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Crash{Value: v, Stack: stack()}
		}
	}()
	return f()
}

// TryPart is [Try] for one part of the reporting. The error of a panic names the part and has the
// stack, so that only this part is lost.
func TryPart(what string, f func() error) error {
	err := Try(f)
	var crash *Crash
	if errors.As(err, &crash) {
		return fmt.Errorf("%s: %w\n%s", what, crash, crash.Stack)
	}
	return err
}

// report is deferred. It recovers only if there is a handler.
func report() {
	h := handler.Load()
	if h == nil {
		return
	}
	if v := recover(); v != nil {
		(*h)(&Crash{Value: v, Stack: stack()})
	}
}

// stack is debug.Stack. Go initializes runtime/debug so late that the supervisor, which imports
// this package, would start later too (see its init).
func stack() []byte {
	for n := 4 << 10; ; n *= 2 {
		b := make([]byte, n)
		if n := runtime.Stack(b, false); n < len(b) {
			return b[:n]
		}
	}
}
