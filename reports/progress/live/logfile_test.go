package live

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flakeci/flakeci/internal/safefile"
)

// Another program may have replaced a log; that does not hold up the view.
func TestALogThatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.Symlink("/etc/passwd", link)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link, dir} {
		if lines, err := tailOf(path); !errors.Is(err, safefile.ErrNotRegular) {
			t.Errorf("%s: %d lines, %v", path, len(lines), err)
		}
	}
	sparse := filepath.Join(dir, "sparse")
	if err := errors.Join(os.WriteFile(sparse, []byte("x"), 0o600), os.Truncate(sparse, 1<<40)); err != nil {
		t.Fatal(err)
	}
	lines, err := tailOf(sparse)
	if err != nil || len(strings.Join(lines, "")) > maxFileBytes {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}
