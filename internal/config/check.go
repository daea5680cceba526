package config

import (
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/vmtest/check"
)

// checkTable is a [[vm.check]] in the file.
type checkTable struct {
	Hosts, Groups any // a name or a list of names

	Name, Timeout, User, Address, Mode, Owner, Group, Contains, Matches, Home, Shell *string

	Unit, Command, File, Account, URL *string

	StdoutContains *string `toml:"stdout-contains"`
	StdoutMatches  *string `toml:"stdout-matches"`

	Port, Status *int
	ExitCode     *int `toml:"exit-code"`
	UDP          *bool
}

// subjects lists the kinds of checks by the key that selects them. The keys that read reads are
// those that the check accepts.
var subjects = []struct {
	key  string
	read func(*reader) check.Subject
}{
	{"unit", unitCheck}, {"command", commandCheck}, {"port", portCheck},
	{"file", fileCheck}, {"account", accountCheck}, {"url", urlCheck},
}

// readCheck reads a [[vm.check]].
func (r *reader) readCheck() (c hostCheck) {
	var known, chosen []string
	var read func(*reader) check.Subject
	for _, s := range subjects {
		known = append(known, s.key)
		if r.given[s.key] != nil {
			chosen, read = append(chosen, s.key), s.read
		}
	}
	switch len(chosen) {
	case 0:
		r.err = r.file.ErrorAt(r.key, "%s has nothing to check; give it one of %s", r.check, strings.Join(known, ", "))
		return c
	case 1:
	default:
		r.err = r.file.ErrorAt(r.key, "%s has both %s and %s; split it into two checks", r.check, chosen[0], chosen[1])
		return c
	}
	for i, pattern := range r.names("hosts") {
		g, err := matrix.ParseGlob(pattern)
		if err != nil {
			r.fail(fmt.Sprintf("hosts[%d]", i), "%v", err)
		}
		c.hosts = append(c.hosts, g)
	}
	c.Name, c.Timeout, c.Subject = r.text("name"), r.duration("timeout"), read(r)
	for _, key := range slices.Sorted(maps.Keys(r.given)) {
		if !slices.Contains(r.used, key) {
			with := slices.DeleteFunc(r.used, func(k string) bool { return k == chosen[0] })
			r.fail(key, "%s does not go with %s, which takes %s", key, chosen[0], strings.Join(with, ", "))
			break
		}
	}
	return c
}

// unitRE matches the name of a systemd unit, but no pattern, which could match several.
var unitRE = regexp.MustCompile(`^[\w:.@\\][\w:.@\\-]*$`)

func unitCheck(r *reader) check.Subject {
	return check.Unit{Unit: r.matching("unit", "the name of a systemd unit such as sshd or backup.timer", unitRE)}
}

func commandCheck(r *reader) check.Subject {
	return check.Command{
		Command: r.text("command"), User: r.account("user"), ExitCode: r.number("exit-code", 0, 255, ""),
		StdoutContains: r.text("stdout-contains"), StdoutMatches: r.regexp("stdout-matches"),
	}
}

func portCheck(r *reader) check.Subject {
	return check.Port{
		Port: uint16(r.number("port", 1, 65535, "")), UDP: r.value("udp") == true,
		Address: parse(r, "address", "an IP address such as 127.0.0.1 or ::1", func(text string) (netip.Addr, bool) {
			address, err := netip.ParseAddr(text)
			return address, err == nil && address.Zone() == ""
		}),
	}
}

func fileCheck(r *reader) check.Subject {
	return check.File{
		Path: r.path("file"),
		Mode: parse(r, "mode", "octal digits such as 0644", func(text string) (*fs.FileMode, bool) {
			n, err := strconv.ParseUint(text, 8, 12)
			mode := fs.FileMode(n)
			return &mode, err == nil
		}),
		Owner: r.account("owner"), Group: r.account("group"),
		Contains: r.text("contains"), Matches: r.regexp("matches"),
	}
}

func accountCheck(r *reader) check.Subject {
	return check.Account{User: r.account("account"), Groups: r.names("groups"), Home: r.path("home"), Shell: r.text("shell")}
}

func urlCheck(r *reader) check.Subject {
	return check.URL{
		URL: parse(r, "url", "an address such as http://localhost:8080/health", func(text string) (*url.URL, bool) {
			u, err := url.Parse(text)
			return u, err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
		}),
		Status: r.number("status", 100, 599, ""), Contains: r.text("contains"), Matches: r.regexp("matches"),
	}
}
