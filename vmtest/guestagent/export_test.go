package guestagent

// Mutter sends half of something and knows of nothing, as after a command that
// was broken off.
func (c *Client) Mutter(text string) error {
	c.synced = false
	return c.write([]byte(text))
}
