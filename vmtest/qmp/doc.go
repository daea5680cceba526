// Package qmp talks to QEMU's machine protocol (QMP) over a unix socket: it asks
// and orders with [Client.Execute] and tells what happens with [Client.Events].
//
// QEMU serves one client at a time on a socket. Another one is let in by the
// kernel and hears nothing until the first has gone, so the context given to
// [Dial] should have a deadline.
//
// The protocol: https://www.qemu.org/docs/master/interop/qmp-spec.html
package qmp
