package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/vmtest"
)

// vmTable is [vm] as it stands in flakeci.toml.
type vmTable struct {
	Hosts       any          `toml:"hosts"` // a name or a list of names
	Accel       string       `toml:"accel"`
	Memory      *int         `toml:"memory"`
	Cores       *int         `toml:"cores"`
	BootTimeout *string      `toml:"boot-timeout"`
	Silence     *string      `toml:"silence"`
	Network     *string      `toml:"network"`
	Jobs        *int         `toml:"jobs"`
	Homes       *bool        `toml:"homes"`
	Check       []checkTable `toml:"check"`
}

// vmConfig are the keys of [vm] that are no flags. The zero value is
// that of a file without them.
type vmConfig struct {
	MemoryMiB, Cores     int // 0: as the host has it
	BootTimeout, Silence time.Duration
	OpenNetwork          bool
	Jobs                 int  // guests at once; 0: what memory and cores allow
	NoHomes              bool // do not activate homes inside their host
	Checks               []hostCheck

	file configFile
}

// hostCheck is a check and the hosts that it is for.
type hostCheck struct {
	vmtest.Check
	hosts []matrix.Glob // none is every host
	key   string        // its place in the file
}

func (c hostCheck) isFor(host string) bool {
	return len(c.hosts) == 0 || slices.ContainsFunc(c.hosts, func(g matrix.Glob) bool { return g.Match(host) })
}

// String tells the settings from others under which a host may fare differently.
func (s vmConfig) String() string {
	var b strings.Builder
	fmt.Fprint(&b, s.MemoryMiB, s.Cores, s.BootTimeout, s.Silence, s.OpenNetwork, s.NoHomes)
	for _, c := range s.Checks {
		fmt.Fprintf(&b, "\n%v %+v", c.hosts, c.Check)
	}
	return b.String()
}

// homes says whether homes are activated inside their host.
func (s vmConfig) homes() bool { return !s.NoHomes }

// checksOf are the checks for one host, in the order of the file.
func (s vmConfig) checksOf(host string) []vmtest.Check {
	var checks []vmtest.Check
	for _, c := range s.Checks {
		if c.isFor(host) {
			checks = append(checks, c.Check)
		}
	}
	return checks
}

// against compares with the hosts that the flake has: a check for a host that it
// does not have would never run, and a name may stand for one check of a host
// only. The error is a [*configError].
func (s vmConfig) against(hosts []string) error {
	for _, c := range s.Checks {
		for i, g := range c.hosts {
			if !slices.ContainsFunc(hosts, g.Match) {
				has := "none"
				if len(hosts) > 0 {
					has = strings.Join(hosts, ", ")
				}
				return s.file.wrong(fmt.Sprintf("%s.hosts[%d]", c.key, i), "the flake has no host %s; it has %s", g, has)
			}
		}
	}
	return s.distinct(hosts)
}

// distinct finds two checks of the same name on one of the hosts.
func (s vmConfig) distinct(hosts []string) error {
	for _, host := range hosts {
		first := map[string]int{}
		for i, c := range s.Checks {
			label := c.Label()
			if before, taken := first[label]; taken && c.isFor(host) {
				on := ""
				if len(c.hosts) > 0 || len(s.Checks[before].hosts) > 0 {
					on = " on " + host
				}
				return s.file.wrong(c.key, "has the same name as the %s%s, %q; give one of them another name", ordinal(before+1), on, label)
			}
			if c.isFor(host) {
				first[label] = i
			}
		}
	}
	return nil
}

// named are all hosts that checks name. Before the flake is looked into, they
// are those which are known; if there is none, any will do.
func (s vmConfig) named() []string {
	var names []string
	for _, c := range s.Checks {
		for _, g := range c.hosts {
			if !slices.Contains(names, g.String()) {
				names = append(names, g.String())
			}
		}
	}
	return append(names, "any host")
}

// leastMemory is what no NixOS boots with, in MiB. Who writes less means GiB.
const leastMemory = 64

// settings reads the table. Its errors are [*configError]s.
func (t vmTable) settings(file configFile) (vmConfig, error) {
	s := vmConfig{file: file}
	r := reader{file: file, key: "vm"}
	r.strings(t.Hosts, "hosts")
	r.oneOf("accel", t.Accel, "auto", "kvm", "tcg")
	if t.Memory != nil {
		s.MemoryMiB = r.number("memory", *t.Memory, leastMemory, 1<<30, "MiB")
	}
	if t.Cores != nil {
		s.Cores = r.number("cores", *t.Cores, 1, 1024, "")
	}
	if t.Jobs != nil {
		s.Jobs = r.number("jobs", *t.Jobs, 1, 1024, "")
	}
	s.BootTimeout = r.duration("boot-timeout", t.BootTimeout)
	s.Silence = r.duration("silence", t.Silence)
	if t.Network != nil {
		s.OpenNetwork = r.oneOf("network", *t.Network, "closed", "open") == "open"
	}
	s.NoHomes = t.Homes != nil && !*t.Homes
	for i, table := range t.Check {
		if r.err != nil {
			break
		}
		var check hostCheck
		check, r.err = table.read(file, fmt.Sprintf("vm.check[%d]", i))
		s.Checks = append(s.Checks, check)
	}
	if r.err != nil {
		return vmConfig{}, r.err
	}
	return s, s.distinct(s.named())
}

// hosts are what --vm would be given.
func (t vmTable) hosts() []string {
	names, _ := stringsOf(t.Hosts)
	return names
}

// stringsOf takes a word or a list of words.
func stringsOf(value any) (words []string, ok bool) {
	switch value := value.(type) {
	case nil:
		return nil, true
	case string:
		return []string{value}, value != ""
	case []any:
		for _, v := range value {
			word, ok := v.(string)
			if !ok || word == "" {
				return nil, false
			}
			words = append(words, word)
		}
		return words, true
	}
	return nil, false
}

// ordinal is 1st, 2nd, 3rd and so on.
func ordinal(n int) string {
	suffix := "th"
	if n%100/10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprint(n, suffix)
}
