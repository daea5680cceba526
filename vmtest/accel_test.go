package vmtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
)

// fakeQEMU returns a program that counts its starts and then runs the script: a test cannot
// choose how KVM behaves on a machine.
func fakeQEMU(t *testing.T, script string) (path string, starts func() int) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "qemu")
	text := "#!/bin/sh\necho x >> " + dir + "/starts\n" + script + "\n"
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path, func() int {
		lines, _ := os.ReadFile(filepath.Join(dir, "starts"))
		return strings.Count(string(lines), "x")
	}
}

func needKVMDevice(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile(kvmDevice, os.O_RDWR, 0)
	if err != nil {
		t.Skipf("%s cannot be opened here: %v", kvmDevice, err)
	}
	f.Close()
}

func TestAcceleratorTriesKVM(t *testing.T) {
	needKVMDevice(t)
	for _, c := range []struct{ name, script, reason string }{
		{"works", "exit 33", ""},
		{"aborts", "echo 'error: failed to set MSR 0x10a to 0x0' >&2; kill -ABRT $$", "QEMU with KVM fails: error: failed to set MSR 0x10a to 0x0"},
		{"spins", "exec sleep 60", "a guest with KVM did nothing for 3s"},
		{"prints nothing", "exit 0", "QEMU with KVM fails: it exited without a message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			qemu, starts := fakeQEMU(t, c.script)
			want := AccelTCG
			if c.reason == "" {
				want = AccelKVM
			}
			cache := filepath.Join(t.TempDir(), "deep", "kvm.json")
			for range 2 { // the second time it comes from the cache
				a := Accelerator{Cache: cache}
				got, reason, err := a.Choose(t.Context(), qemu)
				if err != nil || got != want || reason != c.reason {
					t.Errorf("%q, %q, %v", got, reason, err)
				}
			}
			forced := Accelerator{Wanted: AccelKVM, Cache: cache}
			if _, _, err := forced.Choose(t.Context(), qemu); (err == nil) != (want == AccelKVM) {
				t.Errorf("forced: %v", err)
			}
			times := 1
			if c.name == "spins" {
				times = 3 // not cached: the machine may have been busy
			}
			if n := starts(); n != times {
				t.Errorf("started %d times", n)
			}
		})
	}
}

// The cache is not valid for another boot of the machine, another QEMU or another trial.
func TestAcceleratorIgnoresStaleCache(t *testing.T) {
	needKVMDevice(t)
	cache := filepath.Join(t.TempDir(), "kvm.json")
	if err := os.WriteFile(cache, []byte(`{"boot": "another", "qemu": "q", "flaw": ""}`), 0o600); err != nil {
		t.Fatal(err)
	}
	qemu, starts := fakeQEMU(t, "exit 33")
	other, others := fakeQEMU(t, "exit 33")
	for _, q := range []string{qemu, other} {
		a := Accelerator{Cache: cache}
		if got, reason, err := a.Choose(t.Context(), q); err != nil || got != AccelKVM {
			t.Errorf("%q, %q, %v", got, reason, err)
		}
	}
	if starts() != 1 || others() != 1 {
		t.Errorf("started %d and %d times", starts(), others())
	}
	earlier := fmt.Sprintf(`{"boot": %q, "qemu": %q, "flaw": ""}`, bootID(), qemu) // from a flakeci that tried less
	if err := os.WriteFile(cache, []byte(earlier), 0o600); err != nil {
		t.Fatal(err)
	}
	a := Accelerator{Cache: cache}
	if _, _, err := a.Choose(t.Context(), qemu); err != nil || starts() != 2 {
		t.Errorf("%v, started %d times", err, starts())
	}
}

func TestAcceleratorCacheFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	a := Accelerator{Cache: filepath.Join(dir, "kvm.json")}
	other := filepath.Join(dir, "other")
	for _, err := range []error{os.WriteFile(other, []byte("other"), 0o600), os.Symlink(other, a.Cache), os.Symlink(other, a.Cache+".new")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	p := trialResult{Boot: "boot", QEMU: "qemu"}
	a.saveTrial(p)
	if known, ok := a.loadTrial(p); !ok || known != p {
		t.Errorf("cached %+v, %v", known, ok)
	}
	if text, err := os.ReadFile(other); err != nil || string(text) != "other" {
		t.Errorf("the other file holds %q, %v", text, err)
	}
}

// Each QEMU has its own choice: one for another processor does not decide for the rest.
func TestAcceleratorOfAnotherProcessor(t *testing.T) {
	foreign := "qemu-system-riscv64"
	var a Accelerator
	got, reason, err := a.Choose(t.Context(), "/x/bin/"+foreign)
	if err != nil || got != AccelTCG || reason != "KVM cannot emulate another processor: riscv64" {
		t.Errorf("%q, %q, %v", got, reason, err)
	}
	if _, reason2, _ := a.Choose(t.Context(), "/x/bin/qemu-kvm"); reason2 == reason {
		t.Errorf("this machine's own: %q", reason2)
	}
	forced := Accelerator{Wanted: AccelKVM}
	if _, _, err := forced.Choose(t.Context(), foreign); err == nil {
		t.Error("forced, it is no error")
	}
	for qemu, want := range map[string]string{"/x/bin/qemu-system-aarch64": "ttyAMA0", "qemu-system-x86_64": "ttyS0", "qemu-system-riscv64": "ttyS0"} {
		if got := serialConsole(qemu); got != want {
			t.Errorf("%s has %s", qemu, got)
		}
	}
}

func TestAcceleratorAskedForTCG(t *testing.T) {
	a := Accelerator{Wanted: AccelTCG}
	if got, reason, err := a.Choose(t.Context(), "no-such-qemu"); err != nil || got != AccelTCG || reason != "requested" {
		t.Errorf("%q, %q, %v", got, reason, err)
	}
}

func TestAcceleratorInterrupted(t *testing.T) {
	needKVMDevice(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cache := filepath.Join(t.TempDir(), "kvm.json")
	a := Accelerator{Cache: cache}
	if _, _, err := a.Choose(ctx, "qemu"); err == nil {
		t.Error("an interrupted trial counts")
	}
	if _, err := os.Stat(cache); err == nil {
		t.Error("it was cached")
	}
}

// The trial guests really run, with TCG.
func TestTrialGuestsRun(t *testing.T) {
	for arch, qemu := range map[string]string{"amd64": "qemu-system-x86_64", "arm64": "qemu-system-aarch64"} {
		t.Run(arch, func(t *testing.T) {
			guest := trialGuests()[arch]
			err := guest.run(t.Context(), qemu, AccelTCG)
			if errors.Is(err, proc.ErrNotFound) {
				t.Skipf("no %s here", qemu)
			}
			if err != nil {
				t.Errorf("QEMU ended with %v", err)
			}
			// A guest that does nothing must not pass for one that ran.
			guest.image = make([]byte, len(guest.image))
			limited, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := guest.run(limited, qemu, AccelTCG); err == nil {
				t.Error("an empty guest ran too")
			}
		})
	}
}
