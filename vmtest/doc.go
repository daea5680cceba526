// Package vmtest boots NixOS hosts in QEMU.
//
// It starts each host with the runner that nixpkgs makes for it
// (config.system.build.vm), so the host's owner writes no test. [Pool.Boot] starts the
// runner in a folder of its own and watches the serial console, QEMU's events and the
// process. It asks systemd through the guest agent which units failed, runs the owner's
// checks, activates homes, saves evidence of failures, and stops the guest. A host that
// does not come up is a [Result] with a [Fault], never an error.
//
// The subpackages implement the two protocols: qmp is QEMU's, guestagent the guest's.
package vmtest
