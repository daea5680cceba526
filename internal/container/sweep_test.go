package container

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/flakeci/flakeci/internal/test/engines"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

func ownerOf(path string) (int, error) {
	st, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	return int(st.Sys().(*syscall.Stat_t).Uid), nil
}

// The next run removes the container of a flakeci that was killed before the container had
// started, and no other.
func TestSweep(t *testing.T) {
	lanes.Heavy(t, "starts a container engine")
	running := engines.Start(t, "docker")
	defer running.Stop()
	bare, err := engines.Bare()
	if err != nil {
		t.Fatal(err)
	}
	if err := running.Import(bytes.NewReader(bare), "bare"); err != nil {
		t.Fatal(err)
	}
	e, err := connect(t.Context(), environment(map[string]string{"DOCKER_HOST": running.Host}))
	if err != nil {
		t.Fatal(err)
	}
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	made := map[string]string{} // names by label
	for i, label := range []string{fmt.Sprintf("%s/%d", machine(), dead.Process.Pid), runID(), fmt.Sprintf("another%s/%d", machine(), dead.Process.Pid), "store", ""} {
		name := fmt.Sprintf("c%d", i)
		made[label] = name
		if _, err := e.client.ContainerCreate(t.Context(), client.ContainerCreateOptions{
			Config: &container.Config{Image: "bare", Cmd: []string{"none"}, Labels: map[string]string{Label: label}}, Name: name,
		}); err != nil {
			t.Fatal(err)
		}
	}
	e.sweep(t.Context(), isDead)
	left, err := e.client.ContainerList(t.Context(), client.ContainerListOptions{All: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(left.Items) != len(made)-1 {
		t.Errorf("%d containers are left, want %d", len(left.Items), len(made)-1)
	}
	for _, c := range left.Items {
		if c.Names[0] == "/c0" {
			t.Error("the container of a dead flakeci is left")
		}
	}
}
