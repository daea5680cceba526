package matrix

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/flakeci/flakeci/result"
)

// maxJobs is GitHub's limit on the jobs of one matrix; see
// https://docs.github.com/actions/reference/limits.
const maxJobs = 256

// Limits on the size of a strategy, in bytes. GitHub limits the outputs of a job to 1 MB, in UTF-16.
// Linux limits a variable of the environment, which is how a job gets its entry, to 128 KiB.
const maxOutput, maxEntry = 1 << 20, 127 << 10

// Strategy is the matrix of a GitHub job, for fromJSON in a workflow.
type Strategy struct {
	Include []Job `json:"include"`
}

// Job is one entry of a [Strategy]: one shard of the cells.
type Job struct {
	// Shard is the number of the job and of all jobs, such as 3/6.
	Shard string `json:"shard"`
	// Name names the job, and is different for each job even if case does not matter. It has at most
	// 100 letters, digits, dots, dashes and underscores, and begins with a letter, a digit or an
	// underscore, so artifacts, check runs and files can have it.
	Name   string   `json:"name"`   // such as x86_64-linux-1-of-4
	System string   `json:"system"` // the system of its cells, guessed if only evaluation can tell
	Runner string   `json:"runner"` // for runs-on
	Cells  []string `json:"cells"`  // ids, sorted as in the matrix
}

// JobError says what is wrong with the text of a job.
type JobError struct{ Reason string }

// Error says what is wrong.
func (e *JobError) Error() string { return e.Reason }

var jobNameRE = regexp.MustCompile(`\A[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\z`)

// ParseJob parses the JSON of a job, and ignores other fields: a workflow may add some to its
// matrix. The error is a [*JobError].
func ParseJob(text string) (Job, error) {
	var j Job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return Job{}, &JobError{err.Error()}
	}
	_, _, err := ParseShard(j.Shard)
	switch {
	case err != nil:
		return Job{}, &JobError{err.Error()}
	case !jobNameRE.MatchString(j.Name):
		return Job{}, &JobError{fmt.Sprintf("its name is %.100q", j.Name)}
	case len(j.Cells) == 0:
		return Job{}, &JobError{"it has no cells"}
	}
	return j, nil
}

// Number returns the number of the job, and of all jobs.
func (j Job) Number() (i, n int) {
	i, n, _ = ParseShard(j.Shard) // checked by ParseJob
	return i, n
}

// keeps reports whether the job has a cell. If the host of an embedded home could not be asked for
// its homes when the job was made, it has all homes of its hosts.
func (j Job) keeps(c result.Cell) bool {
	return slices.Contains(j.Cells, c.ID) ||
		c.PartOf != "" && slices.Contains(j.Cells, c.PartOf) && !j.HasHomeIn(c.PartOf)
}

// HasHomeIn reports whether the job lists a home embedded in a host, by the host's id.
func (j Job) HasHomeIn(host string) bool {
	return slices.ContainsFunc(j.Cells, func(id string) bool {
		_, inside := EmbeddedUser(host, id)
		return inside
	})
}

// StrategyOptions say how to distribute cells.
type StrategyOptions struct {
	Jobs   int // at most so many, and never more than 256
	Past   Past
	Runner func(system string) string // the label of the runner for a system
}

// Strategy distributes the cells among jobs, each with cells for one system. There is at least one
// job for each system, however few jobs are wanted. Cells that share most of what has to be
// built stay together, and jobs for the same system take about the same time, so far as that is
// known (see [Past]).
func (m Matrix) Strategy(o StrategyOptions) Strategy {
	parts := m.division(o.Past).atMost(min(o.Jobs, maxJobs))
	s, taken := Strategy{Include: []Job{}}, map[string]bool{}
	for i, p := range parts {
		j := Job{Shard: fmt.Sprintf("%d/%d", i+1, len(parts)), System: p.system, Runner: o.Runner(p.system)}
		j.Name = uniqueName(p, taken)
		for _, c := range p.cells {
			j.Cells = append(j.Cells, c.ID)
		}
		s.Include = append(s.Include, j)
	}
	return s
}

// uniqueName names a part after its system.
func uniqueName(p part, taken map[string]bool) string {
	const longest = 60 // bytes of the system
	system := strings.Map(func(r rune) rune {
		if r < 0x80 && jobNameRE.MatchString("_"+string(r)) {
			return r
		}
		return '_'
	}, p.system)
	if system = system[:min(len(system), longest)]; !jobNameRE.MatchString(system) {
		system = "_" + system
	}
	name := ""
	for i := 1; name == "" || taken[strings.ToLower(name)]; i++ {
		again := ""
		if i > 1 {
			again = fmt.Sprintf("-%d", i)
		}
		name = fmt.Sprintf("%s%s-%d-of-%d", system, again, p.i, p.n)
	}
	taken[strings.ToLower(name)] = true
	return name
}

// String returns the strategy as JSON on one line, as a step of a workflow can write it to its
// outputs.
func (s Strategy) String() string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\n") // so that only line breaks are in excess; no text in JSON has one
	_ = enc.Encode(s)       // nothing in it can fail
	text := strings.ReplaceAll(b.String(), ",\n", ", ")
	return strings.ReplaceAll(text, "\n", "")
}

// Check finds what GitHub will refuse.
func (s Strategy) Check() error {
	if len(s.Include) > maxJobs {
		return fmt.Errorf("GitHub takes at most %d jobs in a matrix, not %d", maxJobs, len(s.Include))
	}
	for _, j := range s.Include {
		// As toJSON writes it.
		text, err := json.MarshalIndent(j, "", "  ")
		if err != nil {
			return err
		}
		if len(text) > maxEntry {
			return fmt.Errorf("the entry of %s has %d KiB, too much for a variable of its job; divide the cells among more jobs", j.Name, len(text)>>10)
		}
	}
	if size := 2 * len(utf16.Encode([]rune(s.String()))); size > maxOutput {
		return fmt.Errorf("the matrix has %d KiB in UTF-16, too much for the outputs of a job, which may have 1 MB", size>>10)
	}
	return nil
}

// DefaultRunner returns the label of GitHub's own runners for a system.
func DefaultRunner(system string) string {
	switch {
	case system == "aarch64-linux":
		return "ubuntu-24.04-arm"
	case system == "x86_64-darwin":
		return "macos-15-intel"
	case strings.HasSuffix(system, "-darwin"):
		return "macos-15"
	}
	return "ubuntu-24.04"
}
