// Package safely starts goroutines whose panics are somebody's business.
//
// A panic in a goroutine ends the whole program, and no deferred function of any other
// runs: a run of hours would end without its report. Whoever starts one does it through
// this package, so that the panic reaches the function that main gave to [Handle]. Where
// none was given, as in tests, a panic is what it is everywhere. What is no panic
// (a deadlock, memory that ran out, a map written to by two) cannot be caught; for that
// there is the journal. internal/arch_test.go holds the tree to it.
package safely

import (
	"fmt"
	"runtime/debug"
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

// Handle gives the function that is told of each panic from now on, in the goroutine
// that it is of. That goroutine ends when the function returns. Nil is none.
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
		defer handOver()
		f()
	}()
}

// Do is for what runs in a goroutine that somebody else starts, or in main's own.
func Do(f func()) {
	defer handOver()
	f()
}

// Func is [Do] for later: for sync.WaitGroup.Go and the AfterFuncs of time and context.
func Func(f func()) func() { return func() { Do(f) } }

// Error is [Func] for an errgroup.
func Error(f func() error) func() error {
	return func() error {
		defer handOver()
		return f()
	}
}

// Try calls a function and gives its panic as a [*Crash], for work of which a part may
// be lost.
func Try(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Crash{Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}

// handOver is deferred. It recovers only if there is somebody to tell.
func handOver() {
	h := handler.Load()
	if h == nil {
		return
	}
	if v := recover(); v != nil {
		(*h)(&Crash{Value: v, Stack: debug.Stack()})
	}
}
