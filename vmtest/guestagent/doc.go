// Package guestagent talks to qemu-guest-agent in a guest, over the unix socket of the
// guest's serial port org.qemu.guest_agent.0.
//
// The protocol has no greeting, no ids and no end. Without an agent in the guest, commands
// wait until one starts and carries them out, and a reply that was not read waits for the
// next client. So client and agent must be synchronized with [Client.Sync] before any other
// command. [Client] does that itself, at the start and after each command whose reply was
// missing or malformed.
//
// The guest is not trusted. Whatever it sends, calls end with their context and use a limited
// amount of memory.
//
// The protocol: https://www.qemu.org/docs/master/interop/qemu-ga-ref.html
package guestagent
