package check

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
)

// File requires that a file exists. It follows links.
type File struct {
	Path         string
	Mode         *fs.FileMode // chmod's bits, including 04000, 02000 and 01000; nil is any
	Owner, Group string       // empty is any
	Contains     string
	Matches      *regexp.Regexp
}

func (f File) text() textCheck { return textCheck{f.Contains, f.Matches} }

func (f File) label() string { return "file " + f.Path }

func (f File) expected() string {
	var parts []string
	if f.Mode != nil {
		parts = append(parts, fmt.Sprintf("mode %04o", *f.Mode))
	}
	if f.Owner != "" {
		parts = append(parts, "owner "+f.Owner)
	}
	if f.Group != "" {
		parts = append(parts, "group "+f.Group)
	}
	parts = append(parts, f.text().expected("it")...)
	if len(parts) == 0 {
		return f.Path + " there"
	}
	return f.Path + " there, with " + joinList(parts)
}

func (f File) retries() bool { return true }

// fileLimit is how many bytes of a file are searched.
const fileLimit = 1 << 20

// The script reads only regular files: a pipe would block it.
const fileScript = `
if [ ! -e "$1" ]; then
	if [ -h "$1" ]; then echo "link $(readlink -- "$1")"; else echo none; fi
	exit 0
fi
stat -L -c 'found:%a:%U:%G:%F' -- "$1" || { echo none; exit 0; }
if [ "$2" -gt 0 ] && [ -f "$1" ]; then head -c "$2" -- "$1" || exit; fi
exit 0`

func (f File) observe(ctx context.Context, g Guest, limit time.Duration) (observation, error) {
	wanted := "0"
	if f.text().isSet() {
		wanted = strconv.Itoa(fileLimit + 1)
	}
	out, err := probe(ctx, g, limit, fileScript, f.Path, wanted)
	if err != nil {
		return timedOutObservation(err, limit)
	}
	head, contents, _ := strings.Cut(string(out), "\n")
	if target, found := strings.CutPrefix(head, "link "); found {
		return observation{seen: "a link to nowhere: " + clean.Shorten(target, wordWidth)}, nil
	}
	stat := strings.SplitN(strings.TrimPrefix(head, "found:"), ":", 4) // mode, owner, group, type
	if len(stat) < 4 {
		return observation{seen: "no such file"}, nil
	}
	for i := range stat {
		stat[i] = clean.Shorten(stat[i], wordWidth)
	}
	return f.judge(stat, []byte(contents)), nil
}

// judge compares a file with what is expected. It shows just the differences, or everything
// if there are none.
func (f File) judge(stat []string, contents []byte) observation {
	mode, _ := strconv.ParseUint(stat[0], 8, 12)
	owner, group, kind := stat[1], stat[2], stat[3]
	var wrong, detail []string
	if f.Mode != nil && uint64(*f.Mode) != mode {
		wrong = append(wrong, fmt.Sprintf("mode %04o", mode))
	}
	if f.Owner != "" && f.Owner != owner {
		wrong = append(wrong, "owner "+owner)
	}
	if f.Group != "" && f.Group != group {
		wrong = append(wrong, "group "+group)
	}
	text, cut := truncateText(contents, fileLimit)
	if missing := f.text().missing(text, "it", cut); len(missing) > 0 {
		if !strings.HasPrefix(kind, "regular") {
			missing = []string{"a " + kind + " in its place"}
		}
		wrong = append(wrong, missing...)
		detail = LastLines(text, detailLines)
	}
	if len(wrong) > 0 {
		return observation{seen: joinList(wrong), detail: detail}
	}
	return observation{ok: true, seen: fmt.Sprintf("a %s, mode %04o, owner %s, group %s", kind, mode, owner, group)}
}
