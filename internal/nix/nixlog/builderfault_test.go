package nixlog

import (
	"fmt"
	"testing"

	"github.com/flakeci/flakeci/result"
)

const givenDrv = "/nix/store/00000000000000000000000000000000-x.drv"

// onBuilder is the log of a Nix that has given x to a remote builder.
func onBuilder() *BuildLog {
	log := NewBuildLog(BuildWatcher{})
	log.Line(fmt.Appendf(nil, `@nix {"action":"start","id":1,"level":3,"text":"","type":105,"fields":["%s","ssh-ng://u@b?ssh-key=/k",1,1]}`, givenDrv))
	return log
}

// What shells and ssh say about the same fault. The words of Nix and of dash are recorded.
func TestFaultsOfBuilders(t *testing.T) {
	for text, want := range map[string]BuilderFault{
		"bash: line 1: nix-store: command not found":                             BuilderWithoutNix,
		"zsh:1: command not found: nix-daemon":                                   BuilderWithoutNix,
		"fish: Unknown command: nix-store":                                       BuilderWithoutNix,
		"Received disconnect from h port 22:2: Too many authentication failures": BuilderRefuses,
		"connect to host h port 22: Connection timed out":                        BuilderUnreachable,
		"connect to host h port 22: No route to host":                            BuilderUnreachable,
		"kex_exchange_identification: Connection closed by remote host":          BuilderUnreachable,
		"Timeout, server h not responding.":                                      BuilderLost,
		"client_loop: send disconnect: Broken pipe":                              BuilderLost,
		"writing to file: Disk quota exceeded":                                   BuilderFull,
		"getting attributes of path '/x': No such file":                          "",
	} {
		if got := faultOf(text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// The builder's answer counts, whatever else a builder prints in Nix's log format, and only for what
// the builder was given.
func TestAnswersOfBuilders(t *testing.T) {
	log := onBuilder()
	log.Line(errorRelayed("unexpected end-of-file"))
	log.Line(errorRelayed("build of '" + givenDrv + "' on 'ssh-ng://u@b' failed: builder for '" + givenDrv + "' failed with exit code 4"))
	log.Line(errorRecord("builder for '" + givenDrv + "' failed with exit code 1"))
	leaves, _ := log.Failures()
	if len(leaves) != 1 || leaves[0].Kind != result.CauseBuild || leaves[0].ExitCode != 4 || leaves[0].DrvPath != givenDrv {
		t.Errorf("failures are %+v", leaves)
	}
	// Nix builds another derivation than the one it was asked for if inputs are content-addressed.
	const asked = "/nix/store/11111111111111111111111111111111-x.drv"
	log = NewBuildLog(BuildWatcher{})
	log.Line(fmt.Appendf(nil, `@nix {"action":"start","id":7,"level":3,"text":"","type":111,"fields":["%s","%s"]}`, asked, givenDrv))
	log.Line(fmt.Appendf(nil, `@nix {"action":"start","id":1,"level":3,"text":"","type":105,"fields":["%s","ssh-ng://b",1,1]}`, givenDrv))
	log.Line(errorRelayed("build of '" + givenDrv + "' on 'ssh-ng://b' failed: builder for '" + givenDrv + "' failed with exit code 4"))
	log.Line(errorRecord("builder for '" + givenDrv + "' failed with exit code 1"))
	if leaves, _ := log.Failures(); len(leaves) != 1 || leaves[0].Kind != result.CauseBuild || leaves[0].ExitCode != 4 || leaves[0].DrvPath != asked {
		t.Errorf("failures are %+v", leaves)
	}
	log = NewBuildLog(BuildWatcher{})
	log.Line(errorRelayed("build of '" + givenDrv + "' on 'ssh-ng://u@b' failed: timed out"))
	log.Line(errorRecord("builder for '" + givenDrv + "' failed with exit code 1"))
	if leaves, _ := log.Failures(); len(leaves) != 1 || leaves[0].Kind != result.CauseBuild || leaves[0].ExitCode != 1 {
		t.Errorf("of a build on this machine, failures are %+v", leaves)
	}
}

func errorRelayed(text string) []byte { return messageRecord(levelError, "error: "+text) }

// Nix 2.34 names neither the builder nor the derivation.
func TestOutputsThatCannotBeCopied(t *testing.T) {
	log := onBuilder()
	log.Line(messageRecord(levelError, "could not copy /nix/store/x-pi: error: string is too long"))
	log.Line(errorRecord(withoutOutputs))
	f := log.Unnamed("")
	if f.Kind != result.CauseBuilder || f.Server != "ssh-ng://b" || f.Reason != "its output could not be copied here: string is too long" {
		t.Errorf("got %+v", f)
	}
}

// The machine of the store is to blame for a lost connection, and for one that could not be made.
func TestTheMachineOfTheStore(t *testing.T) {
	for _, began := range []bool{false, true} {
		log := NewBuildLog(BuildWatcher{})
		want := BuilderUnreachable
		if log.Store = "ssh-ng://b"; began {
			log.Built, want = []string{givenDrv}, BuilderLost
		}
		log.Line(errorRecord("Nix daemon disconnected unexpectedly (maybe it crashed?)"))
		if f := log.Unnamed(""); f.Kind != result.CauseBuilder || f.Server != "ssh-ng://b" || f.Fault != want || !f.IsStore || !f.Transient() {
			t.Errorf("got %+v, want %q", f, want)
		}
	}
}
