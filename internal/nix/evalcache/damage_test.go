package evalcache

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/flakeci/flakeci/internal/damage"
)

// Whatever happens to the file, no answer changes, damage is reported, and the next run
// can save its own answers.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x"+Suffix)
	answer := func(i int) string { return fmt.Sprintf(`{"drvPath":"/nix/store/%032d-x.drv"}`, i) }
	write := func(c *Cache) {
		t.Helper()
		for i := range 5 {
			c.Add(fmt.Sprint(i), map[string]string{"drvPath": fmt.Sprintf("/nix/store/%032d-x.drv", i)})
		}
		if err := c.Save(); err != nil {
			t.Fatal(err)
		}
	}
	write(Open(path))
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if c := Open(path); c.damage != nil || len(c.known) != 5 {
		t.Fatalf("%d answers are kept: %v", len(c.known), c.damage)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	texts := damage.Replacements()
	for range 300 {
		texts = append(texts, string(damage.Text(rng, good)))
	}
	for _, text := range texts {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := Open(path)
		for i := range 5 {
			if got, ok := c.Get(fmt.Sprint(i)); ok && string(got) != answer(i) {
				t.Errorf("%.200q: answer %d is %s", text, i, got)
			}
		}
		if c.damage == nil && len(c.known) != 5 {
			t.Errorf("%.200q: %d answers are left, and no damage is reported", text, len(c.known))
		}
		write(c)
		if c := Open(path); c.damage != nil || len(c.known) != 5 {
			t.Errorf("%.200q: then %d answers are kept: %v", text, len(c.known), c.damage)
		}
	}
}
