package check

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// The states of listening sockets in /proc/net, as numbered in Linux's
// include/net/tcp_states.h. A UDP socket that listens has the state of one that is not
// connected.
const (
	stateListen      = "0A"
	stateUnconnected = "07"
)

// parseProcNet returns the addresses of the sockets in a state, sorted and without
// duplicates. text is from /proc/net/{tcp,tcp6,udp,udp6}. It skips other lines, as the guest
// may print anything.
func parseProcNet(text, state string) []netip.AddrPort {
	var list []netip.AddrPort
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 || f[3] != state || !strings.HasSuffix(f[0], ":") {
			continue
		}
		if a, ok := parseProcAddress(f[1]); ok {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b netip.AddrPort) int {
		return cmp.Or(cmp.Compare(a.Port(), b.Port()), a.Addr().Compare(b.Addr()))
	})
	return slices.Compact(list)
}

// parseProcAddress parses ADDRESS:PORT in hexadecimal. The address consists of 32-bit words
// in the guest's byte order, which is little-endian wherever NixOS runs. An IPv4 address
// inside IPv6 becomes IPv4.
func parseProcAddress(s string) (netip.AddrPort, bool) {
	digits, portDigits, found := strings.Cut(s, ":")
	raw, err := hex.DecodeString(digits)
	port, portErr := strconv.ParseUint(portDigits, 16, 16)
	if !found || err != nil || portErr != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, false
	}
	for word := range slices.Chunk(raw, 4) {
		binary.BigEndian.PutUint32(word, binary.LittleEndian.Uint32(word))
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), uint16(port)), true
}
