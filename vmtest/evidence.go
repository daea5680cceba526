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

// keepEvidence keeps what helps to find out why a phase failed: a picture of the
// screen, the journal, and the console's log. What cannot be had any more, such
// as the journal of a guest that panicked, is left out.
func (b *booting) keepEvidence(ctx context.Context, alive bool) {
	faults := b.result.faults()
	if len(faults) == 0 || b.lab.Artifacts == nil || ctx.Err() != nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, b.lab.atMost(evidenceLimit*b.machine.accel.factor()))
	defer cancel()
	screen, journal := b.keepScreen(limited), ""
	if b.answers && alive {
		journal = b.keepJournal(limited)
	}
	serial := b.lab.keep((*artifact.Folder).Text, b.host.Name, serialLog, b.machine.copyLog)
	for i := range b.result.Phases {
		if p := &b.result.Phases[i]; len(p.Faults) > 0 {
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

// Fetching the evidence of one host may take so long, with KVM.
const evidenceLimit = 10 * time.Second

// Names below artifacts/vm/HOST.
const (
	screenFile  = "screen.png"
	journalFile = "journal.log"
)

// keepScreen has QEMU write to a file whose name no runner knows before: a pipe in its
// place would hold QEMU up, too.
func (b *booting) keepScreen(ctx context.Context) string {
	picture, err := b.machine.qmp.Screenshot(ctx, filepath.Join(b.machine.dir, rand.Text()))
	if err != nil {
		return ""
	}
	return b.lab.keep((*artifact.Folder).Binary, b.host.Name, screenFile, writes(picture))
}

// The most of a journal that is kept, in bytes; the end of it counts.
const mostJournal = 4 << 20

// keepJournal has the guest cut its journal, and cuts it here, too: a guest need not do
// as it is told.
func (b *booting) keepJournal(ctx context.Context) string {
	res, err := b.machine.agent.Exec(ctx, shell(`journalctl -b --no-pager -o short-monotonic | tail -c "$1"`, strconv.Itoa(mostJournal)))
	if err != nil || len(res.Stdout) == 0 {
		return ""
	}
	return b.lab.keep((*artifact.Folder).Text, b.host.Name, journalFile, writes(res.Stdout[max(0, len(res.Stdout)-mostJournal):]))
}

// writes gives a function that writes what was fetched already.
func writes(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// keeping is how a file is put among the artifacts: as a text or as it is.
type keeping func(f *artifact.Folder, fill func(io.Writer) error, parts ...string) (string, error)

// keep makes a file of the artifacts and gives its path, "" if that failed. What is
// kept of a guest never comes out of a file that its runner could have put there.
func (l *Lab) keep(keep keeping, host, name string, fill func(io.Writer) error) string {
	path, err := keep(l.Artifacts, fill, "vm", host, name)
	if err != nil {
		return ""
	}
	return path
}
