package git

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

//go:embed guard
var guard embed.FS

// What a hook of git, or a script that runs flakeci, may have set to say which
// repository git works on. `git rev-parse --local-env-vars` lists these and those
// of the configuration, which stays.
var repositoryVariables = []string{
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE",
	"GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS",
	"GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE",
}

// Environment makes env safe for a git that looks into a stranger's tree, whoever
// starts it. The settings come after all configuration, also after a repository's own,
// and no variable names a repository. Mercurial, which Nix runs for a flake that asks
// for it, reads no repository's configuration either: git allows a commit with
// .hg/hgrc, whose hooks and extensions are code.
func Environment(env []string) []string {
	safe := []string{}
	count := 0
	for _, e := range env {
		key, value, _ := strings.Cut(e, "=")
		if key == "GIT_CONFIG_COUNT" {
			count, _ = strconv.Atoi(value) // git would refuse another value
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

// safeSettings are the keys and values of guard/settings.
func safeSettings() (list [][2]string) {
	text, _ := guard.ReadFile("guard/settings") // it is in the program
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			key, value, _ := strings.Cut(line, " ")
			list = append(list, [2]string{key, value})
		}
	}
	return list
}

// Guard is [Environment] for a Nix, with scripts in dir before git and ssh on its PATH.
// They stop what no setting can; their comments say what.
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
		real := lookUp(name, path)
		if real == "" {
			continue // Nix itself says that it is missing
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

// lookUp finds a program as a shell with this PATH does. A relative folder would be
// another one for each process.
func lookUp(name, path string) string {
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if st, err := os.Stat(file); err == nil && filepath.IsAbs(dir) && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return file
		}
	}
	return ""
}
