package config

import (
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var lineRE = regexp.MustCompile(`^line (\d+): `)

// Whatever the file contains, an error shows one of its lines, and every value has a line.
func FuzzDecode(f *testing.F) {
	docs, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		f.Fatal(err)
	}
	for _, part := range strings.Split(string(docs), "```toml\n")[1:] {
		example, _, _ := strings.Cut(part, "```")
		f.Add(example)
	}
	for _, text := range []string{
		"", "jobs = \"2\"\r\n", "Host = [\"a\", '''\nb''']\ncell = [ # which\n\"x\",\n]", "store = 1", "[vm.check]\nport = 0",
		"vm = { hosts = \"a\", check = [{ unit = \"x\", hosts = [\"a[\"] }] }", "[option]\n\"x.y\" = 1", "option.cores = [1]",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := File{Path: Name, Text: []byte(text)}
		c, err := file.Decode(func(name string) bool { return name == "store" })
		if err == nil {
			err = c.VM.CheckHosts([]string{"reason"})
		}
		var mistake *Error
		if err != nil && !errors.As(err, &mistake) {
			t.Fatalf("%v is not an *Error", err)
		}
		lines := strings.Split(text, "\n")
		if mistake != nil {
			if m := lineRE.FindStringSubmatch(mistake.Detail); m != nil {
				n, _ := strconv.Atoi(m[1])
				if n < 1 || n > len(lines) {
					t.Fatalf("%q is past the end", mistake.Detail)
				}
				if line := strings.TrimRight(lines[n-1], "\r"); line != "" && !strings.Contains(mistake.Detail, m[1]+"| "+line) {
					t.Errorf("%q does not show its line", mistake.Detail)
				}
			}
			return
		}
		for _, flag := range c.Flags {
			key := flag.Name
			if key == "vm" {
				key = "vm.hosts"
			}
			if detail := file.ErrorAt(key, "wrong").Detail; key != "accel" && !lineRE.MatchString(detail) {
				t.Errorf("%s has no line: %s", key, detail)
			}
			for i := range flag.Values {
				if n := file.Line(key, i); len(flag.Values) > 1 && (n < 1 || n > len(lines)) {
					t.Errorf("%s[%d] is on line %d", key, i, n)
				}
			}
		}
	})
}
