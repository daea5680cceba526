package diagnose

import (
	"cmp"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// builderAdvices says what to do about each fault of a remote builder. The reason adds nothing to
// some of them.
var builderAdvices = map[nixlog.BuilderFault]struct {
	withReason bool
	hint       string
}{
	nixlog.BuilderUnreachable: {true, ""},
	nixlog.BuilderRefuses:     {true, "let the user who runs nix (root under nix-daemon) log in there by key: with ssh-agent, or ssh-key in --builders or in the URL of the store"},
	nixlog.BuilderUnverified:  {false, "add the builder's key to the known_hosts of the user who runs nix (root under nix-daemon): ssh-keyscan HOST"},
	nixlog.BuilderFull:        {false, "free some disk space on the builder (nix-collect-garbage), or build without it: --builders ''"},
	nixlog.BuilderLost:        {true, "check whether the builder, or the network to it, went down"},
	nixlog.BuilderWithoutNix:  {false, "install Nix on the builder, or put nix-store on the PATH of its ssh server"},
	nixlog.BuilderDistrusts:   {true, "add the user who logs in there to trusted-users in the builder's nix.conf: only trusted users may send it unsigned paths and derivations"},
}

// builderTitle says which remote builders could not be used, and why.
func builderTitle(f nixlog.BuildFailure) string {
	title := "remote builder " + f.Server
	if f.IsStore {
		title = "the store's machine " + f.Server
	}
	if strings.Contains(f.Server, ", ") {
		title = "remote builders " + f.Server
		f.Fault = "" // its words are about one
	}
	if f.Fault != "" {
		title += " " + string(f.Fault)
	}
	if advice, known := builderAdvices[f.Fault]; !known || advice.withReason {
		title += ": " + f.Reason
	}
	return firstLine(title)
}

// faultKey returns what failures of a builder share if they are the same. A reason may name a path.
func faultKey(f nixlog.BuildFailure) string { return cmp.Or(string(f.Fault), f.Reason) }

func builderHint(f nixlog.BuildFailure) string {
	if noBuilder(f) {
		return "let this machine build (--option max-jobs auto), or name a builder (--builders)"
	}
	if hint := builderAdvices[f.Fault].hint; hint != "" {
		return hint
	}
	if f.IsStore {
		return "make sure that this machine can reach the store's machine and start nix-daemon there (nix store ping --store URL), or build without --store"
	}
	without := "make sure that the builder can be reached and supports the build, or build without it: --builders ''"
	if nixlog.NoLocalBuilds(f.Message) {
		without += " --option max-jobs auto"
	}
	return without
}
