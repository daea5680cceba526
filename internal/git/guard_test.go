package git_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/git"
)

// The user's settings stay, those of the guard follow, and no variable selects a repository.
func TestEnvironment(t *testing.T) {
	env := git.Environment([]string{"PATH=/bin", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.bareRepository", "GIT_CONFIG_VALUE_0=all", "GIT_DIR=/x", "GIT_WORK_TREE=/x", "GIT_INDEX_FILE=/x", "GIT_SSH_COMMAND=ssh -i key"})
	cmd := exec.CommandContext(t.Context(), "git", "config", "--get-all", "safe.bareRepository")
	cmd.Env, cmd.Dir = env, t.TempDir()
	out, err := cmd.Output()
	if err != nil || string(out) != "all\nexplicit\n" {
		t.Errorf("safe.bareRepository is %q, %v", out, err)
	}
	for _, e := range env {
		if strings.HasSuffix(e, "=/x") {
			t.Errorf("%s is still there", e)
		}
	}
	if !slices.Contains(env, "GIT_SSH_COMMAND=ssh -i key") || !slices.Contains(env, "HGRCSKIPREPO=1") {
		t.Errorf("got %q", env)
	}
}

// The scripts ahead of git and ssh pass on everything else, with arguments and exit codes,
// wherever the programs are.
func TestGuardLetsThrough(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "it's here")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"git", "ssh"} {
		text := "#!/bin/sh\n[ \"$1\" != -G ] || exit 0\nprintf '%s|' " + name + " \"$@\"\nexit 7\n"
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	env, err := git.Guard([]string{"PATH=" + bin + ":/bin:/usr/bin"}, filepath.Join(t.TempDir(), "guard"))
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(t.TempDir(), "nix", "gitv3", "0abc")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		run, printed string
		exit         string
	}{
		{"git ls-remote --symref url", "git|ls-remote|--symref|url|", "exit status 7"},
		{"git -c a.b='c d' init -C x", "git|-c|a.b=c d|init|-C|x|", "exit status 7"},
		{"git -C /tmp --git-dir=.git log", "git|-C|/tmp|--git-dir=.git|log|", "exit status 7"},
		{"git -C " + cache + " fetch", "git|--git-dir=" + cache + "|-C|" + cache + "|fetch|", "exit status 7"},
		{"git -C " + cache + " --git-dir . fetch", "git|-C|" + cache + "|--git-dir|.|fetch|", "exit status 7"},
		{"git -C /nix/store/x log", "", "exit status 128"},
		{"git -C /tmp/chroot/nix/store/x --git-dir=.git log", "", "exit status 128"},
		{"git -c a.b=c -C /nix/store/x log", "", "exit status 128"},
		{"ssh -p22 me@host -- git-lfs-authenticate path download", "ssh|-o|BatchMode=yes|-p22|me@host|--|git-lfs-authenticate|path|download|", "exit status 7"},
		{"ssh -oProxyCommand=x -- git-lfs-authenticate path download", "", "exit status 255"},
		{"ssh -o ControlPath=x host git-upload-pack", "ssh|-o|BatchMode=yes|-o|ControlPath=x|host|git-upload-pack|", "exit status 7"},
	} {
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", c.run)
		cmd.Env = env
		out, err := cmd.Output()
		if string(out) != c.printed || err == nil || err.Error() != c.exit {
			t.Errorf("%s: printed %q, %v, want %q, %s", c.run, out, err, c.printed, c.exit)
		}
	}
}

// A server that says nothing ends ssh, unless the user's configuration says otherwise.
func TestGuardLimitsSSH(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "config")
	if err := os.WriteFile(config, []byte("Host patient\n  ConnectTimeout 600\n  ServerAliveInterval 7\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	env, err := git.Guard(os.Environ(), filepath.Join(dir, "guard"))
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string][]string{
		"patient": {"batchmode yes", "connecttimeout 600", "serveraliveinterval 7"},
		"other":   {"batchmode yes", "connecttimeout 30", "serveraliveinterval 30"},
	} {
		// With -G, ssh prints its settings.
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", "ssh -G -F "+config+" "+host)
		cmd.Env = env
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range want {
			if !strings.Contains(string(out), line+"\n") {
				t.Errorf("%s lacks %q:\n%s", host, line, out)
			}
		}
	}
}

// The question for ssh's settings takes nothing of what Nix says to the other machine, even if another
// program has the name of ssh and does not know the question.
func TestGuardKeepsInput(t *testing.T) {
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "ssh"), []byte("#!/bin/sh\ncat\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	env, err := git.Guard([]string{"PATH=" + bin + ":/bin:/usr/bin"}, filepath.Join(t.TempDir(), "guard"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", "ssh host nix-daemon --stdio")
	cmd.Env, cmd.Stdin = env, strings.NewReader("hello")
	if out, err := cmd.Output(); string(out) != "hello" || err != nil {
		t.Errorf("printed %q, %v", out, err)
	}
}

// Without git, Nix finds none.
func TestGuardOfNothing(t *testing.T) {
	env, err := git.Guard([]string{"PATH=" + t.TempDir()}, filepath.Join(t.TempDir(), "guard"))
	if err != nil || slices.ContainsFunc(env[1:], func(e string) bool { return strings.HasPrefix(e, "PATH=") }) {
		t.Errorf("got %q, %v", env, err)
	}
}
