package nix

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
)

// Thousands of hosts do not fit into one question, and one that fails makes only few be asked alone.
func TestEachAsksAboutFewAtOnce(t *testing.T) {
	all := make([]int, 10*atOnce+1)
	for i := range all {
		all[i] = i
	}
	var got []int
	questions := 0
	err := each(all, func(some []int) error {
		questions++
		if len(some) > atOnce {
			t.Errorf("asked about %d at once", len(some))
		}
		if slices.Contains(some, 7) {
			return &nixlog.EvalError{Message: "no"}
		}
		got = append(got, some...)
		return nil
	})
	if want := slices.Delete(all, 7, 8); err != nil || !slices.Equal(got, want) || questions != 11+atOnce {
		t.Errorf("%d questions, got %v, %v", questions, got, err)
	}
}

// A host that crashes the evaluator does not hide the others.
func TestEachContinues(t *testing.T) {
	tests := map[string]struct {
		err    error
		passed bool
	}{
		"the flake":   {&nixlog.EvalError{Message: "no"}, true},
		"a crash":     {&proc.Error{ExitCode: -1, Signal: syscall.SIGSEGV}, true},
		"no memory":   {&proc.Error{ExitCode: -1, Signal: syscall.SIGKILL}, true},
		"a daemon":    {&proc.Error{ExitCode: 1}, false},
		"interrupted": {&proc.Error{ExitCode: -1, Signal: syscall.SIGINT, Err: context.Canceled}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			err := each([]string{"a", "bad", "c"}, func(some []string) error {
				if slices.Contains(some, "bad") {
					return tt.err
				}
				got = append(got, some...)
				return nil
			})
			switch {
			case tt.passed && (err != nil || !slices.Equal(got, []string{"a", "c"})):
				t.Errorf("got %q, %v", got, err)
			case !tt.passed && !errors.Is(err, tt.err):
				t.Errorf("got error %v, want %v", err, tt.err)
			}
		})
	}
}
