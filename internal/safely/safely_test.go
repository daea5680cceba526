package safely_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
)

// A panic reaches the handler with its place, however the goroutine was started.
func TestPanicsAreHandedOver(t *testing.T) {
	told := make(chan *safely.Crash, 1)
	safely.Handle(func(c *safely.Crash) { told <- c })
	defer safely.Handle(nil)
	for name, start := range map[string]func(){
		"go":         func() { safely.Go(explode) },
		"here":       func() { safely.Do(explode) },
		"wait group": func() { new(sync.WaitGroup).Go(safely.Func(explode)) },
		"timer":      func() { time.AfterFunc(0, safely.Func(explode)) },
	} {
		start()
		if c := <-told; c.Value != "boom" || !strings.Contains(string(c.Stack), "explode") || c.Error() != "flakeci crashed: boom" {
			t.Errorf("%s: %v\n%s", name, c, c.Stack)
		}
	}
}

func explode() { panic("boom") }

// Without a handler a panic is not hidden.
func TestWithoutAHandler(t *testing.T) {
	defer func() {
		if v := recover(); v != "boom" {
			t.Errorf("recovered %v", v)
		}
	}()
	safely.Do(explode)
	t.Error("the panic is lost")
}

func TestTry(t *testing.T) {
	no := errors.New("no")
	if err := safely.Try(func() error { return no }); !errors.Is(err, no) {
		t.Errorf("the error is %v", err)
	}
	var crash *safely.Crash
	if err := safely.Try(func() error { panic("boom") }); !errors.As(err, &crash) || crash.Value != "boom" {
		t.Errorf("the error is %v", err)
	}
}
