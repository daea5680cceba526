package question

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/storepath"
)

const drv = "/nix/store/00000000000000000000000000000000-n.drv"

// Whatever a flake makes of an answer, only paths of a store reach Nix's command line.
func FuzzFinish(f *testing.F) {
	f.Add(`{"drvPath":"`+drv+`","system":"x86_64-linux","outputs":{"out":"/nix/store/00000000000000000000000000000000-n"},"homes":[]}`, true)
	f.Add(`{"drvPath":"--option","system":"x86_64-linux","outputs":{"out":"--store"}}`, false)
	f.Add(`{"drvPath":"`+drv+`","system":"--store","homes":[{"user":"a","instance":{"drvPath":"-x","outputs":{"out":"-y"}}}]}`, true)
	f.Add(`{"notDerivation":"int","noVM":true}`, false)
	f.Fuzz(func(t *testing.T, text string, embedded bool) {
		var in Instance
		if json.Unmarshal([]byte(text), &in) != nil {
			return
		}
		q := Question{Path: []string{"nixosConfigurations", "a", "config", "system", "build", "toplevel"}, Embedded: embedded}
		err := q.Finish(&in, new(storepath.Store))
		instances := []Instance{in}
		for _, h := range in.Homes {
			instances = append(instances, h.Instance)
		}
		for _, one := range instances {
			if err != nil && (one.DrvPath != "" || one.Outputs != nil) {
				t.Errorf("in spite of %v, paths are left: %+v", err, one)
			}
			if wrong := storepath.CheckSaved(one.DrvPath, one.Outputs); in.Skip == "" && wrong != nil {
				t.Error(wrong)
			}
		}
	})
}

func TestFinishSaysWhatIsMissing(t *testing.T) {
	q := Question{Path: []string{"homeConfigurations", "a", "activationPackage"}}
	var silent *SilentError
	if err := q.Finish(&Instance{DrvPath: drv}, new(storepath.Store)); !errors.As(err, &silent) || err.Error() != "it says nothing about homeConfigurations.a.activationPackage" {
		t.Error(err)
	}
}

func TestBlame(t *testing.T) {
	vm := &VM{Host: "reason", Homes: [][]string{{"homeConfigurations", "a", "activationPackage"}, {"homeConfigurations", "b", "activationPackage"}}}
	err := &nixlog.EvalError{Message: "no such home", Frames: []nixlog.Frame{{Text: "while evaluating home 1 for the guest's store: homeConfigurations.b.activationPackage"}}}
	if got := (Question{VM: vm}).Blame(err); !strings.Contains(got.Error(), "home homeConfigurations.b.activationPackage for the guest's store: no such home") {
		t.Error(got)
	}
	other := &nixlog.EvalError{Message: "no such host"}
	if got := (Question{}).Blame(other); !errors.Is(got, other) || other.Message != "no such host" {
		t.Error(got)
	}
}
