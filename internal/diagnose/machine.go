package diagnose

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// machineFaults lists ways in which this machine stops Nix or flakeci. In a title or hint, %s
// stands for what the pattern finds.
var machineFaults = []struct {
	message     *regexp.Regexp
	title, hint string
}{
	{regexp.MustCompile(`creating directory ['"]([^'"]+)['"]: `), "", "let this user create %s, or name other folders with XDG_CACHE_HOME and XDG_STATE_HOME, or HOME"},
	{regexp.MustCompile(`^'(/[^']+)' is not a directory`), "", "make %s a folder, or name other folders with XDG_CACHE_HOME and XDG_STATE_HOME, or HOME"},
	{regexp.MustCompile(`(?:opening|cannot open|creating) .*['"]([^'"]+)['"]: (?:Permission denied|Read-only file system|unable to open database file)`), "", "let this user write to %s; Nix keeps its cache below XDG_CACHE_HOME, or HOME"},
	{regexp.MustCompile(`^(cannot make temporary files in .*)`), "%s", TemporaryHint},
	{regexp.MustCompile(`executing ['"]?([a-z-]+)['"]?: No such file or directory`), "nix needs %s, which is not on PATH", "install %s, or put it on PATH"},
}

// TemporaryHint is for a folder that cannot hold temporary files.
const TemporaryHint = "set TMPDIR to a folder that this user may write to and whose name has no spaces"

const filesHint = "raise the limit on open files (ulimit -n); nix needs a few hundred"

// fewFilesKey is the key of everything that fails at the limit on open files.
func fewFilesKey() string { return result.NewCauseKey(result.CauseInfra, "too many open files") }

// addMachine adds a hint to a fault of the machine that has none yet.
func addMachine(c *result.Cause) {
	if c.Kind != result.CauseInfra {
		return
	}
	if folder := nixlog.NotOwned(c.Message); folder != "" {
		c.Title = folder + " belongs to another user, so git does not read it"
		c.Hint = fmt.Sprintf("trust it (git config --global --add safe.directory '%s'), or make this user its owner", folder)
		return
	}
	if nixlog.FewFiles(c.Message) {
		// The key is the same whichever file could not be opened.
		c.Title, c.Hint, c.Key = "too many open files: "+firstLine(c.Message), filesHint, fewFilesKey()
		return
	}
	for _, f := range machineFaults {
		m := f.message.FindStringSubmatch(c.Message)
		if m == nil {
			continue
		}
		if f.title != "" {
			c.Title = strings.ReplaceAll(f.title, "%s", m[1])
		}
		c.Hint = strings.ReplaceAll(f.hint, "%s", m[1])
		return
	}
}
