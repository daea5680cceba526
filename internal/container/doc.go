// Package container runs flakeci in a container, for machines without Nix.
//
// [Run] creates a container from an image that has Nix and starts [inside.Attend] in it, which
// does nothing but wait for the end of its input. So the container lives as long as the connection
// to it: the engine closes that input when flakeci ends, even by SIGKILL, and removes the
// container. Then Run copies in what the run needs (package pack), starts flakeci next to it, shows
// what that prints, and copies the report and the artifacts out.
//
// This is the only package that talks to a container engine. It does so with testcontainers-go,
// whose own reaper is switched off: that is one more image to download, and would need the
// engine's socket.
package container
