package linuxbuild

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/safefile"
)

// releaseRE matches the version of a release.
var releaseRE = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// Limits on a download: its time, and the bytes of the list of checksums and of a build.
const (
	downloadLimit = 5 * time.Minute
	maxChecksums  = 64 << 10
	maxBuild      = 512 << 20
)

// download gets the build of this flakeci's release, and verifies its checksum.
func download(ctx context.Context, o Options) (string, error) {
	if !releaseRE.MatchString(o.Version) {
		return "", fmt.Errorf("version %s is not a release", o.Version)
	}
	if runsAnywhere(o.cached(), o.Arch) {
		return o.cached(), nil // it was verified when it was downloaded
	}
	dir, remove, err := o.workDir()
	if err != nil {
		return "", err
	}
	defer remove()
	o.Say("downloading flakeci " + o.Version + " for Linux on " + o.Arch)
	ctx, cancel := context.WithTimeout(ctx, downloadLimit)
	defer cancel()
	from := cmp.Or(o.Releases, "https://github.com/flakeci/flakeci/releases/download") + "/" + o.Version + "/"
	var list bytes.Buffer
	if err := fetch(ctx, from+"checksums.txt", &list, maxChecksums); err != nil {
		return "", err
	}
	want, err := checksum(list.String(), name(o.Arch))
	if err != nil {
		return "", fmt.Errorf("%schecksums.txt: %w", from, err)
	}
	path := filepath.Join(dir, name(o.Arch))
	file, err := safefile.Create(path)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	err = fetch(ctx, from+name(o.Arch), io.MultiWriter(file, sum), maxBuild)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return "", fmt.Errorf("%s does not match checksums.txt of %s", name(o.Arch), o.Version)
	}
	if err := os.Chmod(path, 0o755); err != nil {
		return "", err
	}
	return o.keep(path)
}

// fetch copies what is at a URL, up to a limit.
func fetch(ctx context.Context, url string, to io.Writer, limit int64) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("cannot download %s: %w", url, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("cannot download %s: %s", url, answer.Status)
	}
	n, err := io.Copy(to, io.LimitReader(answer.Body, limit+1))
	if err == nil && n > limit {
		err = safefile.ErrTooLong
	}
	if err != nil {
		return fmt.Errorf("cannot download %s: %w", url, err)
	}
	return nil
}

// checksum returns the checksum of a file in a list that sha256sum wrote.
func checksum(list, file string) (string, error) {
	for line := range strings.Lines(list) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[1] == file {
			return fields[0], nil
		}
	}
	return "", errors.New("it does not list " + file)
}
