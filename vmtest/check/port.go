package check

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
)

// Port requires that something listens on a port.
type Port struct {
	Port uint16
	UDP  bool
	// Address must be listened on, directly or through the wildcard; the zero value is any.
	Address netip.Addr
}

func (p Port) protocol() string {
	if p.UDP {
		return "UDP"
	}
	return "TCP"
}

func (p Port) place() string {
	if p.Address.IsValid() {
		return netip.AddrPortFrom(p.Address, p.Port).String()
	}
	return strconv.Itoa(int(p.Port))
}

func (p Port) label() string {
	if p.UDP {
		return "UDP port " + p.place()
	}
	return "port " + p.place()
}

func (p Port) expected() string {
	return fmt.Sprintf("something listening on %s port %s", p.protocol(), p.place())
}

func (p Port) retries() bool { return true }

// The script reads the kernel's tables, as ss may be missing. IPv6 may be off.
const portScript = `
state=$1; shift
for table; do
	if [ -r "/proc/net/$table" ]; then grep " $state " "/proc/net/$table"; fi
done
exit 0`

func (p Port) observe(ctx context.Context, g Guest, limit time.Duration) (observation, error) {
	args := []string{stateListen, "tcp", "tcp6"}
	if p.UDP {
		args = []string{stateUnconnected, "udp", "udp6"}
	}
	out, err := probe(ctx, g, limit, portScript, args...)
	if err != nil {
		return timedOutObservation(err, limit)
	}
	all := parseProcNet(string(out), args[0])
	var here []netip.Addr
	for _, l := range all {
		if l.Port() == p.Port {
			here = append(here, l.Addr())
		}
	}
	if len(here) == 0 {
		return observation{seen: "nothing listens there", detail: p.listeners(all)}, nil
	}
	return observation{ok: p.accepts(here), seen: "listening on " + addresses(here), detail: p.listeners(all)}, nil
}

// accepts reports whether one of the addresses serves the check's address. The wildcard of
// IPv6 serves IPv4 too, unless the program opts out, which the tables do not show.
func (p Port) accepts(here []netip.Addr) bool {
	return !p.Address.IsValid() || slices.ContainsFunc(here, func(a netip.Addr) bool {
		return a == p.Address.Unmap() || a == netip.IPv6Unspecified() || a == netip.IPv4Unspecified() && p.Address.Unmap().Is4()
	})
}

// listeners lists all listening addresses, in case the port is a mistake.
func (p Port) listeners(all []netip.AddrPort) []string {
	if len(all) == 0 {
		return nil
	}
	var places []string
	for _, l := range all {
		places = append(places, l.String())
	}
	return []string{"listening on " + p.protocol() + ": " + clean.Shorten(strings.Join(places, " "), detailWidth)}
}

func addresses(list []netip.Addr) string {
	var words []string
	for _, a := range list {
		words = append(words, a.String())
	}
	return clean.Shorten(strings.Join(words, ", "), wordWidth)
}
