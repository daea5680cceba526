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

// trialLimit is how long the trial guest may run; with TCG it takes 0.2 s.
const trialLimit = 3 * time.Second

// trialGuest is a guest of a few instructions that makes QEMU exit with a code of its own.
type trialGuest struct {
	image    []byte
	args     []string // start QEMU with the file trialImage
	exitCode int      // of QEMU
}

const trialImage = "guest.img"

// trialGuests maps Go's names of architectures to guests.
func trialGuests() map[string]trialGuest {
	return map[string]trialGuest{
		// The first sector of a floppy, which the BIOS starts in 16-bit mode at 0x7c00. Like
		// a kernel it switches to paging and 64-bit mode, then counts long enough for
		// interrupts to arrive. One KVM (pvm) was seen to run the BIOS and 16-bit and 32-bit
		// guests, but to spin forever in 64-bit code.
		// isa-debug-exit turns an n that is written to it into the exit code 2n+1.
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
				0xea, 0x52, 0x7c, 0x08, 0x00, // jmp 8:0x7c52, the next instruction, in 64-bit mode
				0xb9, 0x80, 0x96, 0x98, 0x00, // mov ecx, 10000000
				0xff, 0xc9, // dec ecx
				0x75, 0xfc, // jnz to the dec
				0xb0, 0x10, // mov al, 0x10
				0xe6, 0xf4, // out 0xf4, al
				0xf4,       // hlt
				0xeb, 0xfd, // jmp to the hlt
				// The segments: the null segment, one for 64-bit code; at 0x7c72 their size and address.
				0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
				0xff, 0xff, 0x00, 0x00, 0x00, 0x9a, 0xaf, 0x00,
				0x0f, 0x00, 0x62, 0x7c, 0x00, 0x00,
			),
			args: []string{
				"-device", "isa-debug-exit,iobase=0xf4,iosize=4",
				"-drive", "file=" + trialImage + ",format=raw,if=floppy", "-boot", "a",
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
			args: []string{"-machine", "virt", "-kernel", trialImage},
		},
	}
}

// sector returns a boot sector that begins with the code.
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

// tryKVM runs the trial guest and says what is wrong with KVM, or "" if nothing is. slow reports
// that it merely took too long. Opening the device and creating a machine proves too little: on
// some machines the guest then spins forever, on others QEMU aborts while it sets up the
// processor.
func tryKVM(ctx context.Context, qemu string) (problem string, slow bool) {
	guest, ok := trialGuests()[runtime.GOARCH]
	if !ok {
		return "flakeci cannot try KVM on " + runtime.GOARCH, false
	}
	limited, cancel := context.WithTimeout(ctx, trialLimit)
	defer cancel()
	err := guest.run(limited, qemu, AccelKVM)
	var ended *proc.Error
	switch {
	case err == nil:
		return "", false
	case limited.Err() != nil:
		return fmt.Sprintf("a guest with KVM did nothing for %s", trialLimit), true
	case errors.As(err, &ended) && ended.LastLine != "":
		return "QEMU with KVM fails: " + briefQEMUMessage(ended.LastLine), false
	}
	return "QEMU with KVM fails: " + err.Error(), false
}

// run starts the guest as nixpkgs' runner does: some machines fail only with -cpu max.
// It returns nil if QEMU exited as the guest told it to.
func (g trialGuest) run(ctx context.Context, qemu string, a Accel) error {
	dir, err := os.MkdirTemp("", "flakeci-kvm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, trialImage), g.image, 0o600); err != nil {
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
		return errors.New("it exited without a message")
	case errors.As(err, &ended) && ended.ExitCode == g.exitCode && ctx.Err() == nil:
		return nil
	}
	return err
}

// briefQEMUMessage shortens a message of QEMU to a line, without the program's name.
func briefQEMUMessage(line string) string {
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
