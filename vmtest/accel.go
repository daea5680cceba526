package vmtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/safefile"
)

// Accel is how QEMU runs the guest's instructions: on the processor itself (KVM) or by
// translating them (TCG).
type Accel string

// The accelerators. AccelAuto is only a setting: KVM if it works here, else TCG.
const (
	AccelAuto Accel = "auto"
	AccelKVM  Accel = "kvm"
	AccelTCG  Accel = "tcg"
)

// tcgFactor extends time limits without KVM. Measurements show TCG to be 2.5 to 20 times slower,
// with booting in the lower half of that range.
const tcgFactor = 5

// factor scales time limits.
func (a Accel) factor() time.Duration {
	if a == AccelTCG {
		return tcgFactor
	}
	return 1
}

// Accelerator chooses an accelerator, once for each QEMU: hosts of different nixpkgs or
// processors have different ones.
type Accelerator struct {
	// Wanted is the user's setting; empty is [AccelAuto].
	Wanted Accel
	// Cache is the file that keeps the result of trying KVM until the machine reboots; empty
	// keeps none.
	Cache string

	mu     sync.Mutex
	chosen map[string]choice
}

type choice struct {
	accel  Accel
	reason string
	err    error
}

// Choose returns the accelerator to use, and the reason in words for the report. It tries
// KVM with the program qemu. If the user insists on KVM and it does not work, that is an
// error.
func (a *Accelerator) Choose(ctx context.Context, qemu string) (chosen Accel, reason string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, known := a.chosen[qemu]
	if !known {
		c.accel, c.reason, c.err = a.choose(ctx, qemu)
		if a.chosen == nil {
			a.chosen = map[string]choice{}
		}
		a.chosen[qemu] = c
	}
	return c.accel, c.reason, c.err
}

func (a *Accelerator) choose(ctx context.Context, qemu string) (Accel, string, error) {
	if a.Wanted == AccelTCG {
		return AccelTCG, "requested", nil
	}
	problem := a.kvmProblem(ctx, qemu)
	switch {
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case problem == "":
		return AccelKVM, "", nil
	case a.Wanted == AccelKVM:
		return "", "", fmt.Errorf("KVM was requested but does not work here: %s", problem)
	}
	return AccelTCG, problem, nil
}

// trialResult is the cached result of [tryKVM]. It is valid for one boot of the machine,
// one QEMU and one trial guest.
type trialResult struct {
	Boot    string `json:"boot"`
	QEMU    string `json:"qemu"`
	Guest   uint32 `json:"guest"` // a checksum: a later flakeci may try more
	Problem string `json:"flaw"`  // empty: KVM works
}

// kvmProblem says what is wrong with KVM on this machine, or "" if nothing is.
func (a *Accelerator) kvmProblem(ctx context.Context, qemu string) string {
	if m := archOf(qemu); !slices.Contains(guestArchs[runtime.GOARCH], m) {
		return "KVM cannot emulate another processor: " + m
	}
	if f, err := os.OpenFile(kvmDevice, os.O_RDWR, 0); err != nil {
		if errors.Is(err, os.ErrPermission) {
			return "no permission for " + kvmDevice
		}
		return "no " + kvmDevice
	} else if err := f.Close(); err != nil {
		return err.Error()
	}
	now := trialResult{Boot: bootID(), QEMU: qemu, Guest: crc32.ChecksumIEEE(trialGuests()[runtime.GOARCH].image)}
	if known, ok := a.loadTrial(now); ok {
		return known.Problem
	}
	slow := false
	now.Problem, slow = tryKVM(ctx, qemu)
	// If it was slow, the machine may just have been busy.
	if ctx.Err() == nil && !slow {
		a.saveTrial(now)
	}
	return now.Problem
}

// guestArchs lists QEMU's names of the architectures that KVM can run, by Go's name of this
// machine's. The machine's own comes first.
var guestArchs = map[string][]string{"amd64": {"x86_64", "i386"}, "arm64": {"aarch64"}}

// archOf returns the architecture that a QEMU emulates: this machine's own if the name of
// the program does not tell.
func archOf(qemu string) string {
	_, arch, found := strings.Cut(filepath.Base(qemu), "qemu-system-")
	if own := guestArchs[runtime.GOARCH]; !found && len(own) > 0 {
		return own[0]
	}
	return arch
}

const kvmDevice = "/dev/kvm"

// bootID changes with each boot of the machine. It is empty on a kernel without one.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

func (a *Accelerator) loadTrial(now trialResult) (known trialResult, ok bool) {
	if a.Cache == "" || now.Boot == "" {
		return known, false
	}
	const maxSize = 4 << 10
	text, err := safefile.Read(a.Cache, maxSize)
	if err != nil || json.Unmarshal(text, &known) != nil {
		return known, false
	}
	return known, known.Boot == now.Boot && known.QEMU == now.QEMU && known.Guest == now.Guest
}

// saveTrial writes the cache. If that fails, KVM is tried again next time.
func (a *Accelerator) saveTrial(p trialResult) {
	text, err := json.Marshal(p)
	if a.Cache == "" || err != nil || os.MkdirAll(filepath.Dir(a.Cache), 0o755) != nil {
		return
	}
	fresh := a.Cache + ".new"
	f, err := safefile.Create(fresh)
	if err != nil {
		return
	}
	_, err = f.Write(append(text, '\n'))
	if errors.Join(err, f.Close()) == nil {
		_ = os.Rename(fresh, a.Cache)
	}
}
