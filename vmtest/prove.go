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

// How long the proof may take; with TCG it takes 0.2 s.
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
		// The first sector of a floppy, which the BIOS starts in 16-bit mode at 0x7c00. Like
		// a kernel it first switches on paging and 64-bit mode. Then it counts for long enough
		// that interrupts come in between. A KVM was seen (pvm) that runs the BIOS and 16-bit
		// and 32-bit guests, and spins forever in 64-bit code.
		// isa-debug-exit makes an exit code of 2n+1 of the n that is written to it.
		"amd64": {
			image: sector(
				0xfa,       // cli
				0x31, 0xc0, // xor ax, ax
				0x8e, 0xd8, // mov ds, ax
				// Page tables: the first 2 MiB are mapped to themselves.
				0x66, 0xc7, 0x06, 0x00, 0x10, 0x03, 0x20, 0x00, 0x00, // mov dword [0x1000], 0x2003
				0x66, 0xc7, 0x06, 0x00, 0x20, 0x03, 0x30, 0x00, 0x00, // mov dword [0x2000], 0x3003
				0x66, 0xc7, 0x06, 0x00, 0x30, 0x83, 0x00, 0x00, 0x00, // mov dword [0x3000], 0x83
				0x66, 0xb8, 0x00, 0x10, 0x00, 0x00, // mov eax, 0x1000
				0x0f, 0x22, 0xd8, // mov cr3, eax
				0x66, 0xb8, 0x20, 0x00, 0x00, 0x00, // mov eax, 0x20: PAE
				0x0f, 0x22, 0xe0, // mov cr4, eax
				0x66, 0xb9, 0x80, 0x00, 0x00, 0xc0, // mov ecx, 0xc0000080: EFER
				0x0f, 0x32, // rdmsr
				0x80, 0xcc, 0x01, // or ah, 1: long mode
				0x0f, 0x30, // wrmsr
				0x0f, 0x01, 0x16, 0x72, 0x7c, // lgdt [0x7c72]
				0x66, 0xb8, 0x01, 0x00, 0x00, 0x80, // mov eax, 0x80000001: protection, paging
				0x0f, 0x22, 0xc0, // mov cr0, eax
				0xea, 0x52, 0x7c, 0x08, 0x00, // jmp 8:0x7c52, the next instruction, of 64 bits
				0xb9, 0x80, 0x96, 0x98, 0x00, // mov ecx, 10000000
				0xff, 0xc9, // dec ecx
				0x75, 0xfc, // jnz to the dec
				0xb0, 0x10, // mov al, 0x10
				0xe6, 0xf4, // out 0xf4, al
				0xf4,       // hlt
				0xeb, 0xfd, // jmp to the hlt
				// The segments, none and one for code of 64 bits, and at 0x7c72 how many and where.
				0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
				0xff, 0xff, 0x00, 0x00, 0x00, 0x9a, 0xaf, 0x00,
				0x0f, 0x00, 0x62, 0x7c, 0x00, 0x00,
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
