package container

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// Default stands for the default image.
const Default = "default"

// defaultImage is the image of the Nix project for amd64 and arm64. Change the digest together with
// the tag: it is that of the tag's list of manifests.
const defaultImage = "nixos/nix:2.34.8@sha256:1a711b619c8a713eff32c3f8d8781b3b4d0130cb91c0a57f67e87abfeeb90b01"

// image is an image that the engine has.
type image struct{ id, arch string }

// image finds the image, and downloads it if the engine does not have it.
func (e *engine) image(ctx context.Context, o Options) (image, error) {
	name := o.Image
	if name == Default {
		name = defaultImage
	}
	found, err := e.client.ImageInspect(ctx, name)
	if errdefs.IsNotFound(err) {
		o.Say("downloading the image " + name)
		if err := e.pull(ctx, name); err != nil {
			return image{}, &Error{fmt.Sprintf("cannot download the image %s: %v", name, err), "any image with Nix will do: --in-container=IMAGE"}
		}
		found, err = e.client.ImageInspect(ctx, name)
	}
	if err != nil {
		return image{}, fmt.Errorf("cannot inspect the image %s: %w", name, err)
	}
	if found.Os != "linux" {
		return image{}, &Error{fmt.Sprintf("the image %s is for %s", name, found.Os), "flakeci needs an image for Linux"}
	}
	return image{id: found.ID, arch: found.Architecture}, nil
}

// pull downloads an image, as the user who is logged in to its registry.
func (e *engine) pull(ctx context.Context, name string) error {
	var options client.ImagePullOptions
	if _, login, err := testcontainers.DockerImageAuth(ctx, name); err == nil { // most images need none
		if options.RegistryAuth, err = authconfig.Encode(login); err != nil {
			return err
		}
	}
	pulling, err := e.client.ImagePull(ctx, name, options)
	if err != nil {
		return err
	}
	defer pulling.Close()
	return pulling.Wait(ctx)
}
