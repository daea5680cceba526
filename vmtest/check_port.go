package vmtest

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// PortCheck is a port that something has to listen on.
type PortCheck struct {
	Port uint16
	UDP  bool
	// Address has to be listened on, by itself or by the wildcard; the zero
	// value is any.
	Address netip.Addr
}

func (p PortCheck) protocol() string {
	if p.UDP {
		return "UDP"
	}
	return "TCP"
}

func (p PortCheck) place() string {
	if p.Address.IsValid() {
		return netip.AddrPortFrom(p.Address, p.Port).String()
	}
	return strconv.Itoa(int(p.Port))
}

func (p PortCheck) label() string {
	if p.UDP {
		return "UDP port " + p.place()
	}
	return "port " + p.place()
}

func (p PortCheck) expected() string {
	return fmt.Sprintf("something listening on %s port %s", p.protocol(), p.place())
}

func (p PortCheck) waits() bool { return true }

// The kernel's own tables, for ss may not be there; IPv6 may be switched off.
const portScript = `
state=$1; shift
for table; do
	if [ -r "/proc/net/$table" ]; then grep " $state " "/proc/net/$table"; fi
done
exit 0`

func (p PortCheck) ask(ctx context.Context, g Guest, limit time.Duration) (answer, error) {
	args := []string{stateListen, "tcp", "tcp6"}
	if p.UDP {
		args = []string{stateUnconnected, "udp", "udp6"}
	}
	out, err := probe(ctx, g, limit, portScript, args...)
	if err != nil {
		return overdue(err, limit)
	}
	all := parseProcNet(string(out), args[0])
	var here []netip.Addr
	for _, l := range all {
		if l.Port() == p.Port {
			here = append(here, l.Addr())
		}
	}
	if len(here) == 0 {
		return answer{seen: "nothing listens there", detail: p.others(all)}, nil
	}
	return answer{ok: p.admits(here), seen: "listening on " + addresses(here), detail: p.others(all)}, nil
}

// admits reports whether one of the addresses takes what comes to that of the
// check. The wildcard of IPv6 takes IPv4 too, unless the program says otherwise,
// which the tables do not show.
func (p PortCheck) admits(here []netip.Addr) bool {
	return !p.Address.IsValid() || slices.ContainsFunc(here, func(a netip.Addr) bool {
		return a == p.Address.Unmap() || a == netip.IPv6Unspecified() || a == netip.IPv4Unspecified() && p.Address.Unmap().Is4()
	})
}

// others tells where there is something listening, for a port mistaken.
func (p PortCheck) others(all []netip.AddrPort) []string {
	if len(all) == 0 {
		return nil
	}
	var places []string
	for _, l := range all {
		places = append(places, l.String())
	}
	return []string{"listening on " + p.protocol() + ": " + shorten(strings.Join(places, " "), detailWidth)}
}

func addresses(list []netip.Addr) string {
	var words []string
	for _, a := range list {
		words = append(words, a.String())
	}
	return shorten(strings.Join(words, ", "), wordWidth)
}
