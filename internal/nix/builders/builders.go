// Package builders reads Nix's setting builders, which lists remote builders.
package builders

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/safefile"
)

// Remote is a remote builder.
type Remote struct {
	// Name is its address as Nix's log has it, as scheme://host.
	Name string
	// Systems lists what it builds for. It is empty for the system of this machine.
	Systems []string
	// Jobs is how many builders it runs at once.
	Jobs int
	// Line is what the setting says about it.
	Line string
}

// maxBuilderFiles limits how many files of builders may name one another in a row: a file could
// name itself.
const maxBuilderFiles = 5

// maxBuilders limits the size of a file of builders, in bytes.
const maxBuilders = 1 << 20

// maxRemoteJobs is more than any machine runs at once.
const maxRemoteJobs = 1 << 16

// commentRE finds the end of a machine. A comment ends with its line; to 2.8, it also ends at a
// semicolon.
var commentRE = regexp.MustCompile(`#[^\n]*|;`)

// Parse reads the setting. Machines are separated by ; or newlines. The
// second word of each lists its systems, the fourth is how many builders it runs at once.
// @FILE stands for the lines of a file.
func Parse(spec string) []Remote { return read(spec, 0) }

func read(spec string, depth int) []Remote {
	var list []Remote
	for _, line := range strings.Split(commentRE.ReplaceAllString(spec, "\n"), "\n") {
		line = strings.TrimSpace(line)
		if file, ok := strings.CutPrefix(line, "@"); ok {
			if text, err := safefile.ReadTarget(file, maxBuilders); err == nil && depth < maxBuilderFiles {
				list = append(list, read(string(text), depth+1)...)
			}
			continue
		}
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		r := Remote{Name: nixlog.StripCredentials(words[0]), Jobs: 1, Line: line}
		if !strings.Contains(r.Name, "://") {
			r.Name = "ssh://" + r.Name[strings.LastIndexByte(r.Name, '@')+1:]
		}
		if len(words) > 1 && words[1] != "-" {
			r.Systems = strings.FieldsFunc(words[1], func(r rune) bool { return r == ',' })
		}
		if len(words) > 3 {
			if n, err := strconv.Atoi(words[3]); err == nil && n >= 0 {
				r.Jobs = min(n, maxRemoteJobs)
			}
			if r.Jobs == 0 {
				continue // Nix sends nothing there
			}
		}
		list = append(list, r)
	}
	return list
}
