package push

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/flakeci/flakeci/internal/nix"
)

// roots keep outputs from being collected as garbage until every target has them.
type roots struct {
	client *nix.Client
	folder string

	mu     sync.Mutex
	made   int
	groups map[string]*rootGroup // by output
}

// rootGroup are outputs with common links.
type rootGroup struct {
	link string
	left int // how many pushes of an output to a target are left
}

// keep makes links for outputs. Where that is impossible, as in a store on another machine, it does
// nothing.
func (r *roots) keep(ctx context.Context, paths []string, targets int) {
	r.mu.Lock()
	r.made++
	g := &rootGroup{link: filepath.Join(r.folder, fmt.Sprintf("push%d", r.made)), left: len(paths) * targets}
	for _, path := range paths {
		r.groups[path] = g
	}
	r.mu.Unlock()
	_ = r.client.Root(ctx, g.link, paths)
}

// release says that a target is done with an output.
func (r *roots) release(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.groups[path]
	if g == nil {
		return
	}
	if g.left--; g.left > 0 {
		return
	}
	links, _ := filepath.Glob(g.link + "-*") // the pattern is valid: flakeci chose the folder's name
	for _, link := range append(links, g.link) {
		_ = os.Remove(link) // the folder is removed at the end anyway
	}
}
