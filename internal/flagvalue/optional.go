package flagvalue

// Optional is a flag whose empty value differs from no value, which is nil.
type Optional struct{ Given *string }

func (s *Optional) String() string {
	if s.Given == nil {
		return ""
	}
	return *s.Given
}

// Type names the value in the help.
func (s *Optional) Type() string { return "string" }

// Set sets the value.
func (s *Optional) Set(text string) error {
	s.Given = &text
	return nil
}
