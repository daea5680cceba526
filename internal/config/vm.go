package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/vmtest/check"
)

// vmTable is [vm] in the file.
type vmTable struct {
	Hosts               any // a name or a list of names
	Accel, Network      string
	Memory, Cores, Jobs *int
	Homes               *bool
	BootTimeout         *string `toml:"boot-timeout"`
	Silence             *string
	Check               []checkTable
}

// VM holds the settings of [vm] that have no flag. The zero value is for a file without any.
type VM struct {
	MemoryMiB, Cores     int // 0: as the host is configured
	BootTimeout, Silence time.Duration
	OpenNetwork          bool
	Jobs                 int  // guests at once; 0: as many as memory and cores allow
	NoHomes              bool // do not activate the homes inside their host

	hosts  []string // for --vm
	accel  string   // for --accel
	checks []hostCheck
	file   File
}

// hostCheck is a check with the hosts that it applies to.
type hostCheck struct {
	check.Check
	hosts []matrix.Glob // none: every host
}

func (c hostCheck) appliesTo(host string) bool {
	return len(c.hosts) == 0 || slices.ContainsFunc(c.hosts, func(g matrix.Glob) bool { return g.Match(host) })
}

// minMemory is in MiB. No NixOS boots with less; a smaller number is probably meant as GiB.
const minMemory = 64

// read reads and validates the table. The error is an [*Error].
func (t vmTable) read(f File) (VM, error) {
	r := &reader{file: f, key: "vm", given: given(t)}
	v := VM{
		file: f, hosts: r.names("hosts"), accel: r.oneOf("accel", "auto", "kvm", "tcg"),
		MemoryMiB:   r.number("memory", minMemory, 1<<30, " of MiB"),
		Cores:       r.number("cores", 1, 1024, ""),
		Jobs:        r.number("jobs", 1, 1024, ""),
		BootTimeout: r.duration("boot-timeout"),
		Silence:     r.duration("silence"),
		OpenNetwork: r.oneOf("network", "closed", "open") == "open",
		NoHomes:     r.value("homes") == false,
	}
	for i, table := range t.Check {
		one := &reader{file: f, key: checkKey(i), check: checkName(i), given: given(table)}
		v.checks = append(v.checks, one.readCheck())
		r.err = cmp.Or(r.err, one.err)
	}
	if r.err != nil {
		return VM{}, r.err
	}
	return v, v.checkNames(v.hostsOfChecks())
}

// checkKey is the key of a check, and checkName what messages call it.
func checkKey(i int) string  { return fmt.Sprintf("vm.check[%d]", i) }
func checkName(i int) string { return "the " + humanize.Ordinal(i+1) + " [[vm.check]]" }

// String is equal for two settings that make no difference to any host.
func (v VM) String() string {
	var b strings.Builder
	fmt.Fprint(&b, v.MemoryMiB, v.Cores, v.BootTimeout, v.Silence, v.OpenNetwork, v.NoHomes)
	for _, c := range v.checks {
		fmt.Fprintf(&b, "\n%v %+v", c.hosts, c.Check)
	}
	return b.String()
}

// ChecksOf lists the checks of one host in the order of the file.
func (v VM) ChecksOf(host string) []check.Check {
	var list []check.Check
	for _, c := range v.checks {
		if c.appliesTo(host) {
			list = append(list, c.Check)
		}
	}
	return list
}

// CheckHosts compares the checks with the flake's hosts. A check for a host that the flake lacks
// would never run, and two checks of one host may not have the same name. The error is an
// [*Error].
func (v VM) CheckHosts(hosts []string) error {
	for i, c := range v.checks {
		for n, g := range c.hosts {
			if !slices.ContainsFunc(hosts, g.Match) {
				return v.file.ErrorAt(fmt.Sprintf("%s.hosts[%d]", checkKey(i), n), "%s: the flake has no host %s; it has %s",
					checkName(i), g, cmp.Or(strings.Join(hosts, ", "), "none"))
			}
		}
	}
	return v.checkNames(hosts)
}

// checkNames returns an error if two checks of a host have the same name.
func (v VM) checkNames(hosts []string) error {
	for _, host := range hosts {
		seen := map[string]int{}
		for i, c := range v.checks {
			if !c.appliesTo(host) {
				continue
			}
			label := c.Label()
			if first, taken := seen[label]; taken {
				on := ""
				if len(c.hosts) > 0 || len(v.checks[first].hosts) > 0 {
					on = " on " + host
				}
				return v.file.ErrorAt(checkKey(i), "%s has the same name as the %s%s, %q; give one of them another name",
					checkName(i), humanize.Ordinal(first+1), on, label)
			}
			seen[label] = i
		}
	}
	return nil
}

// hostsOfChecks stands in for the flake's hosts until they are known: it returns the hosts that
// checks name, and one for checks of every host.
func (v VM) hostsOfChecks() []string {
	var hosts []string
	for _, c := range v.checks {
		for _, g := range c.hosts {
			if !slices.Contains(hosts, g.String()) {
				hosts = append(hosts, g.String())
			}
		}
	}
	return append(hosts, "any host")
}
