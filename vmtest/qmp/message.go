package qmp

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Event is an asynchronous message of QEMU.
type Event struct {
	Name string          // such as "SHUTDOWN"
	Data json.RawMessage // nil if the event has none
	Time time.Time       // by the host's clock; zero if QEMU does not know
}

// message is a line from QEMU: a greeting, a reply or an event.
type message struct {
	Greeting json.RawMessage `json:"QMP"`
	Return   json.RawMessage `json:"return"`
	Error    *errorReply     `json:"error"`
	ID       *uint64         `json:"id"`
	Event    string          `json:"event"`
	Data     json.RawMessage `json:"data"`
	Time     timestamp       `json:"timestamp"`
}

type errorReply struct {
	Class string `json:"class"`
	Desc  string `json:"desc"`
}

// timestamp has -1 in both fields if QEMU has no clock.
type timestamp struct {
	Seconds      int64 `json:"seconds"`
	Microseconds int64 `json:"microseconds"`
}

// request is a line to QEMU.
type request struct {
	Execute   string `json:"execute"`
	Arguments any    `json:"arguments,omitempty"`
	ID        uint64 `json:"id"`
}

// decode decodes a line. A reply must have an id: QEMU omits it only if it could not parse
// the request, and then it is unknown which request failed.
func decode(line []byte) (message, error) {
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		return message{}, fmt.Errorf("QEMU's line is not understood: %w", err)
	}
	isReply := m.Return != nil || m.Error != nil
	switch {
	case isReply && m.ID == nil && m.Error != nil:
		return message{}, fmt.Errorf("QEMU did not understand a request: %s", m.Error.Desc)
	case isReply && m.ID == nil:
		return message{}, errors.New("QEMU's reply has no id")
	case !isReply && m.Event == "" && m.Greeting == nil:
		return message{}, errors.New("QEMU's line is neither greeting nor reply nor event")
	}
	return m, nil
}

// event returns the message as an Event.
func (m message) event() Event {
	e := Event{Name: m.Event, Data: m.Data}
	if m.Time.Seconds > 0 {
		e.Time = time.Unix(m.Time.Seconds, m.Time.Microseconds*int64(time.Microsecond))
	}
	return e
}

// result decodes a reply's value, unless into is nil.
func (m message) result(command string, into any) error {
	if m.Error != nil {
		return &Error{Command: command, Class: m.Error.Class, Desc: m.Error.Desc}
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(m.Return, into); err != nil {
		return fmt.Errorf("QEMU's reply to %s is not understood: %w", command, err)
	}
	return nil
}
