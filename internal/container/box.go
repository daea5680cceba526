package container

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/flakeci/flakeci/internal/container/pack"
	"github.com/flakeci/flakeci/internal/linuxbuild"
	"github.com/flakeci/flakeci/internal/safely"
)

// box is a container that runs, with a connection that keeps it alive.
type box struct {
	*engine
	id       string
	attached client.ContainerAttachResult
}

// create starts a container that waits.
func (e *engine) create(ctx context.Context, o Options) (*box, error) {
	image, err := e.image(ctx, o)
	if err != nil {
		return nil, err
	}
	program, err := findBuild(ctx, o, image.arch)
	if err != nil {
		return nil, err
	}
	store := storeVolume(image.id)
	if _, err := e.client.VolumeCreate(ctx, client.VolumeCreateOptions{Name: store, Labels: map[string]string{Label: "store"}}); err != nil {
		return nil, fmt.Errorf("cannot create the volume %s: %w", store, err)
	}
	b, err := e.start(ctx, image, program, store, []string{kvm})
	if err != nil && strings.Contains(err.Error(), kvm) { // there is none
		b.remove(context.WithoutCancel(ctx))
		b, err = e.start(ctx, image, program, store, nil)
	}
	return b, err
}

const kvm = "/dev/kvm"

// findBuild returns the path of a flakeci for the container.
func findBuild(ctx context.Context, o Options, arch string) (string, error) {
	build := o.Build
	build.Arch, build.Say = arch, o.Say
	path, err := linuxbuild.Find(ctx, build)
	var none *linuxbuild.Error
	if errors.As(err, &none) {
		return "", &Error{err.Error(), none.Hint}
	}
	return path, err
}

// storeVolume returns the name of the volume with the Nix store of an image. Another image needs
// another one: the engine fills only an empty volume with the store of its image, and without that
// nothing in the image works.
func storeVolume(imageID string) string {
	_, id, _ := strings.Cut(imageID, ":")
	if id == "" {
		id = imageID // podman's has no algorithm
	}
	return "flakeci-nix-" + id[:min(len(id), 12)]
}

// capabilities are what Nix needs as root to build as other users, and to give files to them. The
// sandbox of Nix would need CAP_SYS_ADMIN, which is as much as root outside of the container.
func capabilities() []string {
	return []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"}
}

// start creates and starts a container. The box is nil if there is none to remove.
func (e *engine) start(ctx context.Context, image image, program, store string, devices []string) (*box, error) {
	req := testcontainers.ContainerRequest{
		Image:      image.id,
		Entrypoint: []string{programPath, "in-container", "attend"},
		Labels:     map[string]string{Label: runID()},
		ConfigModifier: func(c *container.Config) {
			c.OpenStdin, c.StdinOnce, c.AttachStdin = true, true, true
			c.Cmd, c.User, c.WorkingDir = nil, "0:0", "/"
		},
		HostConfigModifier: func(h *container.HostConfig) {
			h.AutoRemove = true
			h.CapDrop, h.CapAdd = []string{"ALL"}, capabilities()
			h.SecurityOpt = []string{"no-new-privileges"}
			h.Mounts = []mount.Mount{{Type: mount.TypeVolume, Source: store, Target: "/nix"}}
			for _, d := range devices {
				h.Devices = append(h.Devices, container.DeviceMapping{PathOnHost: d, PathInContainer: d, CgroupPermissions: "rwm"})
			}
		},
	}
	made, err := e.provider.CreateContainer(ctx, req)
	if made == nil {
		return nil, fmt.Errorf("cannot create the container: %w", err)
	}
	b := &box{engine: e, id: made.GetContainerID()}
	if err != nil {
		return b, fmt.Errorf("cannot create the container: %w", err)
	}
	if err := b.copyIn(ctx, func(to io.Writer) error {
		w := pack.New(to, nil)
		return errors.Join(w.Folder("/nix"), w.Program(program, programPath), w.Close()) // an image may lack the folder
	}); err != nil {
		return b, fmt.Errorf("cannot copy flakeci into the container: %w", err)
	}
	if b.attached, err = e.client.ContainerAttach(ctx, b.id, client.ContainerAttachOptions{Stream: true, Stdin: true}); err != nil {
		return b, fmt.Errorf("cannot attach to the container: %w", err)
	}
	if _, err := e.client.ContainerStart(ctx, b.id, client.ContainerStartOptions{}); err != nil {
		return b, fmt.Errorf("cannot start the container: %w", err)
	}
	return b, nil
}

// copyIn unpacks an archive in the root of the container.
func (b *box) copyIn(ctx context.Context, write func(io.Writer) error) error {
	from, to := io.Pipe()
	written := make(chan error, 1)
	safely.Go(func() {
		err := write(to)
		_ = to.CloseWithError(err)
		written <- err
	})
	_, err := b.client.CopyToContainer(ctx, b.id, client.CopyToContainerOptions{DestinationPath: "/", Content: from})
	_ = from.CloseWithError(io.ErrClosedPipe)
	if wrote := <-written; wrote != nil && !errors.Is(wrote, io.ErrClosedPipe) {
		return wrote
	}
	return err
}

// copyOut returns an archive of a file or folder of the container, or nil if there is none.
func (b *box) copyOut(ctx context.Context, path string) (*tar.Reader, io.Closer, error) {
	got, err := b.client.CopyFromContainer(ctx, b.id, client.CopyFromContainerOptions{SourcePath: path})
	if errdefs.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("cannot copy %s out of the container: %w", path, err)
	}
	return tar.NewReader(got.Content), got.Content, nil
}

// remove ends the container and everything in it.
func (b *box) remove(ctx context.Context) {
	if b == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, endLimit)
	defer cancel()
	if b.attached.Conn != nil {
		b.attached.Close()
	}
	// If the engine removes it at this very moment, it answers with a conflict, and is done soon.
	for range 50 {
		_, err := b.client.ContainerRemove(ctx, b.id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err == nil || errdefs.IsNotFound(err) || ctx.Err() != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}
