// Package planted makes checkouts like those of a hostile commit, for tests of code that reads
// checkouts. Each program that a configuration can make git run is a trap, which records that it
// was sprung.
package planted

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/proc"
)

// Checkout is a clone of one branch of a repository with two. Its folder nix has a flake, and
// everything that makes the folder a bare repository with a configuration.
type Checkout struct {
	// Dir is the checkout, Nix the folder with the flake.
	Dir, Nix string
	// Head is the checked out commit, Other the tip of the branch "other", which only the remote
	// has.
	Head, Other string
	// Fake is the tip of the branch main of the planted repository.
	Fake string
	// Work is a folder with its own .git, whose configuration is hostile too, at commit WorkHead.
	// A commit cannot put it into the checkout, but a flake can put it into the store.
	Work, WorkHead string

	trap, sprung string
}

// New makes a checkout. flake returns its flake.nix, and may refer to the checkout.
func New(t testing.TB, flake func(*Checkout) string) *Checkout {
	t.Helper()
	dir := t.TempDir()
	c := &Checkout{Dir: filepath.Join(dir, "checkout"), trap: filepath.Join(dir, "trap"), sprung: filepath.Join(dir, "sprung")}
	c.Nix = filepath.Join(c.Dir, "nix")
	write(t, c.trap, "#!/bin/sh\necho \"$1\" >>"+c.sprung+"\nexit 1\n")

	source, fake, origin := filepath.Join(dir, "source"), filepath.Join(dir, "fake"), filepath.Join(dir, "origin")
	c.repository(t, fake, "{ }")
	c.Fake = Git(t, fake, "rev-parse", "HEAD")
	c.work(t, filepath.Join(dir, "work"))
	text := "{ }"
	if flake != nil {
		text = flake(c)
	}
	c.repository(t, source, text)
	for _, name := range []string{"HEAD", "objects", "refs"} {
		move(t, filepath.Join(fake, ".git", name), filepath.Join(source, "nix", name))
	}
	write(t, filepath.Join(source, "nix", "refs", ".keep"), "")
	c.springs(t, source)
	Git(t, source, "add", "-f", ".")
	for _, name := range []string{"a", "x"} {
		Git(t, source, "update-index", "--add", "--cacheinfo", "160000,"+c.Fake+","+name)
	}
	Git(t, source, "commit", "-q", "-m", "planted")
	c.Head = Git(t, source, "rev-parse", "HEAD")
	Git(t, source, "checkout", "-q", "-b", "other", "HEAD^")
	Git(t, source, "commit", "-q", "--allow-empty", "-m", "other")
	c.Other = Git(t, source, "rev-parse", "HEAD")
	Git(t, dir, "clone", "-q", "--bare", source, origin)
	Git(t, dir, "clone", "-q", "--single-branch", "--branch", "main", "file://"+origin, c.Dir)
	return c
}

func (c *Checkout) repository(t testing.TB, dir, flake string) {
	t.Helper()
	Git(t, filepath.Dir(dir), "init", "-q", dir)
	write(t, filepath.Join(dir, "nix", "flake.nix"), flake)
	write(t, filepath.Join(dir, ".gitattributes"), "* filter=x diff=x merge=x\nbig filter=lfs\n")
	write(t, filepath.Join(dir, "big"), "version https://git-lfs.github.com/spec/v1\noid sha256:"+strings.Repeat("0", 64)+"\nsize 12\n")
	Git(t, dir, "add", ".")
	Git(t, dir, "commit", "-q", "-m", dir) // distinguishes commits within a second
}

// work makes Work. ssh would take its remote's host for an option.
func (c *Checkout) work(t testing.TB, dir string) {
	t.Helper()
	c.repository(t, dir, "{ }")
	c.Work, c.WorkHead = dir, Git(t, dir, "rev-parse", "HEAD")
	host := strings.NewReplacer(" ", "%20", "/", "%2F").Replace("-oProxyCommand=" + c.Trap("lfs"))
	config := line("remote.origin.url", "ssh://"+host+"/x")
	for _, k := range c.Keys() {
		if strings.HasPrefix(k.Name, "filter.") || strings.HasPrefix(k.Name, "core.") {
			config += k.Config
		}
	}
	file := filepath.Join(dir, ".git", "config")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(text)+config)
}

// springs writes every file that a commit can contain and git might read.
func (c *Checkout) springs(t testing.TB, root string) {
	t.Helper()
	var all strings.Builder
	for _, k := range c.Keys() {
		all.WriteString(k.Config)
	}
	for _, name := range []string{".gitconfig", ".lfsconfig"} {
		write(t, filepath.Join(root, name), all.String())
	}
	write(t, filepath.Join(root, "nix", "config"), configOf(all.String()))
	modules := line("submodule.x.path", "x") + line("submodule.x.url", "ext::"+c.Trap("gitmodules")) +
		line("submodule.a.path", "a") + line("submodule.a.url", "./nix") + line("submodule.a.branch", "main")
	for _, name := range []string{"a", "x"} {
		modules += line("submodule."+name+".update", "!"+c.Trap("update"))
	}
	write(t, filepath.Join(root, ".gitmodules"), modules)
	write(t, filepath.Join(root, ".hg", "hgrc"), "[hooks]\npreoutgoing = sh "+c.trap+" hg\n")
	write(t, filepath.Join(root, "nix", "info", "attributes"), "* filter=x diff=x merge=x\n")
	for _, hook := range hooks {
		for _, folder := range []string{"nix/hooks", ".githooks"} {
			write(t, filepath.Join(root, folder, hook), "#!/bin/sh\nsh "+c.trap+" hook\n")
		}
	}
}

// Configure replaces the planted configuration, which has all keys at once.
func (c *Checkout) Configure(t testing.TB, config string) {
	t.Helper()
	write(t, filepath.Join(c.Nix, "config"), configOf(config))
}

// configOf returns the configuration of a bare repository with a remote.
func configOf(more string) string {
	return line("core.repositoryformatversion", "0") + line("core.bare", "true") + more +
		line("remote.origin.url", "ssh://x.invalid/y") + line("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
}

// Sprung returns the traps that were sprung since the last call.
func (c *Checkout) Sprung(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(c.sprung)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.Remove(c.sprung)
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// Trap returns the command that springs the trap of a name.
func (c *Checkout) Trap(name string) string { return "sh " + c.trap + " " + name }

// Git runs git in a folder and returns its output.
func Git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	id := []string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"}
	var out strings.Builder
	cmd := proc.Cmd{Path: "git", Args: append(id, args...), Stdout: &out}
	if _, err := cmd.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String())
}

func write(t testing.TB, name, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(name), 0o755)
	if err == nil {
		err = os.WriteFile(name, []byte(text), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func move(t testing.TB, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
