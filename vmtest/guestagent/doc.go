// Package guestagent talks to qemu-guest-agent in a guest, over the unix socket
// that QEMU makes of the guest's serial port org.qemu.guest_agent.0.
//
// The protocol has no greeting, no ids and no end: with no agent in the guest,
// what is written waits and is carried out when one starts, and an answer that
// was not read waits for the next client. So the client and the agent have to be
// brought in step with [Client.Sync] before anything else is said. [Client] sees
// to that by itself: at the start, and after each command that got no answer or
// one that makes no sense.
//
// The guest is not trusted. Whatever it says, calls end with their context and
// take a bounded amount of memory.
//
// The protocol: https://www.qemu.org/docs/master/interop/qemu-ga-ref.html
package guestagent
