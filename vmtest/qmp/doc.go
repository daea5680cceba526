// Package qmp is a client of QEMU's machine protocol (QMP) over a unix socket.
// [Client.Execute] runs commands and [Client.Events] delivers events.
//
// QEMU serves one client at a time on a socket. The kernel connects a second one, which gets
// no greeting until the first has left, so the context of [Dial] should have a deadline.
//
// The protocol: https://www.qemu.org/docs/master/interop/qmp-spec.html
package qmp
