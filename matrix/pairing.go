package matrix

import (
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// pairing finds the hosts of homes. On a machine, the command home-manager tries user@FQDN,
// user@HOSTNAME and user@SHORT-NAME before the bare user, so a home may name its host by any of
// the machine's names. By convention, a flake's home names the key of its host, so keys come
// first.
type pairing struct {
	hosts []string // keys of the flake's hosts, sorted
	infos map[string]result.HostInfo
}

func newPairing(offered []result.Cell, infos map[string]result.HostInfo) pairing {
	p := pairing{infos: infos}
	for _, c := range offered {
		if c.Kind.IsHost() {
			p.hosts = append(p.hosts, c.Host)
		}
	}
	slices.SortFunc(p.hosts, natural)
	p.hosts = slices.Compact(p.hosts)
	return p
}

// apply returns the cells, each home with the host that it belongs to.
func (p pairing) apply(cells []result.Cell) []result.Cell {
	cells = slices.Clone(cells)
	for i, c := range cells {
		if namesHost(c) {
			cells[i].Host = p.host(hostName(c))
		}
	}
	return cells
}

// host returns the key of the host that homes mean by a name, or the name itself if there is none.
// Of several hosts, such as variants of one machine, it returns the first.
func (p pairing) host(name string) string {
	for _, matches := range []func(key string) bool{
		func(key string) bool { return key == name },
		func(key string) bool { return name != "" && p.infos[key].HostName == name },
		func(key string) bool { return name != "" && p.infos[key].FQDN == name },
		func(key string) bool { return shortMatch(key, name) || shortMatch(p.infos[key].HostName, name) },
	} {
		if i := slices.IndexFunc(p.hosts, matches); i >= 0 {
			return p.hosts[i]
		}
	}
	return name
}

// shortMatch reports whether one of two names is the other without its domain.
func shortMatch(a, b string) bool {
	x, _, dotA := strings.Cut(a, ".")
	y, _, dotB := strings.Cut(b, ".")
	return x == y && x != "" && dotA != dotB
}

// closeness ranks the homes of one host by how they name it: by its key, then in the order of
// home-manager.
func (p pairing) closeness(home result.Cell, host string) int {
	name, info := hostName(home), p.infos[host]
	return slices.Index([]bool{name == host, name == info.FQDN, name == info.HostName, true}, true)
}

// namesHost reports whether the cell is a home of its own whose key names a host.
func namesHost(c result.Cell) bool {
	return c.Kind == result.KindHome && c.PartOf == "" && !c.Bare()
}

// hostName returns the host that the key of a home names. No host name has an "@", but a user's
// may.
func hostName(c result.Cell) string {
	if key := homeKey(c); strings.Contains(key, "@") {
		_, host := splitKey(key)
		return host
	}
	return c.Host
}

// splitKey splits the key of a home at its last "@".
func splitKey(key string) (user, host string) {
	i := strings.LastIndex(key, "@")
	if i < 0 {
		return key, ""
	}
	return key[:i], key[i+1:]
}

// NamesUnknownHost reports whether the cell is a home that names no host's key, not even when the
// domain is ignored. Only the configurations of the hosts can tell whether one of them has that
// name.
func (m Matrix) NamesUnknownHost(c result.Cell) bool { return m.offered().isOrphan(c) }

// WithInfos returns the matrix with what the configurations of hosts say, by host. It decides which
// homes belong to which host.
func (m Matrix) WithInfos(infos map[string]result.HostInfo) Matrix {
	all := map[string]result.HostInfo{}
	for _, known := range []map[string]result.HostInfo{m.offered().infos, infos} {
		for host, info := range known {
			all[host] = info
		}
	}
	return build(m.offered().cells, m.Cells, all, m.scope)
}

// build pairs homes with hosts and assembles the matrix.
func build(offered, cells []result.Cell, infos map[string]result.HostInfo, s scope) Matrix {
	p := newPairing(offered, infos)
	return assemble(newOffer(p.apply(offered), infos), p.apply(cells), s)
}
