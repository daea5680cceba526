package git

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/internal/proc"
)

//go:embed guard
var guard embed.FS

// repositoryVariables select the repository that git works on. A git hook, or a script that runs
// flakeci, may have set them. `git rev-parse --local-env-vars` lists these and the variables of
// the configuration, which stay.
var repositoryVariables = []string{
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE",
	"GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS",
	"GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE",
}

// Environment makes env safe for a git that reads an untrusted tree, whichever program starts it.
// Its settings override all configuration, even a repository's own, and no variable names a
// repository. Mercurial, which Nix runs for flakes that need it, ignores a repository's
// configuration too: git allows a commit with .hg/hgrc, whose hooks and extensions are code.
func Environment(env []string) []string {
	safe := []string{}
	count := 0
	for _, e := range env {
		key, value, _ := strings.Cut(e, "=")
		if key == "GIT_CONFIG_COUNT" {
			count, _ = strconv.Atoi(value) // git rejects other values
		} else if !slices.Contains(repositoryVariables, key) {
			safe = append(safe, e)
		}
	}
	for _, s := range safeSettings() {
		safe = append(safe, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", count, s[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", count, s[1]))
		count++
	}
	return append(safe, fmt.Sprintf("GIT_CONFIG_COUNT=%d", count), "GIT_TERMINAL_PROMPT=0", "HGRCSKIPREPO=1")
}

// safeSettings returns the keys and values of guard/settings.
func safeSettings() (list [][2]string) {
	text, _ := guard.ReadFile("guard/settings") // embedded, so it cannot fail
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			key, value, _ := strings.Cut(line, " ")
			list = append(list, [2]string{key, value})
		}
	}
	return list
}

// Guard is [Environment] for Nix. It also puts scripts in dir, ahead of git and ssh in PATH, which
// prevent what no setting can; their comments say what.
func Guard(env []string, dir string) ([]string, error) {
	safe := Environment(env)
	path := ""
	for _, e := range safe {
		if value, found := strings.CutPrefix(e, "PATH="); found {
			path = value
		}
	}
	guarded := false
	for _, name := range []string{"git", "ssh"} {
		real := proc.LookUp(name, path, nil)
		if real == "" {
			continue // Nix itself reports that it is missing
		}
		text, err := guard.ReadFile("guard/" + name)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		script := strings.Replace(string(text), `"$GUARDED"`, "'"+strings.ReplaceAll(real, "'", `'\''`)+"'", 1)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			return nil, err
		}
		guarded = true
	}
	if guarded {
		safe = append(safe, "PATH="+dir+string(os.PathListSeparator)+path)
	}
	return safe, nil
}
