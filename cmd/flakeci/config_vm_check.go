package main

import (
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/vmtest"
)

// checkTable is a [[vm.check]] as it stands in flakeci.toml. What is not there is
// nil.
type checkTable struct {
	Hosts   any     `toml:"hosts"`
	Name    *string `toml:"name"`
	Timeout *string `toml:"timeout"`

	Unit    *string `toml:"unit"`
	Command *string `toml:"command"`
	Port    *int    `toml:"port"`
	File    *string `toml:"file"`
	Account *string `toml:"account"`
	URL     *string `toml:"url"`

	User           *string `toml:"user"`
	ExitCode       *int    `toml:"exit-code"`
	StdoutContains *string `toml:"stdout-contains"`
	StdoutMatches  *string `toml:"stdout-matches"`

	UDP     *bool   `toml:"udp"`
	Address *string `toml:"address"`

	Mode     *string `toml:"mode"`
	Owner    *string `toml:"owner"`
	Group    *string `toml:"group"`
	Contains *string `toml:"contains"`
	Matches  *string `toml:"matches"`

	Groups any     `toml:"groups"`
	Home   *string `toml:"home"`
	Shell  *string `toml:"shell"`

	Status *int `toml:"status"`
}

// checkSorts are the sorts of checks by the key that makes them, each with what
// else it takes.
var checkSorts = []struct {
	key  string
	with []string
	read func(*reader, checkTable) vmtest.Subject
}{
	{"unit", nil, unitCheck},
	{"command", []string{"user", "exit-code", "stdout-contains", "stdout-matches"}, commandCheck},
	{"port", []string{"udp", "address"}, portCheck},
	{"file", []string{"mode", "owner", "group", "contains", "matches"}, fileCheck},
	{"account", []string{"groups", "home", "shell"}, accountCheck},
	{"url", []string{"status", "contains", "matches"}, urlCheck},
}

// Every check takes these.
var checkKeys = []string{"hosts", "name", "timeout"}

// given are the keys that are there.
func (t checkTable) given() (keys []string) {
	v := reflect.ValueOf(t)
	for i := range v.NumField() {
		if !v.Field(i).IsNil() {
			keys = append(keys, v.Type().Field(i).Tag.Get("toml"))
		}
	}
	return keys
}

// read makes a check of the table, whose place in the file is key.
func (t checkTable) read(file configFile, key string) (hostCheck, error) {
	check := hostCheck{key: key}
	r := &reader{file: file, key: key}
	given := t.given()
	var sorts, chosen []string
	for _, sort := range checkSorts {
		sorts = append(sorts, sort.key)
		if slices.Contains(given, sort.key) {
			chosen = append(chosen, sort.key)
		}
	}
	switch len(chosen) {
	case 0:
		return check, file.wrong(key, "says nothing to check; give it one of %s", strings.Join(sorts, ", "))
	case 1:
	default:
		return check, file.wrong(key, "has both %s and %s; make two checks of them", chosen[0], chosen[1])
	}
	sort := checkSorts[slices.Index(sorts, chosen[0])]
	for _, k := range given {
		if k != sort.key && !slices.Contains(sort.with, k) && !slices.Contains(checkKeys, k) {
			return check, file.wrong(key+"."+k, "%s does not go with %s, which takes %s", k, sort.key, strings.Join(append(slices.Clone(checkKeys), sort.with...), ", "))
		}
	}
	for i, name := range r.strings(t.Hosts, "hosts") {
		g, err := matrix.ParseGlob(name)
		if err != nil {
			r.wrong(fmt.Sprintf("hosts[%d]", i), "%v", err)
		}
		check.hosts = append(check.hosts, g)
	}
	check.Name = r.text("name", t.Name)
	check.Timeout = r.duration("timeout", t.Timeout)
	check.Subject = sort.read(r, t)
	return check, r.err
}

// Names of units as systemd has them, but no patterns, which fit several.
var unitNameRE = regexp.MustCompile(`^[\w:.@\\][\w:.@\\-]*$`)

func unitCheck(r *reader, t checkTable) vmtest.Subject {
	name := r.text("unit", t.Unit)
	if !unitNameRE.MatchString(name) {
		r.wrong("unit", "unit takes the name of a systemd unit such as sshd or backup.timer, not %q", name)
	}
	return vmtest.UnitCheck{Unit: name}
}

func commandCheck(r *reader, t checkTable) vmtest.Subject {
	c := vmtest.CommandCheck{
		Command:        r.text("command", t.Command),
		User:           r.account("user", t.User),
		StdoutContains: r.text("stdout-contains", t.StdoutContains),
		StdoutMatches:  r.regexp("stdout-matches", t.StdoutMatches),
	}
	if t.ExitCode != nil {
		c.ExitCode = r.number("exit-code", *t.ExitCode, 0, 255, "")
	}
	return c
}

func portCheck(r *reader, t checkTable) vmtest.Subject {
	c := vmtest.PortCheck{Port: uint16(r.number("port", *t.Port, 1, 65535, "")), UDP: t.UDP != nil && *t.UDP}
	if t.Address != nil {
		address, err := netip.ParseAddr(*t.Address)
		if err != nil || address.Zone() != "" {
			r.wrong("address", "address takes an IP address such as 127.0.0.1 or ::1, not %q", *t.Address)
		}
		c.Address = address
	}
	return c
}

func fileCheck(r *reader, t checkTable) vmtest.Subject {
	return vmtest.FileCheck{
		Path: r.path("file", t.File), Mode: r.mode("mode", t.Mode),
		Owner: r.account("owner", t.Owner), Group: r.account("group", t.Group),
		Contains: r.text("contains", t.Contains), Matches: r.regexp("matches", t.Matches),
	}
}

func accountCheck(r *reader, t checkTable) vmtest.Subject {
	return vmtest.AccountCheck{
		User: r.account("account", t.Account), Groups: r.strings(t.Groups, "groups"),
		Home: r.path("home", t.Home), Shell: r.text("shell", t.Shell),
	}
}

func urlCheck(r *reader, t checkTable) vmtest.Subject {
	text := r.text("url", t.URL)
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		r.wrong("url", "url takes an address such as http://localhost:8080/health, not %q", text)
	}
	c := vmtest.URLCheck{URL: u, Contains: r.text("contains", t.Contains), Matches: r.regexp("matches", t.Matches)}
	if t.Status != nil {
		c.Status = r.number("status", *t.Status, 100, 599, "")
	}
	return c
}

// reader reads values of one table and keeps the first thing that is wrong.
type reader struct {
	file configFile
	key  string // of the table
	err  error
}

func (r *reader) wrong(key, format string, args ...any) {
	if r.err == nil {
		r.err = r.file.wrong(r.key+"."+key, format, args...)
	}
}

// text takes any text but an empty one: that would say nothing.
func (r *reader) text(key string, value *string) string {
	switch {
	case value == nil:
		return ""
	case *value == "":
		r.wrong(key, "%s is empty; leave it out", key)
	case strings.Contains(*value, "\x00"):
		r.wrong(key, "%s holds a NUL, which no program can be given", key)
	}
	return *value
}

func (r *reader) strings(value any, key string) []string {
	words, ok := stringsOf(value)
	if !ok {
		r.wrong(key, "%s takes a name in quotes, or a list such as %s", key, `["a", "b"]`)
	}
	return words
}

func (r *reader) oneOf(key, value string, known ...string) string {
	if value != "" && !slices.Contains(known, value) {
		last := len(known) - 1
		r.wrong(key, "%s takes %s or %s, not %q", key, strings.Join(known[:last], ", "), known[last], value)
	}
	return value
}

func (r *reader) number(key string, n, least, most int, unit string) int {
	if n < least || n > most {
		of := ""
		if unit != "" {
			of = " of " + unit
		}
		r.wrong(key, "%s takes a number%s from %d to %d, not %d", key, of, least, most, n)
	}
	return n
}

func (r *reader) duration(key string, value *string) time.Duration {
	if value == nil {
		return 0
	}
	d, err := time.ParseDuration(*value)
	if err != nil || d <= 0 {
		r.wrong(key, "%s takes a duration such as 30s or 1m30s, not %q", key, *value)
	}
	return d
}

func (r *reader) regexp(key string, value *string) *regexp.Regexp {
	if value == nil {
		return nil
	}
	re, err := regexp.Compile(r.text(key, value))
	if err != nil {
		r.wrong(key, "%s takes a regular expression (RE2): %s", key, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re
}

// What a user or a group may be called in a file such as /etc/passwd.
var accountRE = regexp.MustCompile(`^[^-:/\s\x00-\x1f\x7f][^:/\x00-\x1f\x7f]*$`)

func (r *reader) account(key string, value *string) string {
	name := r.text(key, value)
	if name != "" && !accountRE.MatchString(name) {
		r.wrong(key, "%s takes a name such as joachim, not %q", key, name)
	}
	return name
}

func (r *reader) path(key string, value *string) string {
	name := r.text(key, value)
	if name != "" && !path.IsAbs(name) {
		r.wrong(key, "%s takes a path from the root such as /etc/hosts, not %q", key, name)
	}
	return name
}

func (r *reader) mode(key string, value *string) *fs.FileMode {
	if value == nil {
		return nil
	}
	n, err := strconv.ParseUint(*value, 8, 12)
	if err != nil {
		r.wrong(key, "%s takes octal digits such as 0644, not %q", key, *value)
	}
	mode := fs.FileMode(n)
	return &mode
}
