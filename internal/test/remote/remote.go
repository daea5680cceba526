// Package remote gives tests a second machine: a real sshd on the loopback interface, and behind it
// a real Nix with a store of its own. It builds for aarch64-linux, too, or says so: tests build
// nothing that needs such a processor.
package remote

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

// Machine is a second machine. In the ssh configuration of [Machine.Options] its name is Host. The
// others are names of the same machine, with something amiss.
type Machine struct {
	dir        string
	nix, shell string
	sshd       *exec.Cmd
}

// Names of machines in the ssh configuration.
const (
	Host       = "builder"
	Refused    = "refused"    // nothing listens at its port
	Nowhere    = "nowhere"    // its name is not known
	Stranger   = "stranger"   // does not accept the key
	Unverified = "unverified" // its key is not in known_hosts
	Locked     = "locked"     // wants a key that has a passphrase
	Silent     = "silent"     // accepts connections and says nothing
)

// Skip skips a test where there can be no second machine: its builders need a sandbox.
func Skip(tb testing.TB) {
	tb.Helper()
	if reason := Missing(); reason != "" {
		tb.Skip("no second machine: " + reason)
	}
}

// Missing says what this machine lacks for a second one, or "".
func Missing() string {
	switch {
	case os.Geteuid() != 0:
		return "its store needs root"
	case sshd() == "":
		return "sshd is not installed; make test installs it"
	case exec.Command("unshare", "--mount", "true").Run() != nil:
		return "its builders need namespaces"
	}
	return ""
}

// sshd returns the path of sshd, which is not in everyone's PATH and must be started by its full
// path.
func sshd() string {
	for _, file := range []string{"/usr/sbin/sshd", "/usr/bin/sshd"} {
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// Start starts a machine with a Nix. It ends with the test.
func Start(tb testing.TB, nix string) *Machine {
	tb.Helper()
	Skip(tb)
	dir, err := os.MkdirTemp("", "remote") // tb.TempDir is too long for sockets
	check(tb, err)
	m := &Machine{dir: dir, nix: nix, shell: filepath.Join(lanes.Busybox(tb), "busybox")}
	tb.Cleanup(func() {
		m.stop()
		_ = exec.Command("chmod", "-R", "u+w", dir).Run()
		check(tb, os.RemoveAll(dir))
	})
	for _, key := range []string{"host", "user", "other"} {
		check(tb, exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", m.path(key)).Run())
	}
	check(tb, exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", m.path("locked")).Run())
	check(tb, os.Mkdir(m.path("flag"), 0o777))
	check(tb, os.Chmod(m.path("flag"), 0o777)) // builders write there
	m.install(tb, "NIX_REMOTE="+m.path("root"))
	// Only what is in bin is installed there.
	m.write(tb, "login", "#!/bin/sh\nPATH="+m.path("bin")+" exec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"\n")
	m.listen(tb)
	return m
}

func (m *Machine) path(name string) string { return filepath.Join(m.dir, name) }

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func (m *Machine) write(tb testing.TB, name, text string) {
	tb.Helper()
	check(tb, os.MkdirAll(filepath.Dir(m.path(name)), 0o755))
	check(tb, os.WriteFile(m.path(name), []byte(text), 0o755))
}

// listen starts sshd at a free port.
func (m *Machine) listen(tb testing.TB) {
	tb.Helper()
	check(tb, os.MkdirAll("/run/sshd", 0o755)) // sshd wants this folder
	for range 5 {
		port := freePort(tb)
		m.write(tb, "sshd_config", fmt.Sprintf("ListenAddress 127.0.0.1:%d\nHostKey %s\nAuthorizedKeysFile %s\nForceCommand %s\n", port, m.path("host"), m.path("user.pub"), m.path("login"))+
			"PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nMaxStartups 100\n")
		m.sshd = exec.Command(sshd(), "-D", "-q", "-f", m.path("sshd_config"))
		m.sshd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		check(tb, m.sshd.Start())
		if m.answers(port) {
			m.configure(tb, port)
			return
		}
		m.stop() // another process took the port
	}
	tb.Fatal("sshd does not start")
}

func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(tb, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (m *Machine) answers(port int) bool {
	for range 100 {
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = c.Close()
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// configure writes the ssh configuration of those who connect.
func (m *Machine) configure(tb testing.TB, port int) {
	tb.Helper()
	public, err := os.ReadFile(m.path("host.pub"))
	check(tb, err)
	m.write(tb, "known_hosts", "same "+string(public))
	m.write(tb, "config", fmt.Sprintf("Host %s\n  Port 1\nHost %s\n  HostName nowhere.invalid\nHost %s\n  IdentityFile %s\nHost %s\n  UserKnownHostsFile /dev/null\nHost %s\n  IdentityFile %s\nHost %s\n  ConnectTimeout 1\n  Port %d\n",
		Refused, Nowhere, Stranger, m.path("other"), Unverified, Locked, m.path("locked"), Silent, m.silence(tb))+
		fmt.Sprintf("Host *\n  HostName 127.0.0.1\n  HostKeyAlias same\n  Port %d\n  User root\n  IdentitiesOnly yes\n  UserKnownHostsFile %s\n  GlobalKnownHostsFile /dev/null\nHost * !%s !%s\n  IdentityFile %s\n",
			port, m.path("known_hosts"), Stranger, Locked, m.path("user")))
}

// silence returns the port of a server that says nothing.
func (m *Machine) silence(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(tb, err)
	tb.Cleanup(func() { _ = l.Close() }) // the system accepts connections even if nobody asks for them
	return l.Addr().(*net.TCPAddr).Port
}

// Options is the value of NIX_SSHOPTS for those who connect.
func (m *Machine) Options() string { return "-F " + m.path("config") }

// Dir is the machine's folder, which is in its error messages.
func (m *Machine) Dir() string { return m.dir }

// Fill gives the machine another disk, of 24 MB, with an empty store.
func (m *Machine) Fill(tb testing.TB) {
	tb.Helper()
	disk := m.path("disk")
	check(tb, os.Mkdir(disk, 0o755))
	check(tb, exec.Command("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk).Run())
	tb.Cleanup(func() {
		m.stop() // its sessions use the disk
		check(tb, exec.Command("umount", "-l", disk).Run())
	})
	m.install(tb, "NIX_REMOTE="+disk)
}

// settings are those of the machine's Nix. Builders can write to /flag.
func (m *Machine) settings() string {
	return "build-users-group =\nsandbox = true\nsubstituters =\nextra-platforms = aarch64-linux\nsandbox-paths = /bin/sh=" + m.shell + " /flag=" + m.path("flag") + "\n"
}

// install writes the programs that Nix calls over ssh, which run with some variables.
func (m *Machine) install(tb testing.TB, variables string) {
	tb.Helper()
	for _, name := range []string{"nix-store", "nix-daemon"} {
		m.write(tb, "bin/"+name, fmt.Sprintf("#!/bin/bash\nexport PATH=/usr/bin:/bin NIX_CONFIG='%s' %s\nexec -a %s %s \"$@\"\n", m.settings(), variables, name, m.nix))
	}
}

// RemoveNix leaves the machine without Nix.
func (m *Machine) RemoveNix(tb testing.TB) {
	tb.Helper()
	check(tb, os.RemoveAll(m.path("bin")))
}

// Distrust starts a daemon on the machine that does not trust the user who logs in.
func (m *Machine) Distrust(tb testing.TB) {
	tb.Helper()
	socket := m.path("socket")
	daemon := exec.Command(m.nix, "--extra-experimental-features", "nix-command", "daemon")
	daemon.Env = append(os.Environ(), "NIX_CONFIG="+m.settings()+"trusted-users = nobody\n", "NIX_REMOTE="+m.path("root"), "NIX_DAEMON_SOCKET_PATH="+socket)
	daemon.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	check(tb, daemon.Start())
	tb.Cleanup(func() { end(daemon) })
	m.install(tb, "NIX_REMOTE=daemon NIX_DAEMON_SOCKET_PATH="+socket)
	for range 500 {
		if _, err := os.Stat(socket); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	tb.Fatal("the daemon does not start")
}

// Vanish cuts all connections as soon as a builder has made /flag/begun, and makes /flag/cut then.
func (m *Machine) Vanish(tb testing.TB) {
	tb.Helper()
	sshd := m.sshd.Process.Pid
	over := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			if _, err := os.Stat(m.path("flag/begun")); err == nil {
				break
			}
			select {
			case <-over:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
		for _, session := range children(sshd) {
			kill(session)
		}
		_ = os.WriteFile(m.path("flag/cut"), nil, 0o644)
	}()
	tb.Cleanup(func() {
		close(over)
		<-done
	})
}

// stop ends sshd and its sessions.
func (m *Machine) stop() {
	if m.sshd != nil && m.sshd.Process != nil {
		end(m.sshd)
		m.sshd = nil
	}
}

// end kills a server with all its descendants.
func end(cmd *exec.Cmd) {
	kill(cmd.Process.Pid)
	_ = cmd.Wait() // it was killed
}

// kill kills a process with its descendants. It stops each before it kills those below, so that it
// cannot report their end.
func kill(pid int) {
	_ = syscall.Kill(pid, syscall.SIGSTOP) // it may have ended
	for _, child := range children(pid) {
		kill(child)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

func children(pid int) (list []int) {
	out, _ := exec.Command("pgrep", "-P", strconv.Itoa(pid)).Output() // fails if there are none
	for _, child := range strings.Fields(string(out)) {
		if id, err := strconv.Atoi(child); err == nil {
			list = append(list, id)
		}
	}
	return list
}
