package planted

import (
	"fmt"
	"strings"
)

// Key is a part of a configuration that makes git run a program.
type Key struct {
	Name   string
	Config string
}

// programs are the keys whose value is a program, or a folder or file that names one. They are
// the keys in git 2.55's Documentation/config and gitattributes whose description contains
// command, program, executable, script, shell, helper, hook or driver, except those that
// according to a manual review run nothing. x is any name.
var programs = []string{
	"alias.fetch", "alias.x.command", "browser.x.cmd", "browser.x.path", "core.alternateRefsCommand",
	"core.askPass", "core.editor", "core.fsmonitor", "core.gitProxy", "core.pager", "core.sshCommand",
	"credential.helper", "credential.x.helper", "diff.external", "diff.x.command", "diff.x.textconv",
	"difftool.x.cmd", "difftool.x.path", "filter.x.clean", "filter.x.smudge", "filter.x.process",
	"gc.recentObjectsHook", "gpg.program", "gpg.openpgp.program", "gpg.x509.program", "gpg.ssh.program",
	"gpg.ssh.defaultKeyCommand", "gui.x.cmd", "guitool.x.cmd", "hook.x.command", "imap.tunnel",
	"instaweb.browser", "instaweb.httpd", "interactive.diffFilter", "man.x.cmd", "man.x.path",
	"merge.x.driver", "mergetool.x.cmd", "mergetool.x.path", "pager.fetch", "pager.log", "pager.cat-file",
	"receive.procReceiveRefs", "remote.origin.receivepack", "remote.origin.uploadpack", "remote.origin.vcs",
	"sendemail.ccCmd", "sendemail.headerCmd", "sendemail.sendmailCmd", "sendemail.smtpServer", "sendemail.toCmd",
	"sequence.editor", "submodule.x.update", "tar.x.command", "trailer.x.cmd", "trailer.x.command",
	"uploadpack.packObjectsHook", "web.browser",
}

// hooks are the hooks of githooks(5), on both sides of a connection.
var hooks = []string{
	"applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg",
	"commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update",
	"proc-receive", "post-receive", "post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc",
	"post-rewrite", "sendemail-validate", "fsmonitor-watchman", "post-index-change",
}

// Keys returns all keys, each as a configuration that springs the trap of its name, and the
// combinations of keys that run a program.
func (c *Checkout) Keys() []Key {
	var all []Key
	for _, name := range programs {
		command := c.Trap(name)
		if strings.HasPrefix(name, "alias.") || strings.HasPrefix(name, "credential.") || name == "submodule.x.update" {
			command = "!" + command // else it would be a git command
		}
		all = append(all, Key{name, line(name, command)})
	}
	on := func(url string, more ...string) string {
		return line("remote.origin.url", url) + strings.Join(more, "")
	}
	return append(all,
		Key{"ext", on("ext::"+c.Trap("ext"), line("protocol.ext.allow", "always"))},
		Key{"insteadOf", line("url.ext::"+c.Trap("insteadOf")+" .insteadOf", "ssh:") + line("protocol.allow", "always")},
		Key{"local-uploadpack", on(c.Nix, line("remote.origin.uploadpack", c.Trap("local-uploadpack")))},
		Key{"promisor", on(c.Nix, line("remote.origin.promisor", "true"), line("extensions.partialClone", "origin"),
			line("remote.origin.uploadpack", c.Trap("promisor")))},
		Key{"hooksPath", line("core.hooksPath", "../.githooks")},
		Key{"hooksPath-below", line("core.hooksPath", ".githooks")},
		Key{"include", line("include.path", "../.gitconfig")},
		Key{"includeIf", line("includeIf.onbranch:main.path", "../.gitconfig")},
		Key{"attributesFile", line("core.attributesFile", c.Dir+"/.gitattributes") + line("filter.x.smudge", c.Trap("attributesFile"))},
		Key{"event", line("hook.x.event", "reference-transaction") + line("hook.x.command", c.Trap("event"))},
		Key{"worktree", line("core.bare", "false") + line("core.worktree", c.Dir) + line("core.fsmonitor", c.Trap("worktree"))},
		Key{"templateDir", line("init.templateDir", c.Dir+"/.githooks")},
	)
}

// line formats a key and its value for a configuration file.
func line(key, value string) string {
	section, rest, _ := strings.Cut(key, ".")
	if last := strings.LastIndex(rest, "."); last >= 0 {
		section, rest = fmt.Sprintf("%s %q", section, rest[:last]), rest[last+1:]
	}
	return fmt.Sprintf("[%s]\n\t%s = %s\n", section, rest, value)
}
