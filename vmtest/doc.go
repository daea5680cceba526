// Package vmtest boots NixOS hosts in QEMU and says whether they came up.
//
// A host is booted by the runner that nixpkgs makes for it
// (config.system.build.vm), without its owner writing a test. [Lab.Boot] starts
// it in a folder of its own, watches the serial console, QEMU's events and the
// process at once, asks the guest through its agent how systemd is doing, runs
// the owner's checks, activates homes, keeps evidence of what failed, and stops
// it. A host that does not come up is a [Result] with a [Fault], never an error.
//
// The folders below hold the two protocols: qmp is QEMU's, guestagent the
// guest's.
package vmtest
