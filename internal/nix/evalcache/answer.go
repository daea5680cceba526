package evalcache

import (
	"encoding/json"
	"maps"
)

// Answer is what came of a question: a value, or why there is none. Another machine can use it.
type Answer struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error json.RawMessage `json:"error,omitempty"`
}

// Answers returns what came of all questions so far, by the hash of the question.
func (c *Cache) Answers() map[string]Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.asked)
}

// Use adds the answers that another run got. They take precedence over those in the file.
func (c *Cache) Use(answers map[string]Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.given = map[string]Answer{} // not nil even if there are no answers
	maps.Copy(c.given, answers)
}

// Given reports whether answers of another run are used.
func (c *Cache) Given() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.given != nil
}

// Fail notes that a question has no answer. That is not saved for later runs: what could not be
// fetched may be available the next time.
func (c *Cache) Fail(question string, why any) {
	raw, err := json.Marshal(why)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(Hash([]byte(question)), Answer{Error: raw})
}

// Failure returns why a question has no answer, if another run noted that.
func (c *Cache) Failure(question string) (why json.RawMessage, failed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.given[Hash([]byte(question))]
	return a.Error, a.Error != nil
}

// note remembers what came of a question. The caller holds the lock.
func (c *Cache) note(hash string, a Answer) {
	if c.asked == nil {
		c.asked = map[string]Answer{}
	}
	c.asked[hash] = a
}
