// Package linuxbuild finds a flakeci of this version that runs in any Linux container of an
// architecture: this one, the one of the release, or one that Go compiles.
package linuxbuild

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// Options say which build is wanted.
type Options struct {
	// Arch is the architecture, as Go names it: amd64 or arm64.
	Arch string
	// Version is that of this flakeci. Only releases, such as v1.2.3, can be downloaded.
	Version string
	// Module is the version of this flakeci's module, as Go knows it; empty means that of this
	// program.
	Module string
	// Program is the path of this flakeci; empty means this program.
	Program string
	// Cache is a folder to keep a build in.
	Cache string
	// Releases is the URL below which each release has a folder; empty means GitHub's.
	Releases string
	// Env is the environment for Go.
	Env []string
	// Say shows what takes long.
	Say func(text string)
}

// Error means that there is no build for the architecture.
type Error struct {
	Arch string
	Err  error // why each way to get one failed
	Hint string
}

func (e *Error) Error() string {
	return fmt.Sprintf("cannot get a flakeci for Linux on %s: %v", e.Arch, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Find returns the path of a build.
func Find(ctx context.Context, o Options) (string, error) {
	if info, ok := debug.ReadBuildInfo(); ok && o.Module == "" {
		o.Module = info.Main.Version
	}
	if o.Program == "" {
		var err error
		if o.Program, err = os.Executable(); err != nil {
			return "", err
		}
	}
	beside := filepath.Join(filepath.Dir(o.Program), name(o.Arch))
	for _, path := range []string{o.Program, beside} {
		if runsAnywhere(path, o.Arch) {
			return path, nil
		}
	}
	var failed []error
	for _, way := range []func(context.Context, Options) (string, error){download, compileSource, compileModule} {
		path, err := way(ctx, o)
		if err == nil {
			return path, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		failed = append(failed, err)
	}
	return "", &Error{o.Arch, errors.Join(failed...), "put one of version " + o.Version + " at " + beside}
}

// name is the name of a build in a release.
func name(arch string) string { return "flakeci_linux_" + arch }

// machines are the architectures of images that flakeci can run in.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// runsAnywhere reports whether a file is a program for Linux on an architecture that needs no
// libraries: an image may have none, or those of another system.
func runsAnywhere(path, arch string) bool {
	f, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return false
		}
	}
	machine, known := machines[arch]
	return known && f.Machine == machine && f.Type == elf.ET_EXEC
}

// keep moves a build to its place in the cache. A second flakeci may do the same at the same time.
func (o Options) keep(built string) (string, error) {
	if !runsAnywhere(built, o.Arch) {
		return "", errors.New("what was built is not a static program for Linux on " + o.Arch)
	}
	path := o.cached()
	return path, os.Rename(built, path)
}

// cached is the path of a build in the cache.
func (o Options) cached() string {
	return filepath.Join(o.Cache, strings.ReplaceAll(o.Version, "/", "-"), name(o.Arch))
}

// workDir makes a folder next to the cached build.
func (o Options) workDir() (dir string, remove func(), err error) {
	if o.Cache == "" {
		return "", nil, errors.New("there is no folder to keep it in: HOME is not set")
	}
	above := filepath.Dir(o.cached())
	if err := os.MkdirAll(above, 0o700); err != nil {
		return "", nil, err
	}
	dir, err = os.MkdirTemp(above, "new")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}
