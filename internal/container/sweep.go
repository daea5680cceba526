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

// runID is the label of containers of this flakeci.
func runID() string { return fmt.Sprintf("%s/%d", machine(), os.Getpid()) }

// machine tells the processes that this one can see from others: flakeci may itself run in a
// container, and several may have the name of their host.
func machine() string {
	host, _ := os.Hostname()                         // without a name, the other part must do
	namespace, _ := os.Readlink("/proc/self/ns/pid") // only Linux has it
	return host + "," + namespace
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
	where, number, _ := strings.Cut(label, "/")
	pid, err := strconv.Atoi(number)
	if err != nil || where != machine() || pid <= 0 {
		return false
	}
	return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
