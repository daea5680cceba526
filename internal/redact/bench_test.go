package redact_test

import (
	"testing"

	"github.com/flakeci/flakeci/internal/redact"
)

// Every line of a builder goes through this.
func BenchmarkLine(b *testing.B) {
	var s redact.Secrets
	s.Add("ghs_0123456789abcdefghijklmnopqrstuvwxyz", "another-0123456789")
	for name, line := range map[string]string{
		"plain":   `@nix {"action":"result","fields":["  CC       drivers/net/ethernet/intel/ice/ice_main.o"],"id":1234567890123,"type":101}`,
		"colours": `@nix {"action":"result","fields":["\u001b[1;32m   Compiling\u001b[0m serde v1.0.200 (/build/source)"],"id":1234567890123,"type":101}`,
		"address": `@nix {"action":"start","fields":["https://cache.example.org/0123456789abcdfghijklmnpqrsvwxyz.narinfo"],"id":1,"level":4,"parent":0,"text":"downloading 'https://cache.example.org/x?narHash=sha256-abc'","type":101}`,
	} {
		b.Run(name, func(b *testing.B) {
			data := []byte(line)
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				s.JSON(data)
			}
		})
	}
}
