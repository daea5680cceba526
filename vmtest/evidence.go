package vmtest

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
)

// keepEvidence keeps what helps to find out why a phase failed: a picture of the
// screen, the journal, and the console's log. What cannot be had any more, such
// as the journal of a guest that panicked, is left out.
func (b *booting) keepEvidence(ctx context.Context, alive bool) {
	faults := b.result.faults()
	if len(faults) == 0 || b.lab.Artifacts == "" || ctx.Err() != nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, evidenceLimit*b.machine.accel.factor())
	defer cancel()
	screen, journal := b.keepScreen(limited), ""
	if b.answers && alive {
		journal = b.keepJournal(limited)
	}
	serial := b.lab.keepFile(b.host.Name, serialLog, filepath.Join(b.machine.dir, serialLog))
	for i := range b.result.Phases {
		if p := &b.result.Phases[i]; len(p.Faults) > 0 {
			p.Files = slices.DeleteFunc([]string{serial, journal, screen}, func(file string) bool { return file == "" })
			break
		}
	}
	for _, f := range faults {
		switch {
		case f.Log != "":
		case journal != "" && slices.Contains([]Kind{KindUnit, KindActivation, KindCheck}, f.Kind):
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

func (b *booting) keepScreen(ctx context.Context) string {
	picture := filepath.Join(b.machine.dir, screenFile)
	if b.machine.qmp.Screenshot(ctx, picture) != nil {
		return ""
	}
	return b.lab.keepFile(b.host.Name, screenFile, picture)
}

// The most of a journal that is kept, in bytes; the end of it counts.
const mostJournal = 4 << 20

func (b *booting) keepJournal(ctx context.Context) string {
	res, err := b.machine.agent.Exec(ctx, shell(`journalctl -b --no-pager -o short-monotonic | tail -c "$1"`, strconv.Itoa(mostJournal)))
	if err != nil || len(res.Stdout) == 0 {
		return ""
	}
	return b.lab.keep(b.host.Name, journalFile, func(w io.Writer) error {
		_, err := w.Write(res.Stdout)
		return err
	})
}

// keepFile copies a file of a guest to the artifacts and gives its path there,
// "" if that failed.
func (l *Lab) keepFile(host, name, from string) string {
	return l.keep(host, name, func(w io.Writer) error {
		f, err := os.Open(from)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	})
}

func (l *Lab) keep(host, name string, fill func(io.Writer) error) string {
	if l.Artifacts == "" {
		return ""
	}
	path, err := artifact.Write(l.Artifacts, filepath.Join("vm", artifact.Name(host), name), fill)
	if err != nil {
		return ""
	}
	return path
}
