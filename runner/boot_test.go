package runner

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/buildpool"
	"github.com/flakeci/flakeci/runner/outcome"
)

func builtHome(id, system, username string) outcome.Result {
	return outcome.Result{
		Cell:   result.Cell{ID: id, Kind: result.KindHome, System: system},
		Status: result.Passed, How: result.Built, Home: question.HomeInfo{Username: username, Directory: "/home/" + username},
		OutPaths: map[string]string{"out": "/nix/store/x-" + username},
	}
}

// A home of several hosts is activated in each, even if that failed in another meanwhile.
func TestHomesOfSeveralHosts(t *testing.T) {
	r := &run{Options: Options{VM: VMOptions{Homes: map[string][]string{"a": {"home/joe"}, "b": {"home/joe"}}}}}
	r.finish(builtHome("home/joe", "x86_64-linux", "joe"))
	r.addPhase("home/joe", outcome.Phase{Phase: result.Phase{Name: result.ParsePhaseName("activate: a"), Status: result.Failed}})
	if r.results[0].Status != result.Failed {
		t.Errorf("the home is %s", r.results[0].Status)
	}
	homes, without := r.homesOf(result.Cell{Host: "b", System: "x86_64-linux"})
	if len(homes) != 1 || homes[0].Activation != "/nix/store/x-joe" || len(without) != 0 {
		t.Errorf("b gets %+v without %q", homes, without)
	}
}

// Every home that cannot be activated is reported.
func TestHomesThatCannotBeActivated(t *testing.T) {
	r := &run{Options: Options{VM: VMOptions{Homes: map[string][]string{"a": {"home/arm", "home/nobody", "home/failed"}}}}}
	r.finish(builtHome("home/nobody", "x86_64-linux", ""))
	r.finish(builtHome("home/arm", "aarch64-linux", "arm"))
	r.finish(builtHome("home/elsewhere", "x86_64-linux", "elsewhere"))
	failed := builtHome("home/failed", "x86_64-linux", "failed")
	failed.Status = result.Failed
	r.finish(failed)
	homes, without := r.homesOf(result.Cell{Host: "a", System: "x86_64-linux"})
	want := []string{"home/arm is for aarch64-linux: not activated", "home/nobody does not name its user: not activated"}
	if len(homes) != 0 || !slices.Equal(without, want) {
		t.Errorf("a gets %+v without %q", homes, without)
	}
}

// A VM that this machine cannot run is not started, even if a cache has all of it.
func TestAForeignVMIsOnlyEvaluated(t *testing.T) {
	machine := nix.Machine{Systems: []string{"x86_64-linux"}}
	r := &run{builds: buildpool.New(t.Context(), buildpool.Options{Client: &nix.Client{}, Machine: machine})}
	vm := result.Cell{ID: "vm/pi", Kind: result.KindVM, Host: "pi", System: "aarch64-linux"}
	r.build(t.Context(), outcome.Result{Cell: vm, DrvPath: "/nix/store/vm.drv"}, question.VMInfo{})
	if res := r.results[0]; res.Status != result.Passed || res.How != result.Evaluated || res.Note == "" {
		t.Errorf("it is %+v", res)
	}
}

// A VM that was built in another store, and cannot be copied here, is not started.
func TestAVMElsewhere(t *testing.T) {
	lane := lanes.Newest(t)
	client, err := nix.Find(t.Context(), nix.Options{Path: lane.Nix, Store: t.TempDir(), Env: append(os.Environ(), lanes.Env()...)})
	if err != nil {
		t.Fatal(err)
	}
	booted := false
	r := &run{Options: Options{Client: client, VM: VMOptions{Boot: func(context.Context, VM, BootOptions) BootResult {
		booted = true
		return BootResult{}
	}}}}
	res := outcome.Result{
		Cell: result.Cell{ID: "vm/a", Kind: result.KindVM, Host: "a"}, Status: result.Passed, How: result.Built,
		OutPaths: map[string]string{"out": "/nix/store/00000000000000000000000000000000-vm"},
	}
	r.boot(t.Context(), &res, question.VMInfo{})
	if booted || res.Status != result.Skipped || !strings.Contains(res.Note, "could not be copied from its store to this machine: ") {
		t.Errorf("booted: %t, %s: %s", booted, res.Status, res.Note)
	}
}
