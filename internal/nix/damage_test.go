package nix

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/flakeci/flakeci/internal/damage"
)

// Whatever happens to the file of answers: no answer is another than was kept, what is
// damaged is said, and the next run can keep its own.
func TestDamagedAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x"+answersSuffix)
	drv := func(i int) Instance {
		return Instance{DrvPath: fmt.Sprintf("/nix/store/%032d-x.drv", i), System: "x86_64-linux", Outputs: map[string]string{"out": "/nix/store/x"}}
	}
	write := func(a *answers) {
		t.Helper()
		for i := range 5 {
			a.add(fmt.Sprint(i), drv(i))
		}
		if err := a.save(); err != nil {
			t.Fatal(err)
		}
	}
	write(openAnswers(path))
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if a := openAnswers(path); a.damage != nil || len(a.known) != 5 {
		t.Fatalf("%d answers are kept: %v", len(a.known), a.damage)
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
		a := openAnswers(path)
		for i := range 5 {
			var got Instance
			if a.get(fmt.Sprint(i), &got) && got.DrvPath != drv(i).DrvPath {
				t.Errorf("%.200q: answer %d is %+v", text, i, got)
			}
		}
		if a.damage == nil && len(a.known) != 5 {
			t.Errorf("%.200q: %d answers are left, and that is not said", text, len(a.known))
		}
		write(a)
		if a := openAnswers(path); a.damage != nil || len(a.known) != 5 {
			t.Errorf("%.200q: then %d answers are kept: %v", text, len(a.known), a.damage)
		}
	}
}
