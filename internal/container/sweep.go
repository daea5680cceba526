package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/moby/moby/client"
)

// Label is on every container and volume of flakeci. Its value is "store" for a volume, and for a
// container says which flakeci it is for.
const Label = "flakeci.run"

// runID is the label of containers of this flakeci: the machine and the process.
func runID() string {
	host, _ := os.Hostname() // without a name, no other flakeci removes it
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}

// sweep removes containers of flakeci by their label: those that an earlier flakeci left, which was
// killed before its container had started, or those of this one. Others end by themselves.
func (e *engine) sweep(ctx context.Context, remove func(label string) bool) {
	list, err := e.client.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", Label)})
	if err != nil {
		return // whatever is wrong, creating a container will say
	}
	for _, c := range list.Items {
		if remove(c.Labels[Label]) {
			(&box{engine: e, id: c.ID}).remove(ctx)
		}
	}
}

// isDead reports whether the flakeci of a label ran on this machine and has ended.
func isDead(label string) bool {
	host, number, _ := strings.Cut(label, "/")
	pid, err := strconv.Atoi(number)
	here, noName := os.Hostname()
	if err != nil || noName != nil || host != here || pid <= 0 {
		return false
	}
	return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
