package guestagent

import (
	"encoding/json"
	"errors"
	"fmt"
)

// request is a line to the agent.
type request struct {
	Execute   string `json:"execute"`
	Arguments any    `json:"arguments,omitempty"`
}

// line encodes the request.
func (r request) line() ([]byte, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("the arguments of %s are not JSON: %w", r.Execute, err)
	}
	return append(line, '\n'), nil
}

// value is a command's result. It is decoded in place: a copy of a program's output may have
// 45 MB.
type value struct {
	into any // may be nil
	seen bool
}

// UnmarshalJSON implements [json.Unmarshaler].
func (v *value) UnmarshalJSON(data []byte) error {
	v.seen = true
	if v.into == nil {
		return nil
	}
	return json.Unmarshal(data, v.into)
}

// decode decodes a line of the agent as the reply to a command. The agent's refusal is an
// [*Error]; any other error means that the line is not a reply to this command.
func decode(line []byte, command string, into any) error {
	reply := struct {
		Return value `json:"return"`
		Error  *struct {
			Class string `json:"class"`
			Desc  string `json:"desc"`
		} `json:"error"`
	}{Return: value{into: into}}
	if err := json.Unmarshal(line, &reply); err != nil {
		return fmt.Errorf("the guest agent's reply to %s is not understood: %w", command, err)
	}
	if e := reply.Error; e != nil {
		return &Error{Command: command, Class: e.Class, Desc: e.Desc}
	}
	if !reply.Return.seen {
		return fmt.Errorf("the guest agent's reply to %s is not understood: %w", command, errors.New("neither value nor error"))
	}
	return nil
}
