package config

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// reader reads the values of a table by key. A missing key has the zero value. It keeps the
// first mistake.
type reader struct {
	file  File
	key   string // of the table
	check string // the name of the check in messages; empty for other tables
	given map[string]any
	used  []string // keys, in the order they were read
	err   error
}

// value returns the value of a key, nil if it is missing.
func (r *reader) value(key string) any {
	r.used = append(r.used, key)
	return r.given[key]
}

func (r *reader) fail(key, format string, args ...any) {
	if r.err != nil {
		return
	}
	if r.check != "" {
		format, args = "%s: "+format, append([]any{r.check}, args...)
	}
	r.err = r.file.ErrorAt(r.key+"."+key, format, args...)
}

// text accepts any text except an empty one, which would have no effect.
func (r *reader) text(key string) string {
	text, isGiven := r.value(key).(string)
	switch {
	case isGiven && text == "":
		r.fail(key, "%s is empty; leave it out", key)
	case strings.Contains(text, "\x00"):
		r.fail(key, "%s contains a NUL byte, which no program accepts", key)
	}
	return text
}

// parse accepts a text that a function can parse.
func parse[T any](r *reader, key, takes string, parse func(text string) (value T, ok bool)) (value T) {
	if text := r.text(key); text != "" {
		var ok bool
		if value, ok = parse(text); !ok {
			r.fail(key, "%s takes %s, not %s", key, takes, Quoted(text))
		}
	}
	return value
}

// bareRE matches values that read better without quotes: numbers and I/N.
var bareRE = regexp.MustCompile(`^-?[0-9][0-9./]*$`)

// Quoted quotes a value for a message, unless it is a number.
func Quoted(value string) string {
	if bareRE.MatchString(value) {
		return value
	}
	return fmt.Sprintf("%q", value)
}

func (r *reader) matching(key, takes string, re *regexp.Regexp) string {
	return parse(r, key, takes, func(text string) (string, bool) { return text, re.MatchString(text) })
}

// accountRE matches the names of users and groups in files such as /etc/passwd.
var accountRE = regexp.MustCompile(`^[^-:/\s\x00-\x1f\x7f][^:/\x00-\x1f\x7f]*$`)

func (r *reader) account(key string) string {
	return r.matching(key, "a name such as joachim", accountRE)
}

func (r *reader) path(key string) string {
	return parse(r, key, "an absolute path such as /etc/hosts", func(text string) (string, bool) { return text, path.IsAbs(text) })
}

func (r *reader) duration(key string) time.Duration {
	return parse(r, key, "a duration such as 30s or 1m30s", func(text string) (time.Duration, bool) {
		d, err := time.ParseDuration(text)
		return d, err == nil && d > 0
	})
}

func (r *reader) regexp(key string) *regexp.Regexp {
	text := r.text(key)
	if text == "" {
		return nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		r.fail(key, "%s takes a regular expression (RE2): %s", key, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re
}

// names accepts a list of names, or a single name.
func (r *reader) names(key string) (names []string) {
	value := r.value(key)
	list, isList := value.([]any)
	if !isList && value != nil {
		list = []any{value}
	}
	for _, item := range list {
		name, _ := item.(string)
		if name == "" {
			r.fail(key, `%s takes a name in quotes, or a list such as ["a", "b"]`, key)
		}
		names = append(names, name)
	}
	return names
}

func (r *reader) oneOf(key string, known ...string) string {
	text, _ := r.value(key).(string)
	if text != "" && !slices.Contains(known, text) {
		last := len(known) - 1
		r.fail(key, "%s takes %s or %s, not %s", key, strings.Join(known[:last], ", "), known[last], Quoted(text))
	}
	return text
}

// number accepts a number in a range. unit follows the word "number" in the message.
func (r *reader) number(key string, low, high int, unit string) int {
	n, isGiven := r.value(key).(int)
	if isGiven && (n < low || n > high) {
		r.fail(key, "%s takes a number%s from %d to %d, not %d", key, unit, low, high, n)
	}
	return n
}
