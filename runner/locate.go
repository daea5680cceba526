package runner

import (
	"crypto/sha256"
	"errors"
	"strings"
	"sync"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/locate"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/evalpool"
)

// places has the errors of a run with their places in the flake. An error that the cells of one
// host share is looked for once: it takes reading all Nix files of the flake.
type places struct {
	mu    sync.Mutex
	found map[[sha256.Size]byte]func() *nixlog.EvalError
}

// locate returns the error of a failed cell with the place in the flake to change.
func (p *places) locate(t *nix.Target, c result.Cell, a evalpool.Answer) error {
	var e *nixlog.EvalError
	if !errors.As(a.Err, &e) || !c.Kind.IsHost() && c.Kind != result.KindHome && c.Kind != result.KindVM {
		return a.Err
	}
	f := locate.Failure{Err: e, Warnings: a.Instance.Warnings}
	// A home in a host fails as its host does, and for the same cause.
	if f.Names = []string{c.Host}; c.PartOf == "" && c.User != "" {
		f.Names = append(f.Names, c.User)
	}
	key := sha256.Sum256([]byte(strings.Join(append([]string{t.Flake.StorePath, e.Error()}, f.Names...), "\x00")))
	p.mu.Lock()
	if p.found == nil {
		p.found = map[[sha256.Size]byte]func() *nixlog.EvalError{}
	}
	found, ok := p.found[key]
	if !ok {
		found = sync.OnceValue(func() *nixlog.EvalError { return t.Locate(f) })
		p.found[key] = found
	}
	p.mu.Unlock()
	return found()
}
