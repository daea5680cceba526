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

// Accel is how the guest's instructions are run: by the processor itself (KVM)
// or by QEMU's interpreter (TCG).
type Accel string

// The accelerators. AccelAuto is a wish only: KVM where it is proven to work.
const (
	AccelAuto Accel = "auto"
	AccelKVM  Accel = "kvm"
	AccelTCG  Accel = "tcg"
)

// tcgFactor is how much longer things may take without KVM: TCG was measured to
// be 2.5 to 20 times slower, booting in the lower half of that.
const tcgFactor = 5

// factor scales the time limits of a boot.
func (a Accel) factor() time.Duration {
	if a == AccelTCG {
		return tcgFactor
	}
	return 1
}

// Accelerator is the choice of this machine, made once for each QEMU: hosts of
// several nixpkgs, or for several processors, have several.
type Accelerator struct {
	// Want is what was asked for; empty is [AccelAuto].
	Want Accel
	// Cache is the file in which the answer is kept until the machine boots
	// anew; empty keeps none.
	Cache string

	mu     sync.Mutex
	chosen map[string]choice
}

type choice struct {
	accel Accel
	why   string
	err   error
}

// Choose says which accelerator to use, and why that and no other in words for
// the report. KVM that was forced and does not work is an error. qemu is the
// program to prove it with.
func (a *Accelerator) Choose(ctx context.Context, qemu string) (chosen Accel, why string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, known := a.chosen[qemu]
	if !known {
		c.accel, c.why, c.err = a.choose(ctx, qemu)
		if a.chosen == nil {
			a.chosen = map[string]choice{}
		}
		a.chosen[qemu] = c
	}
	return c.accel, c.why, c.err
}

func (a *Accelerator) choose(ctx context.Context, qemu string) (Accel, string, error) {
	if a.Want == AccelTCG {
		return AccelTCG, "asked for", nil
	}
	flaw := a.flawOfKVM(ctx, qemu)
	switch {
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case flaw == "":
		return AccelKVM, "", nil
	case a.Want == AccelKVM:
		return "", "", fmt.Errorf("KVM was asked for and does not work here: %s", flaw)
	}
	return AccelTCG, flaw, nil
}

// proof is a remembered answer. It holds for the boot of the machine, the QEMU and the
// guest that it was got with.
type proof struct {
	Boot  string `json:"boot"`
	QEMU  string `json:"qemu"`
	Guest uint32 `json:"guest"` // a checksum: a later flakeci may ask for more
	Flaw  string `json:"flaw"`  // empty: KVM works
}

// flawOfKVM says what is wrong with KVM here, "" for nothing.
func (a *Accelerator) flawOfKVM(ctx context.Context, qemu string) string {
	if m := machineOf(qemu); !slices.Contains(machines[runtime.GOARCH], m) {
		return "KVM cannot be another processor: " + m
	}
	if f, err := os.OpenFile(kvmDevice, os.O_RDWR, 0); err != nil {
		if errors.Is(err, os.ErrPermission) {
			return "no permission for " + kvmDevice
		}
		return "no " + kvmDevice
	} else if err := f.Close(); err != nil {
		return err.Error()
	}
	now := proof{Boot: bootID(), QEMU: qemu, Guest: crc32.ChecksumIEEE(proofGuests()[runtime.GOARCH].image)}
	if known, ok := a.recall(now); ok {
		return known.Flaw
	}
	late := false
	now.Flaw, late = proveKVM(ctx, qemu)
	// One that took too long may have done so for what else there was to do here.
	if ctx.Err() == nil && !late {
		a.remember(now)
	}
	return now.Flaw
}

// machines are the guests that KVM can run, by Go's name of this machine's
// architecture, in the words of QEMU; its own comes first.
var machines = map[string][]string{"amd64": {"x86_64", "i386"}, "arm64": {"aarch64"}}

// machineOf is the processor that a QEMU makes. One whose name does not say makes
// this machine's own.
func machineOf(qemu string) string {
	_, m, says := strings.Cut(filepath.Base(qemu), "qemu-system-")
	if own := machines[runtime.GOARCH]; !says && len(own) > 0 {
		return own[0]
	}
	return m
}

const kvmDevice = "/dev/kvm"

// bootID is another one each time the machine starts; empty where the kernel
// has none.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

func (a *Accelerator) recall(now proof) (known proof, ok bool) {
	if a.Cache == "" || now.Boot == "" {
		return known, false
	}
	const most = 4 << 10 // bytes
	text, err := safefile.Read(a.Cache, most)
	if err != nil || json.Unmarshal(text, &known) != nil {
		return known, false
	}
	return known, known.Boot == now.Boot && known.QEMU == now.QEMU && known.Guest == now.Guest
}

// remember keeps the answer. Where it cannot, it is got anew the next time.
func (a *Accelerator) remember(p proof) {
	text, err := json.Marshal(p)
	if a.Cache == "" || err != nil || os.MkdirAll(filepath.Dir(a.Cache), 0o755) != nil {
		return
	}
	half := a.Cache + ".new"
	f, err := safefile.Create(half)
	if err != nil {
		return
	}
	_, err = f.Write(append(text, '\n'))
	if errors.Join(err, f.Close()) == nil {
		_ = os.Rename(half, a.Cache)
	}
}
