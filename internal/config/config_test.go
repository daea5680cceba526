package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/vmtest/check"
)

// read decodes a file on a command line that has --impure.
func read(text string) (Config, error) {
	return File{Path: Name, Text: []byte(text)}.Decode(func(name string) bool { return name == "impure" })
}

// detail returns an error's message without the file's name.
func detail(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var mistake *Error
	if !errors.As(err, &mistake) || mistake.Path != Name {
		t.Fatalf("got %v", err)
	}
	return mistake.Detail
}

// Each key of the file sets the flag of that name.
func TestFlags(t *testing.T) {
	c, err := read(`
host = ["reason", "laptop"]
exclude = []
base = ""
timeout = "30m"
jobs = 2
retries = 0
changed-only = true
fail-fast = false
[vm]
hosts = "desk"
accel = "tcg"
`)
	want := []Flag{
		{"accel", []string{"tcg"}}, {"changed-only", []string{"true"}}, {"fail-fast", []string{"false"}},
		{"host", []string{"reason", "laptop"}}, {"jobs", []string{"2"}}, {"retries", []string{"0"}},
		{"timeout", []string{"30m"}}, {"vm", []string{"desk"}},
	}
	if err != nil || !reflect.DeepEqual(c.Flags, want) {
		t.Errorf("got %q, %v, want %q", c.Flags, err, want)
	}
}

// An input's folder is relative to the file. Other references are left to Nix.
func TestOverrides(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "lib"), 0o700); err != nil {
		t.Fatal(err)
	}
	f := File{filepath.Join(dir, Name), []byte("[override-input]\na = \"./lib\"\nb = \"path:lib\"\nc = \"nixpkgs\"\nd = \"/lib\"\ne = \"path:/lib\"\n")}
	c, err := f.Decode(nil)
	want := [][2]string{{"a", dir + "/lib"}, {"b", "path:" + dir + "/lib"}, {"c", "nixpkgs"}, {"d", "/lib"}, {"e", "path:/lib"}}
	if err != nil || !slices.Equal(c.Overrides, want) {
		t.Errorf("got %q, %v, want %q", c.Overrides, err, want)
	}
}

func TestVM(t *testing.T) {
	c, err := read(`
[vm]
hosts = ["reason", "laptop"]
accel = "tcg"
memory = 2048
cores = 2
boot-timeout = "5m"
silence = "1m30s"
network = "open"
jobs = 3
homes = false

[[vm.check]]
unit = "sshd"
hosts = "rea*"
timeout = "1m"

[[vm.check]]
name = "all users are known"
account = "joachim"
groups = "wheel"
home = "/home/joachim"
shell = "fish"

[[vm.check]]
command = "exit 3"
user = "joachim"
exit-code = 3
stdout-contains = "a"
stdout-matches = "b+"

[[vm.check]]
port = 53
udp = true
address = "::1"

[[vm.check]]
hosts = ["laptop"]
file = "/etc/hosts"
mode = "4755"
owner = "root"
group = "domain users"
contains = "localhost"
matches = "^127"

[[vm.check]]
url = "http://[::1]:8080/health?a=b"
status = 204
contains = "ok"
`)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Flag{{"accel", []string{"tcg"}}, {"vm", []string{"reason", "laptop"}}}; !reflect.DeepEqual(c.Flags, want) {
		t.Errorf("flags are %q", c.Flags)
	}
	vm := c.VM
	if vm.MemoryMiB != 2048 || vm.Cores != 2 || vm.Jobs != 3 || vm.BootTimeout != 5*time.Minute || vm.Silence != 90*time.Second || !vm.OpenNetwork || !vm.NoHomes {
		t.Errorf("got %+v", vm)
	}
	for host, want := range map[string][]string{
		"reason": {"unit sshd.service", "all users are known", "command exit 3 as joachim", "UDP port [::1]:53", "GET http://[::1]:8080/health?a=b"},
		"laptop": {"all users are known", "command exit 3 as joachim", "UDP port [::1]:53", "file /etc/hosts", "GET http://[::1]:8080/health?a=b"},
	} {
		var got []string
		for _, c := range vm.ChecksOf(host) {
			got = append(got, c.Label())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has the checks\n\t%q\nand not\n\t%q", host, got, want)
		}
	}
	var subjects []string
	for _, c := range vm.checks {
		subjects = append(subjects, show(c.Check))
	}
	want := []string{
		"1m0s {sshd}",
		"0s {joachim [wheel] /home/joachim fish}",
		"0s {exit 3 joachim 3 a b+}",
		"0s {53 true ::1}",
		"0s 4755 {/etc/hosts root domain users localhost ^127}",
		"0s {http://[::1]:8080/health?a=b 204 ok <nil>}",
	}
	if !slices.Equal(subjects, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(subjects, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// show formats a check with the values of its pointers.
func show(c check.Check) string {
	if f, ok := c.Subject.(check.File); ok {
		return fmt.Sprintf("%v %o {%v %v %v %v %v}", c.Timeout, *f.Mode, f.Path, f.Owner, f.Group, f.Contains, f.Matches)
	}
	return fmt.Sprintf("%v %v", c.Timeout, c.Subject)
}

// A missing table changes nothing, and an empty list of hosts has none.
func TestVMEmpty(t *testing.T) {
	for _, text := range []string{"", "[vm]\nhosts = []\n"} {
		c, err := read(text)
		if err != nil || c.VM.NoHomes || c.VM.OpenNetwork || len(c.VM.ChecksOf("reason")) > 0 || c.VM.CheckHosts(nil) != nil || len(c.Flags) > 0 {
			t.Errorf("%q gives %+v, %v", text, c, err)
		}
	}
}

const oneCheck = "[[vm.check]]\nunit = \"sshd\"\n\n[[vm.check]]\n"

// The example in docs/configuration.md is valid.
func TestVMOfDocumentation(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	var examples strings.Builder
	for _, part := range strings.Split(string(text), "```toml\n")[1:] {
		example, _, _ := strings.Cut(part, "```")
		examples.WriteString(example)
	}
	c, err := read(examples.String())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(c.VM.ChecksOf("reason")); n != 6 {
		t.Errorf("reason has %d checks", n)
	}
}

// The message for each mistake, without the file's name.
func TestMistakes(t *testing.T) {
	tests := map[string]struct{ toml, want string }{
		"unknown key of the table": {"[vm]\nhost = \"reason\"\n", "line 2: unknown key vm.host\n1| [vm]\n2| host = \"reason\"\n | ~~~~"},
		"for the command line":     {"jobs = 1\nimpure = true\n", "line 2: impure can be set only on the command line: --impure\n1| jobs = 1\n2| impure = true\n | ~~~~~~"},
		"capital letters":          {"[vm]\nMemory = 2\n", "line 2: memory takes a number of MiB from 64 to 1073741824, not 2\n2| Memory = 2\n | ~~~~~~"},
		"a table for a number":     {"jobs = { x = 1 }\n", "line 1: jobs takes a number\n1| jobs = { x = 1 }\n |        ~~~~~~~~~"},
		"a heading for a number":   {"[jobs]\n", "line 1: jobs is not a table\n1| [jobs]\n |  ~~~~"},
		"headings for a table":     {"[[option]]\n", "line 1: option is not a list of tables\n1| [[option]]\n |   ~~~~~~"},
		"unknown key of a check": {"[[vm.check]]\nunits = \"sshd\"\n",
			"line 2: unknown key vm.check.units\n1| [[vm.check]]\n2| units = \"sshd\"\n | ~~~~~"},
		"a number in quotes": {"[[vm.check]]\nport = \"22\"\n",
			"line 2: vm.check.port takes a number\n1| [[vm.check]]\n2| port = \"22\"\n |        ~~~~"},
		"a size without a unit": {"eval-memory = 3\n", "line 1: eval-memory takes a size in quotes, such as \"4GiB\"\n1| eval-memory = 3\n |               ~"},
		"words that are numbers": {"[[vm.check]]\nunit = 1\n",
			"line 2: vm.check.unit takes text in quotes\n1| [[vm.check]]\n2| unit = 1\n |        ~"},
		// A single table may stand for a list.
		"one table": {"[vm.check]\nport = 0\n", "line 2: the 1st [[vm.check]]: port takes a number from 1 to 65535, not 0\n2| port = 0\n | ~~~~"},
		"no table":  {"vm = \"reason\"\n", "line 1: vm takes a table\n1| vm = \"reason\"\n |      ~~~~~~~~"},
		"no checks": {"[vm]\ncheck = 22\n", "line 2: vm.check takes a table that begins with [[vm.check]]\n1| [vm]\n2| check = 22\n |         ~~"},
		"check":     {"[vm]\ncheck = [22]\n", "line 2: vm.check takes a table that begins with [[vm.check]]\n1| [vm]\n2| check = [22]\n |          ~~"},
		"hosts":     {"[vm]\nhosts = [1]\n", "line 2: hosts takes a name in quotes, or a list such as [\"a\", \"b\"]\n2| hosts = [1]\n | ~~~~~"},
		"host":      {"[vm]\nhosts = 1\n", "line 2: hosts takes a name in quotes, or a list such as [\"a\", \"b\"]\n2| hosts = 1\n | ~~~~~"},
		"no host":   {"[vm]\nhosts = \"\"\n", "line 2: hosts takes a name in quotes, or a list such as [\"a\", \"b\"]\n2| hosts = \"\"\n | ~~~~~"},
		"accel":     {"[vm]\naccel = \"hvf\"\n", "line 2: accel takes auto, kvm or tcg, not \"hvf\"\n2| accel = \"hvf\"\n | ~~~~~"},
		"memory": {"[vm]\nmemory = 2\n",
			"line 2: memory takes a number of MiB from 64 to 1073741824, not 2\n2| memory = 2\n | ~~~~~~"},
		"cores":   {"vm.cores = 0\n", "line 1: cores takes a number from 1 to 1024, not 0\n1| vm.cores = 0\n | ~~~~~~~~"},
		"timeout": {"[vm]\nboot-timeout = \"5\"\n", "line 2: boot-timeout takes a duration such as 30s or 1m30s, not 5\n2| boot-timeout = \"5\"\n | ~~~~~~~~~~~~"},
		"network": {"vm = { network = \"on\" }\n", "line 1: network takes closed or open, not \"on\"\n1| vm = { network = \"on\" }\n |        ~~~~~~~"},

		"nothing": {oneCheck + "name = \"x\"\n",
			"line 4: the 2nd [[vm.check]] has nothing to check; give it one of unit, command, port, file, account, url\n4| [[vm.check]]\n |   ~~~~~~~~"},
		"two": {oneCheck + "port = 22\n  unit = \"x\"\n",
			"line 4: the 2nd [[vm.check]] has both unit and port; split it into two checks\n4| [[vm.check]]\n |   ~~~~~~~~"},
		"stranger": {oneCheck + "port = 22\nmode = \"0644\"\n",
			"line 6: the 2nd [[vm.check]]: mode does not go with port, which takes hosts, name, timeout, udp, address\n6| mode = \"0644\"\n | ~~~~"},
		"empty": {oneCheck + "unit = \"\"\n", "line 5: the 2nd [[vm.check]]: unit is empty; leave it out\n5| unit = \"\"\n | ~~~~"},
		"unit":  {oneCheck + "unit = \"ssh*\"\n", "line 5: the 2nd [[vm.check]]: unit takes the name of a systemd unit such as sshd or backup.timer, not \"ssh*\"\n5| unit = \"ssh*\"\n | ~~~~"},
		"regexp": {oneCheck + "command = \"x\"\nstdout-matches = \"(\"\n",
			"line 6: the 2nd [[vm.check]]: stdout-matches takes a regular expression (RE2): missing closing ): `(`\n6| stdout-matches = \"(\"\n | ~~~~~~~~~~~~~~"},
		"exit code": {oneCheck + "command = \"x\"\nexit-code = 256\n",
			"line 6: the 2nd [[vm.check]]: exit-code takes a number from 0 to 255, not 256\n6| exit-code = 256\n | ~~~~~~~~~"},
		"user": {oneCheck + "command = \"x\"\nuser = \"-x\"\n", "line 6: the 2nd [[vm.check]]: user takes a name such as joachim, not \"-x\"\n6| user = \"-x\"\n | ~~~~"},
		"NUL":  {oneCheck + "command = \"a\\u0000\"\n", "line 5: the 2nd [[vm.check]]: command contains a NUL byte, which no program accepts\n5| command = \"a\\u0000\"\n | ~~~~~~~"},
		"port": {oneCheck + "port = 65536\n", "line 5: the 2nd [[vm.check]]: port takes a number from 1 to 65535, not 65536\n5| port = 65536\n | ~~~~"},
		"address": {oneCheck + "port = 1\naddress = \"localhost\"\n",
			"line 6: the 2nd [[vm.check]]: address takes an IP address such as 127.0.0.1 or ::1, not \"localhost\"\n6| address = \"localhost\"\n | ~~~~~~~"},
		"path": {oneCheck + "file = \"etc/hosts\"\n",
			"line 5: the 2nd [[vm.check]]: file takes an absolute path such as /etc/hosts, not \"etc/hosts\"\n5| file = \"etc/hosts\"\n | ~~~~"},
		"mode": {oneCheck + "file = \"/x\"\nmode = \"u=rw\"\n",
			"line 6: the 2nd [[vm.check]]: mode takes octal digits such as 0644, not \"u=rw\"\n6| mode = \"u=rw\"\n | ~~~~"},
		"check's timeout": {oneCheck + "file = \"/x\"\ntimeout = \"-1s\"\n",
			"line 6: the 2nd [[vm.check]]: timeout takes a duration such as 30s or 1m30s, not \"-1s\"\n6| timeout = \"-1s\"\n | ~~~~~~~"},
		"groups": {oneCheck + "account = \"x\"\ngroups = [\"\"]\n",
			"line 6: the 2nd [[vm.check]]: groups takes a name in quotes, or a list such as [\"a\", \"b\"]\n6| groups = [\"\"]\n | ~~~~~~"},
		"URL": {oneCheck + "url = \"localhost:80\"\n",
			"line 5: the 2nd [[vm.check]]: url takes an address such as http://localhost:8080/health, not \"localhost:80\"\n5| url = \"localhost:80\"\n | ~~~"},
		"status": {oneCheck + "url = \"http://x\"\nstatus = 0\n",
			"line 6: the 2nd [[vm.check]]: status takes a number from 100 to 599, not 0\n6| status = 0\n | ~~~~~~"},
		"glob": {oneCheck + "unit = \"x\"\nhosts = [\"a\", \"b[\"]\n",
			"line 6: the 2nd [[vm.check]]: pattern \"b[\": no closing bracket at character 2\n6| hosts = [\"a\", \"b[\"]\n |               ~~~~"},
		"a text of several lines": {oneCheck + "unit = \"x\"\nhosts = [\"\"\"\nb[\"\"\"]\n",
			"line 6: the 2nd [[vm.check]]: pattern \"b[\": no closing bracket at character 2\n6| hosts = [\"\"\"\n |          ~~~"},
		"one-line tables": {"[vm]\ncheck = [{ unit = \"x\" }, { port = 0 }]\n",
			"line 2: the 2nd [[vm.check]]: port takes a number from 1 to 65535, not 0\n2| check = [{ unit = \"x\" }, { port = 0 }]\n |                            ~~~~"},

		"same name": {oneCheck + "unit = \"sshd.service\"\n",
			"line 4: the 2nd [[vm.check]] has the same name as the 1st, \"unit sshd.service\"; give one of them another name\n4| [[vm.check]]\n |   ~~~~~~~~"},
		"same name on one host": {oneCheck + "unit = \"sshd\"\nhosts = \"reason\"\n",
			"line 4: the 2nd [[vm.check]] has the same name as the 1st on reason, \"unit sshd.service\"; give one of them another name\n4| [[vm.check]]\n |   ~~~~~~~~"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := read(tt.toml)
			if got := detail(t, err); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// Some mistakes show only when the hosts are known.
func TestAgainst(t *testing.T) {
	tests := map[string]struct{ toml, want string }{
		"good": {"[[vm.check]]\nunit = \"x\"\nhosts = [\"rea*\", \"laptop\"]\n", ""},
		"one name for several hosts": {
			"[[vm.check]]\nname = \"x\"\nunit = \"x\"\nhosts = \"reason\"\n[[vm.check]]\nname = \"x\"\nunit = \"y\"\nhosts = \"laptop\"\n", "",
		},
		"unknown host": {"[[vm.check]]\nunit = \"x\"\nhosts = [\"reason\", \"laptpo\"]\n",
			"line 3: the 1st [[vm.check]]: the flake has no host laptpo; it has laptop, reason\n3| hosts = [\"reason\", \"laptpo\"]\n |                    ~~~~~~~~"},
		"unknown host by itself": {"[[vm.check]]\nunit = \"x\"\nhosts = \"x*\"\n",
			"line 3: the 1st [[vm.check]]: the flake has no host x*; it has laptop, reason\n3| hosts = \"x*\"\n |         ~~~~"},
		"patterns that meet": {"[[vm.check]]\nunit = \"x\"\nhosts = \"rea*\"\n[[vm.check]]\nunit = \"x\"\nhosts = \"*son\"\n",
			"line 4: the 2nd [[vm.check]] has the same name as the 1st on reason, \"unit x.service\"; give one of them another name\n4| [[vm.check]]\n |   ~~~~~~~~"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := read(tt.toml)
			if err != nil {
				t.Fatal(err)
			}
			if got := detail(t, c.VM.CheckHosts([]string{"laptop", "reason"})); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// A run that resumes another one compares the settings.
func TestVMString(t *testing.T) {
	texts := []string{
		"", "[vm]\nmemory = 2048\n", "[vm]\nhomes = false\n",
		"[[vm.check]]\nfile = \"/x\"\nmode = \"0644\"\nmatches = \"^a\"\n",
		"[[vm.check]]\nfile = \"/x\"\nmode = \"0600\"\nmatches = \"^a\"\n",
		"[[vm.check]]\nfile = \"/x\"\nmode = \"0644\"\nmatches = \"^b\"\n",
		"[[vm.check]]\nfile = \"/x\"\nmode = \"0644\"\nmatches = \"^a\"\nhosts = \"reason\"\n",
		"[[vm.check]]\nurl = \"http://localhost/a\"\n", "[[vm.check]]\nurl = \"http://localhost/b\"\n",
	}
	seen := map[string]string{}
	for _, text := range texts {
		one, err1 := read(text)
		two, err2 := read(text)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if one.VM.String() != two.VM.String() {
			t.Errorf("%q is %q and %q", text, one.VM, two.VM)
		}
		if other, there := seen[one.VM.String()]; there {
			t.Errorf("%q is the same as %q", text, other)
		}
		seen[one.VM.String()] = text
	}
}
