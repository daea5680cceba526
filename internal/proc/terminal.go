package proc

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// A terminal's guard is recognized by its name and a flag, like the supervisor.
const (
	guardName = "flakeci-terminal"
	guardFlag = "-keep-terminal"
)

// GuardTerminal starts a process that restores a terminal if flakeci dies before it could, as
// by SIGKILL or a panic of any goroutine. Call it before changing the terminal, and release
// after restoring it. The guard writes reset to the terminal.
func GuardTerminal(tty *os.File, reset string) (release func(), err error) {
	was, err := unix.IoctlGetTermios(int(tty.Fd()), getTermios)
	if err != nil {
		return nil, err
	}
	var state bytes.Buffer
	if err := binary.Write(&state, binary.NativeEndian, was); err != nil {
		return nil, err
	}
	self, err := executable()
	if err != nil {
		return nil, err
	}
	childEnd, link, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Args = []string{guardName, guardFlag, hex.EncodeToString(state.Bytes()), reset}
	cmd.Stdin, cmd.Stdout = childEnd, tty
	err = startChild(cmd)
	childEnd.Close()
	if err != nil {
		link.Close()
		return nil, err
	}
	return func() {
		_, _ = link.Write([]byte{0})
		link.Close()
		_ = cmd.Wait()
		forgetChild(cmd)
	}, nil
}

// guard waits for a byte from flakeci, and restores the terminal if the pipe is closed without
// one.
func guard(args []string) (code int, asked bool) {
	if len(args) != 4 || args[0] != guardName || args[1] != guardFlag {
		return 0, false
	}
	// It is in flakeci's group, which gets Ctrl-C and the like. SIGTTOU would stop it once the
	// shell has the terminal again.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGTTOU)
	if n, _ := io.ReadFull(os.NewFile(0, "flakeci"), make([]byte, 1)); n == 1 {
		return 0, true
	}
	state, err := hex.DecodeString(args[2])
	var was unix.Termios
	if err != nil || binary.Read(bytes.NewReader(state), binary.NativeEndian, &was) != nil {
		return 1, true
	}
	// A shell may already show its prompt, with its own settings.
	if now, err := unix.IoctlGetTermios(1, getTermios); err == nil && now.Lflag&unix.ISIG == 0 {
		_ = unix.IoctlSetTermios(1, setTermios, &was)
	}
	_, _ = io.WriteString(os.NewFile(1, "terminal"), args[3])
	return 0, true
}
