package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/result"
)

// Build returns the cause of a failed build, without the path of its log. See [HasLog].
func Build(f nixlog.BuildFailure) *result.Cause {
	c := &result.Cause{
		Kind: f.Kind, Title: title(f), Message: f.Message, Hint: hint(f),
		DrvPath: f.DrvPath, ExitCode: f.ExitCode, LogTail: strings.Join(f.Tail, "\n"),
	}
	if f.Server != "" || noBuilder(f) {
		c.DrvPath, c.Key = "", result.NewCauseKey(f.Kind, f.Server, faultKey(f)) // whatever was to be built
	}
	if f.NoShell {
		c.DrvPath, c.Key = "", result.NewCauseKey(f.Kind, noShell)
	}
	addMachine(c)
	return c
}

// fewFiles reports whether Nix may not open as many files as it needs.
func fewFiles(f nixlog.BuildFailure) bool {
	return f.Kind == result.CauseInfra && nixlog.FewFiles(f.Message)
}

// noBuilder reports whether nothing can be built, here or elsewhere.
func noBuilder(f nixlog.BuildFailure) bool {
	return f.Kind == result.CauseBuilder && f.Reason != "" && f.Server == ""
}

// noShell is the title of whatever has /bin/sh as its builder where there is none.
const noShell = "Nix has no /bin/sh to run as a builder"

// HasLog reports whether the builder that failed has a log. Its log may have a line that is too
// long for Nix to put into its message, so the tail lacks it.
func HasLog(f nixlog.BuildFailure) bool {
	return f.DrvPath != "" && (len(f.Tail) > 0 || f.Kind == result.CauseBuild)
}

// BuildKey returns a key that failed builds share if their root is the same.
func BuildKey(f nixlog.BuildFailure) string {
	switch {
	case machineWide(f.Kind) && len(f.Tail) == 0: // a builder may mean a disk of its own
		return string(f.Kind)
	case fewFiles(f):
		return fewFilesKey()
	case f.Server != "":
		return string(f.Kind) + "\x00" + f.Server + "\x00" + faultKey(f) // whatever was wanted from there
	case noBuilder(f):
		return string(f.Kind) + "\x00" + f.Reason
	case f.NoShell:
		return noShell
	case f.DrvPath == "":
		return string(f.Kind) + "\x00" + f.Message
	}
	return f.DrvPath
}

func title(f nixlog.BuildFailure) string {
	if f.Server != "" {
		if f.Kind == result.CauseBuilder {
			return builderTitle(f)
		}
		return firstLine(fmt.Sprintf("binary cache %s: %s", f.Server, f.Reason))
	}
	if noBuilder(f) {
		return f.Reason
	}
	if f.Hook != "" {
		return hookTitle(f)
	}
	if f.NoShell {
		return noShell
	}
	if f.DrvPath == "" {
		return strings.TrimSuffix(firstLine(f.Message), ":")
	}
	name := storepath.Name(f.DrvPath)
	switch {
	case f.Kind == result.CauseHash:
		return name + " does not have the expected hash"
	case f.Kind == result.CauseDisk:
		return name + " failed to build: the disk is full"
	case f.Kind == result.CauseMemory:
		return name + " failed to build: memory ran out"
	case f.Kind == result.CauseFeature:
		return fmt.Sprintf("%s needs %s, which this machine lacks", name, cmp.Or(strings.Join(f.Missing, " and "), "a system feature"))
	case f.Kind == result.CauseSystem:
		return fmt.Sprintf("%s is for %s, which this machine cannot build for", name, cmp.Or(f.System, "a system"))
	case f.Kind == result.CauseSubstituter:
		return name + " could not be fetched from any binary cache"
	case f.Kind == result.CauseTimeout:
		return name + " took too long to build"
	case f.ExitCode != 0:
		return fmt.Sprintf("%s failed to build (exit %d)", name, f.ExitCode)
	case f.Signal != 0:
		return fmt.Sprintf("%s failed to build (signal %d)", name, f.Signal)
	}
	if fault := outputFault(f.Message); fault != "" {
		return name + " failed to build: " + fault
	}
	return name + " failed to build"
}

func hookTitle(f nixlog.BuildFailure) string {
	if f.Signal != 0 {
		return fmt.Sprintf("the post-build hook %s failed (signal %d)", f.Hook, f.Signal)
	}
	return fmt.Sprintf("the post-build hook %s failed (exit %d)", f.Hook, f.ExitCode)
}

func hint(f nixlog.BuildFailure) string {
	if f.Hook != "" {
		return "fix the hook, or build without it: --option post-build-hook ''"
	}
	if f.NoShell {
		return "put one into the sandbox (--option sandbox-paths /bin/sh=PATH, with the path of a static shell), or build without it (--option sandbox false)"
	}
	switch f.Kind {
	case result.CauseHash:
		return "if the new content is right, put the hash after 'got:' into the flake"
	case result.CauseDisk:
		return "free some disk space (nix-collect-garbage), or move the store or the build folder to a larger disk"
	case result.CauseMemory:
		if f.DrvPath == "" {
			return "nix could not get more memory; use a machine with more, or a higher limit (ulimit -v)"
		}
		return "the kernel killed its builder, or a program that it started, because memory ran out; lower --jobs, use a machine with more memory, or add swap"
	case result.CauseTimeout:
		return "Nix's settings timeout and max-silent-time limit how long it may take; allow more (--option timeout SECONDS), or check what it is waiting for"
	case result.CauseBuilder:
		return builderHint(f)
	case result.CauseFeature:
		switch {
		case slices.Contains(f.Missing, "kvm"):
			return "kvm needs /dev/kvm, and system-features in nix.conf must include kvm: enable virtualization, use a runner that offers it, or name a builder that has it (--builders)"
		case slices.Contains(f.Missing, "big-parallel"):
			return "big-parallel marks builds that need many cores; add it to system-features in nix.conf to build them here anyway, or name a builder that has it (--builders)"
		}
		return "add the feature to system-features in nix.conf if this machine has it, or name a builder that does"
	case result.CauseSystem:
		return "name a builder for that system (--builders), or emulate it (extra-platforms with binfmt)"
	case result.CauseDaemon:
		return "make sure that nix-daemon is running and that its disk is not full"
	case result.CauseSubstituter:
		usual := "the cache has a problem or cannot be reached: check it with nix store ping --store URL, or build without it: --option substituters 'OTHER URLS'"
		return cmp.Or(fetchHint(f.Reason), usual)
	}
	if f.Killed() {
		return "its builder, or a program that it started, was killed, as happens when memory runs out; try a lower --jobs"
	}
	return ""
}
