package merge

import (
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/result"
)

// Limits on what is read. The reports of 256 jobs with 6,000 cells take some 70 MB.
const (
	maxFiles = maxMachines
	maxBytes = 512 << 20 // of all reports together
)

// Files reads the reports in files and merges them. The error is a [*RefusedError], one of
// opening a file, or one of [result.ReadJSON].
func Files(paths []string, o Options) (result.Report, error) {
	if len(paths) > maxFiles {
		return result.Report{}, &RefusedError{Text: fmt.Sprintf("%d reports are too many: flakeci merges up to %d", len(paths), maxFiles)}
	}
	var sources []Source
	left := int64(maxBytes)
	known := map[string]bool{}
	for _, file := range paths {
		r, size, err := read(file)
		if err != nil {
			return result.Report{}, err
		}
		if left -= size; left < 0 {
			return result.Report{}, &RefusedError{Text: fmt.Sprintf("the reports are too large: more than %d MiB together", maxBytes>>20)}
		}
		forgetKnown(r, known)
		sources = append(sources, Source{file, r})
	}
	if len(sources) > 1 {
		for _, s := range sources {
			moveLogs(s)
		}
	}
	return Merge(sources, o)
}

// forgetKnown keeps one mention of each cell of another shard. Shards together mention each cell many
// times, which would take most of the memory.
func forgetKnown(r result.Report, known map[string]bool) {
	for _, m := range r.Machines {
		if m.Shard == nil {
			continue
		}
		m.Shard.Others = slices.Clone(slices.DeleteFunc(m.Shard.Others, func(c result.Cell) bool {
			before := known[c.ID]
			known[c.ID] = true
			return before
		}))
	}
}

// moveLogs puts the folder of a report before the paths of its logs: runs on different machines
// use the same names.
func moveLogs(s Source) {
	folder := folderOf(s.File)
	move := func(log *string) {
		if *log != "" && !strings.HasPrefix(*log, folder) { // or the run was told to put it there
			*log = folder + *log
		}
	}
	for i := range s.Report.Causes {
		move(&s.Report.Causes[i].Log)
	}
	for _, c := range s.Report.Cells {
		for i := range c.Phases {
			move(&c.Phases[i].Log)
			for k := range c.Phases[i].Files {
				move(&c.Phases[i].Files[k])
			}
		}
	}
}

// folderOf returns the folder of a file as the beginning of a path, empty for the working directory.
func folderOf(file string) string {
	if safefile.IsStream(file) {
		return ""
	}
	folder, _ := path.Split(file)
	return folder
}

// Artifacts returns the folder of the artifacts of the report that a log belongs to: the one that
// was given, or the folder of the report if that is inside it; by default, artifacts next to the
// report.
func Artifacts(files []string, given, log string) string {
	folder := ""
	for _, file := range files {
		if f := folderOf(file); strings.HasPrefix(log, f) && len(f) > len(folder) {
			folder = f
		}
	}
	if given == "" {
		return filepath.Join(folder, "artifacts")
	}
	if below, err := filepath.Rel(given, folder); folder != "" && err == nil && filepath.IsLocal(below) {
		return folder
	}
	return given
}

// read reads one report, and returns its size in bytes.
func read(path string) (r result.Report, size int64, err error) {
	f, err := safefile.OpenNamed(path)
	if err != nil {
		return r, 0, &RefusedError{Text: err.Error()}
	}
	defer f.Close()
	counted := &counter{r: f}
	if r, err = result.ReadJSON(counted); err != nil {
		return r, 0, fmt.Errorf("%s: %w", path, err)
	}
	// A damaged report must not count as passed.
	if r.Verdict == result.VerdictPassed && result.VerdictOf(r.Cells, r.Causes, false) != result.VerdictPassed {
		return r, 0, &RefusedError{Text: path + ": the verdict is passed, but not all cells passed"}
	}
	return r, counted.n, nil
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
