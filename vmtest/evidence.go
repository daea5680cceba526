package vmtest

import (
	"context"
	"crypto/rand"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/result"
)

// saveEvidence saves a screenshot, the journal and the console's log if a phase failed. It skips
// what cannot be reached, such as the journal of a guest that panicked.
func (s *session) saveEvidence(ctx context.Context, running bool) {
	faults := s.result.faults()
	if len(faults) == 0 || s.pool.Artifacts == nil || ctx.Err() != nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, s.pool.limited(evidenceLimit*s.machine.accel.factor()))
	defer cancel()
	screen, journal := s.saveScreen(limited), ""
	if s.agentAnswers && running {
		journal = s.saveJournal(limited)
	}
	serial := s.pool.saveArtifact((*artifact.Folder).Text, s.host.Name, serialLog, s.machine.copyLog)
	for i := range s.result.Phases {
		if p := &s.result.Phases[i]; len(p.Faults) > 0 {
			p.Files = slices.DeleteFunc([]string{serial, journal, screen}, func(file string) bool { return file == "" })
			break
		}
	}
	for _, f := range faults {
		switch {
		case f.Log != "":
		case journal != "" && slices.Contains([]result.CauseKind{result.CauseUnit, result.CauseActivation, result.CauseCheck}, f.Kind):
			f.Log = journal
		default:
			f.Log = serial
		}
	}
}

// evidenceLimit is how long fetching the evidence of one host may take with KVM.
const evidenceLimit = 10 * time.Second

// Files in artifacts/vm/HOST.
const (
	screenFile  = "screen.png"
	journalFile = "journal.log"
)

// saveScreen has QEMU write to a random file name: a runner that knew the name could put a
// pipe there, and QEMU would block on it.
func (s *session) saveScreen(ctx context.Context) string {
	picture, err := s.machine.qmp.Screenshot(ctx, filepath.Join(s.machine.dir, rand.Text()))
	if err != nil {
		return ""
	}
	return s.pool.saveArtifact((*artifact.Folder).Binary, s.host.Name, screenFile, writeBytes(picture))
}

// maxJournal is how many bytes of the end of a journal are saved.
const maxJournal = 4 << 20

// saveJournal cuts the journal in the guest, and again here: the guest may send more.
func (s *session) saveJournal(ctx context.Context) string {
	res, err := s.machine.agent.Exec(ctx, shell(`journalctl -b --no-pager -o short-monotonic | tail -c "$1"`, strconv.Itoa(maxJournal)))
	if err != nil || len(res.Stdout) == 0 {
		return ""
	}
	return s.pool.saveArtifact((*artifact.Folder).Text, s.host.Name, journalFile, writeBytes(res.Stdout[max(0, len(res.Stdout)-maxJournal):]))
}

func writeBytes(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// saveFunc is [artifact.Folder.Text] or [artifact.Folder.Binary].
type saveFunc func(f *artifact.Folder, fill func(io.Writer) error, parts ...string) (string, error)

// saveArtifact writes a file and returns its path, or "" if that failed. It never copies from a
// file that the guest's runner could have replaced.
func (p *Pool) saveArtifact(save saveFunc, host, name string, fill func(io.Writer) error) string {
	path, err := save(p.Artifacts, fill, "vm", host, name)
	if err != nil {
		return ""
	}
	return path
}
