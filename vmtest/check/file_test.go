package check

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFileCheck(t *testing.T) {
	dir := t.TempDir()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Fatal(err)
	}
	file := writeFile(t, dir, "a file with 'quotes' and $(signs)", "one\ntwo\n", 0o640)
	set := writeFile(t, dir, "set", "", 0o755|fs.ModeSetuid)
	big := writeFile(t, dir, "big", strings.Repeat("x", 1<<20)+"end", 0o600)
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"link": file, "dangling": "/nix/store/none"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	mode := func(m fs.FileMode) *fs.FileMode { return &m }

	t.Run("cases", func(t *testing.T) {
		runCheckCases(t, thisMachine{}, map[string]checkCase{
			"there": {
				check: Check{Subject: File{Path: file}}, passed: true, label: "file " + file, expected: file + " there",
				seen: fmt.Sprintf("a regular file, mode 0640, owner %s, group %s", me.Username, group.Name),
			},
			"all of it": {
				check:    Check{Subject: File{Path: file, Mode: mode(0o640), Owner: me.Username, Group: group.Name, Contains: "two", Matches: regexp.MustCompile(`(?m)^one$`)}},
				passed:   true,
				expected: file + ` there, with mode 0640, owner ` + me.Username + `, group ` + group.Name + `, "two" in it and a match of /(?m)^one$/ in it`,
			},
			"none": {check: Check{Subject: File{Path: dir + "/none"}}, seen: "no such file"},
			"link": {check: Check{Subject: File{Path: dir + "/link", Mode: mode(0o640)}}, passed: true},
			"link to nowhere": {
				check: Check{Subject: File{Path: dir + "/dangling"}}, seen: "a link to nowhere: /nix/store/none",
			},
			"mode and owner": {
				check:    Check{Subject: File{Path: file, Mode: mode(0o600), Owner: "joachim", Group: "wheel"}},
				expected: file + " there, with mode 0600, owner joachim and group wheel",
				seen:     fmt.Sprintf("mode 0640, owner %s and group %s", me.Username, group.Name),
			},
			"setuid":     {check: Check{Subject: File{Path: set, Mode: mode(0o4755)}}, passed: true},
			"not setuid": {check: Check{Subject: File{Path: set, Mode: mode(0o755)}}, seen: "mode 4755"},
			"contents": {
				check: Check{Subject: File{Path: file, Contains: "three", Matches: regexp.MustCompile(`^two`)}},
				seen:  `no "three" in it and no match of /^two/ in it`, detail: []string{"one", "two"},
			},
			"directory":   {check: Check{Subject: File{Path: dir}}, passed: true},
			"contents of": {check: Check{Subject: File{Path: dir, Contains: "x"}}, seen: "a directory in its place"},
			"pipe":        {check: Check{Subject: File{Path: pipe, Contains: "x"}}, seen: "a fifo in its place"},
			"too big": {
				check: Check{Subject: File{Path: big, Contains: "end"}}, seen: `no "end" in the first 1024 KiB of it`,
			},
		})
	})
	t.Run("later", func(t *testing.T) {
		late := filepath.Join(dir, "late")
		time.AfterFunc(500*time.Millisecond, func() { _ = os.WriteFile(late, nil, 0o600) })
		if r := (Check{Subject: File{Path: late}}).Run(t.Context(), thisMachine{}); !r.Passed {
			t.Errorf("got %+v", r)
		}
	})
}

func writeFile(t *testing.T, dir, name, text string, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}
