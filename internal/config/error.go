package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Error is a mistake in the file. Detail shows the line if it is known. Path is empty if Detail
// names the file.
type Error struct {
	Path, Detail string
	Hint         string
}

func (e *Error) Error() string { return strings.TrimPrefix(e.Path+": "+e.Detail, ": ") }

// explainTOML translates an error of go-toml.
func (f File) explainTOML(err error, isFlag func(name string) bool) *Error {
	detail := err.Error()
	var unknown *toml.StrictMissingError
	var decode *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		first := &unknown.Errors[0]
		key := strings.Join(first.Key(), ".")
		detail = excerpt(first, "unknown key "+key)
		if isFlag(key) {
			detail = excerpt(first, fmt.Sprintf("%s can be set only on the command line: --%s", key, key))
		}
	case errors.As(err, &decode):
		detail = excerpt(decode, explainDecode(decode))
	}
	return &Error{Path: f.Path, Detail: detail}
}

// excerpt puts a message above go-toml's excerpt of the file, and drops go-toml's own message
// after the underline.
func excerpt(e *toml.DecodeError, message string) string {
	line, _ := e.Position()
	return fmt.Sprintf("line %d: %s\n%s", line, message, strings.Replace(e.String(), "~ "+tomlMessage(e), "~", 1))
}

// tomlMessage returns go-toml's own message.
func tomlMessage(e *toml.DecodeError) string { return strings.TrimPrefix(e.Error(), "toml: ") }

// wrongKindRE matches go-toml's message about a value of the wrong type, and captures the Go
// type.
var wrongKindRE = regexp.MustCompile(`^cannot decode TOML .+ into (?:struct field \S+ of type )?(\S+)`)

// explainDecode describes a mistake without naming Go types.
func explainDecode(e *toml.DecodeError) string {
	key, message := strings.Join(e.Key(), "."), tomlMessage(e)
	const check = "a table that begins with [[vm.check]]"
	kinds := map[string]string{
		"string": "text in quotes", "int": "a number", "bool": "true or false",
		"[]string": `a list such as ["a", "b"]`, "map[string]string": "a table", "map[string]interface": "a table",
		"config.vmTable": "a table", "config.checkTable": check, "[]config.checkTable": check,
	}
	const duration = `a duration in quotes, such as "30m"`
	texts := map[string]string{
		"eval-memory": `a size in quotes, such as "4GiB"`,
		"timeout":     duration, "deadline": duration, "stall": duration,
		"vm.boot-timeout": duration, "vm.silence": duration, "vm.check.timeout": duration,
	}
	switch m := wrongKindRE.FindStringSubmatch(message); {
	case m != nil && m[1] == "string" && texts[key] != "":
		return fmt.Sprintf("%s takes %s", key, texts[key])
	case m != nil && kinds[m[1]] != "":
		return fmt.Sprintf("%s takes %s", key, kinds[m[1]])
	case strings.HasPrefix(message, "cannot store a table"):
		return key + " is not a table"
	case strings.HasPrefix(message, "cannot store an array table"):
		return key + " is not a list of tables"
	}
	return message
}
