// Package vmtest boots NixOS hosts in QEMU.
//
// It starts each host with the runner that nixpkgs makes for it
// (config.system.build.vm), so the host's owner writes no test. [Pool.Boot] starts the
// runner in a folder of its own and watches the serial console, QEMU's events and the
// process. It asks systemd through the guest agent which units failed, runs the owner's
// checks, activates homes, saves evidence of failures, and stops the guest. A host that
// does not come up is a [Result] with a [Fault], never an error.
//
// The subpackage check holds the checks; qmp implements QEMU's protocol, and guestagent that of
// the guest's agent.
package vmtest
