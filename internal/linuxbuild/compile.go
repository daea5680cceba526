package linuxbuild

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/safefile"
)

// module is the path of flakeci's module.
const module = "github.com/flakeci/flakeci"

// Limits on compiling, with all modules to download and on a slow machine, and on the bytes of
// go.mod and of an answer of Go.
const (
	compileLimit = 20 * time.Minute
	maxGoMod     = 1 << 20
	maxAnswer    = 1 << 20
)

// compileSource compiles the checkout in which this flakeci was built, such as bin/flakeci.
func compileSource(ctx context.Context, o Options) (string, error) {
	root := filepath.Dir(o.Program)
	for !isSource(root) {
		if filepath.Dir(root) == root {
			return "", errors.New("its source is not at or above " + filepath.Dir(o.Program))
		}
		root = filepath.Dir(root)
	}
	dir, remove, err := o.workDir()
	if err != nil {
		return "", err
	}
	defer remove()
	o.Say("compiling flakeci for Linux on " + o.Arch + " from " + root)
	path := filepath.Join(dir, name(o.Arch))
	if _, err := o.goTool(ctx, root, nil, "build", "-trimpath", "-ldflags", "-s -w -X main.version="+o.Version, "-o", path, "./cmd/flakeci"); err != nil {
		return "", fmt.Errorf("cannot compile %s: %w", root, err)
	}
	return o.keep(path)
}

// isSource reports whether a folder has flakeci's source.
func isSource(dir string) bool {
	text, err := safefile.Read(filepath.Join(dir, "go.mod"), maxGoMod)
	first, _, _ := strings.Cut(string(text), "\n")
	return err == nil && strings.TrimSpace(first) == "module "+module
}

// compileModule compiles flakeci's module, as `go install` did for this flakeci.
func compileModule(ctx context.Context, o Options) (string, error) {
	if !strings.HasPrefix(o.Module, "v") || strings.Contains(o.Module, "+") {
		return "", fmt.Errorf("its version %q is none that Go can install", o.Module)
	}
	dir, remove, err := o.workDir()
	if err != nil {
		return "", err
	}
	defer remove()
	modules, err := o.goTool(ctx, dir, nil, "env", "GOMODCACHE")
	if err != nil {
		return "", err
	}
	o.Say("compiling flakeci " + o.Module + " for Linux on " + o.Arch)
	// For another system, Go installs only below GOPATH.
	env := []string{"GOPATH=" + dir, "GOBIN=", "GOMODCACHE=" + modules}
	if _, err := o.goTool(ctx, dir, env, "install", "-trimpath", "-ldflags", "-s -w -X main.version="+o.Version, module+"/cmd/flakeci@"+o.Module); err != nil {
		return "", fmt.Errorf("cannot install %s@%s: %w", module, o.Module, err)
	}
	bin := filepath.Join(dir, "bin")
	if runtime.GOOS != "linux" || runtime.GOARCH != o.Arch {
		bin = filepath.Join(bin, "linux_"+o.Arch)
	}
	return o.keep(filepath.Join(bin, "flakeci"))
}

// goTool runs Go for the target, and returns what it prints.
func (o Options) goTool(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	out := proc.LimitedBuffer{Max: maxAnswer}
	cmd := proc.Cmd{
		Path: "go", Args: args, Dir: dir, Stdout: &out, Supervised: true, Limit: compileLimit,
		Env: append(append([]string{}, o.Env...), append([]string{"GOOS=linux", "GOARCH=" + o.Arch, "CGO_ENABLED=0"}, env...)...),
	}
	_, err := cmd.Run(ctx)
	if errors.Is(err, proc.ErrNotFound) {
		return "", errors.New("there is no Go to compile it")
	}
	return strings.TrimSpace(out.String()), err
}
