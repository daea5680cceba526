package nix

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// AnswerError reports that Nix exited with 0 without answering the question: it is broken,
// or not Nix.
type AnswerError struct {
	// Command is the subcommand, such as "flake metadata".
	Command string
	Reason  string
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("nix %s gave an unusable answer: %s", e.Command, e.Reason)
}

func badAnswer(command, format string, args ...any) error {
	return &AnswerError{Command: command, Reason: fmt.Sprintf(format, args...)}
}

// decodeAnswer reads one JSON document. encoding/json accepts null for every type and
// repairs invalid UTF-8, but neither is an answer.
func decodeAnswer(command string, out []byte, into any) error {
	out = bytes.TrimSpace(out)
	switch {
	case len(out) == 0:
		return badAnswer(command, "it is empty")
	case !utf8.Valid(out):
		return badAnswer(command, "it is not UTF-8")
	case string(out) == "null":
		return badAnswer(command, "it is null")
	}
	if err := json.Unmarshal(out, into); err != nil {
		return badAnswer(command, "%v", err)
	}
	return nil
}

// unmarshalNoNull decodes the answer to one of flakeci's own questions, none of which can
// contain null.
func unmarshalNoNull(text []byte, into any) error {
	if err := json.Unmarshal(text, into); err != nil {
		return err
	}
	if hasNull(text) {
		return errors.New("it contains null")
	}
	return nil
}

// hasNull reports whether a valid document contains null anywhere.
func hasNull(text []byte) bool {
	for tokens := json.NewDecoder(bytes.NewReader(text)); ; {
		switch token, err := tokens.Token(); {
		case errors.Is(err, io.EOF):
			return false
		case err != nil || token == nil:
			return true
		}
	}
}
