// Package inside is the part of a run in a container that takes place there.
package inside

import (
	"context"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/internal/safely"
)

// Interrupt is the byte that asks [Attend] to interrupt the run.
const Interrupt = 'I'

// Attend is the first process of the container. It returns at the end of its input, and with it
// everything in the container ends: that is when flakeci outside has ended.
func Attend(ctx context.Context, stdin io.Reader) {
	if os.Getpid() == 1 {
		reap()
	}
	over := make(chan struct{})
	safely.Go(func() {
		defer close(over)
		for one := make([]byte, 1); ; {
			n, err := stdin.Read(one)
			if err != nil {
				return
			}
			if n == 1 && one[0] == Interrupt {
				interrupt()
			}
		}
	})
	select {
	case <-over:
	case <-ctx.Done(): // docker stop
	}
}

// reap waits for orphans, which become children of the first process.
func reap() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	safely.Go(func() {
		for range ended {
			for {
				if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != nil || pid <= 0 {
					break
				}
			}
		}
	})
}

// maxStat is more than a line of /proc/PID/stat has, in bytes.
const maxStat = 4096

// startLimit is how long a run that is to be interrupted may take to start.
const startLimit = 2 * time.Second

// interrupt interrupts the run, which the engine may be about to start.
func interrupt() {
	for began := time.Now(); !sendInterrupt() && time.Since(began) < startLimit; {
		time.Sleep(20 * time.Millisecond)
	}
}

// sendInterrupt sends SIGINT to the run, and reports whether there was one. The engine started it,
// so its parent is outside, which the kernel shows as 0.
func sendInterrupt() (sent bool) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is valid
	for _, path := range stats {
		text, err := safefile.Read(path, maxStat)
		if err != nil {
			continue
		}
		line := string(text)
		fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && pid != os.Getpid() && len(fields) > 1 && fields[1] == "0" {
			sent = syscall.Kill(pid, syscall.SIGINT) == nil || sent
		}
	}
	return sent
}
