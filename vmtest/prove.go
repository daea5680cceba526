package vmtest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
)

// How long the proof may take; with TCG it takes 0.1 s.
const proofLimit = 3 * time.Second

// proofGuest is a guest of a few instructions that ends QEMU in a way which
// nothing else does.
type proofGuest struct {
	image    []byte
	args     []string // that start the image, which is a file of the name below
	exitCode int      // of QEMU
}

const proofImage = "guest.img"

// proofGuests are the guests by Go's names of architectures.
func proofGuests() map[string]proofGuest {
	return map[string]proofGuest{
		// The first sector of a floppy, which the BIOS starts in 16-bit mode.
		// isa-debug-exit makes an exit code of 2n+1 of the n that is written to it.
		"amd64": {
			image: sector(
				0xb0, 0x10, // mov al, 0x10
				0xe6, 0xf4, // out 0xf4, al
				0xf4,       // hlt
				0xeb, 0xfd, // jmp to the hlt
			),
			args: []string{
				"-device", "isa-debug-exit,iobase=0xf4,iosize=4",
				"-drive", "file=" + proofImage + ",format=raw,if=floppy", "-boot", "a",
			},
			exitCode: 2*0x10 + 1,
		},
		// A kernel that has the firmware (PSCI) switch the machine off.
		"arm64": {
			image: words(
				0x52800100, // mov w0, 0x8
				0x72b08000, // movk w0, 0x8400, lsl 16: SYSTEM_OFF
				0xd4000002, // hvc 0
				0x14000000, // b here
			),
			args: []string{"-machine", "virt", "-kernel", proofImage},
		},
	}
}

// sector is a boot sector that begins with the code.
func sector(code ...byte) []byte {
	s := make([]byte, 512)
	copy(s, code)
	copy(s[510:], []byte{0x55, 0xaa})
	return s
}

func words(code ...uint32) []byte {
	var image []byte
	for _, word := range code {
		image = binary.LittleEndian.AppendUint32(image, word)
	}
	return image
}

// proveKVM starts a guest and says what is wrong with KVM, "" for nothing, and
// whether that is no more than that it took too long. That
// the device opens and makes a machine proves nothing: there are those on which
// the guest then spins for ever, and those on which QEMU aborts when it sets the
// processor up.
func proveKVM(ctx context.Context, qemu string) (flaw string, late bool) {
	guest, ok := proofGuests()[runtime.GOARCH]
	if !ok {
		return "there is no proof of KVM for " + runtime.GOARCH, false
	}
	limited, cancel := context.WithTimeout(ctx, proofLimit)
	defer cancel()
	err := guest.run(limited, qemu, AccelKVM)
	var ended *proc.Error
	switch {
	case err == nil:
		return "", false
	case limited.Err() != nil:
		return fmt.Sprintf("a guest with KVM did nothing for %s", proofLimit), true
	case errors.As(err, &ended) && ended.LastLine != "":
		return "QEMU with KVM fails: " + brief(ended.LastLine), false
	}
	return "QEMU with KVM fails: " + err.Error(), false
}

// run starts the guest as nixpkgs' runner starts one: -cpu max is where some
// machines give up. There is no error if QEMU ended as the guest told it to.
func (g proofGuest) run(ctx context.Context, qemu string, a Accel) error {
	dir, err := os.MkdirTemp("", "flakeci-kvm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, proofImage), g.image, 0o600); err != nil {
		return err
	}
	cmd := proc.Cmd{
		Path: qemu, Dir: dir, Env: []string{"HOME=" + dir}, Grace: time.Second, Supervised: true,
		Args: append([]string{
			"-machine", "accel=" + string(a), "-cpu", "max", "-nodefaults", "-no-user-config", "-display", "none", "-m", "64",
		}, g.args...),
	}
	_, err = cmd.Run(ctx)
	var ended *proc.Error
	switch {
	case err == nil && g.exitCode != 0:
		return errors.New("it ended without a word")
	case errors.As(err, &ended) && ended.ExitCode == g.exitCode && ctx.Err() == nil:
		return nil
	}
	return err
}

// brief is what QEMU said, without its name and so that it fits a line.
func brief(line string) string {
	if name, rest, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(filepath.Base(name), "qemu") {
		line = rest
	}
	if _, failed, ok := strings.Cut(line, "Assertion "); ok {
		line = "assertion " + failed
	}
	if r := []rune(line); len(r) > 100 {
		return string(r[:99]) + "…"
	}
	return line
}
