package nix

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/tmpdir"
)

const oneHost = "{ outputs = { self }: { nixosConfigurations.reason = { }; }; }\n"

// resolveCase resolves the scenario's flake.
func resolveCase(s scenario, check func(w *world, f Flake)) scenario {
	s.ask = func(w *world) {
		f, err := w.client.Resolve(w.Context(), w.dir, FlakeOptions{})
		if err != nil {
			w.Fatal(err)
		}
		if f.Ref != w.dir || !strings.HasPrefix(f.StorePath, "/nix/store/") || f.Checkout != w.root {
			w.Errorf("got %+v", f)
		}
		check(w, f)
	}
	return s
}

func TestResolve(t *testing.T) {
	testScenarios(t, []scenario{
		resolveCase(scenario{name: "metadata-clean", tracked: files{"flake.nix": oneHost}}, func(w *world, f Flake) {
			if f.Dirty || len(f.Rev) != 40 || !strings.Contains(f.Locked, f.Rev) || f.Dir != "" || f.eval != f.Locked || !f.inGit {
				w.Errorf("got %+v", f)
			}
		}),
		resolveCase(scenario{name: "metadata-dirty", tracked: files{"flake.nix": oneHost}, dirty: files{"a": "b"}}, func(w *world, f Flake) {
			if !f.Dirty || f.Rev != "" || f.eval != "git+file://"+w.root || !f.inGit {
				w.Errorf("got %+v", f)
			}
		}),
		resolveCase(scenario{name: "metadata-path", noGit: true, tracked: files{"flake.nix": oneHost}}, func(w *world, f Flake) {
			if f.Dirty || f.Rev != "" || f.inGit || f.eval != "path:"+w.root {
				w.Errorf("got %+v", f)
			}
		}),
		resolveCase(scenario{name: "metadata-subfolder", subfolder: "nix", tracked: files{"nix/flake.nix": oneHost, "a": ""}}, func(w *world, f Flake) {
			if f.Dirty || f.Rev == "" || f.Dir != "nix" {
				w.Errorf("got %+v", f)
			}
		}),
		resolveCase(scenario{name: "metadata-subfolder-dirty", subfolder: "nix", tracked: files{"nix/flake.nix": oneHost}, dirty: files{"a": ""}}, func(w *world, f Flake) {
			if !f.Dirty || f.Dir != "nix" || f.eval != "git+file://"+w.root+"?dir=nix" {
				w.Errorf("got %+v", f)
			}
		}),
	})
}

// eachLane runs a test with the real Nix of each lane.
func eachLane(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	for _, lane := range realNix(t) {
		t.Run("nix-"+lane.Version, func(t *testing.T) {
			t.Parallel()
			w, _ := scenario{noGit: true}.world(t)
			w.client = find(t, Options{Path: lane.Nix})
			test(w)
		})
	}
}

// repository makes a git repository with a flake below the scratch folder.
func (w *world) repository(name string) string {
	dir := filepath.Join(w.scratch, name)
	files{"flake.nix": oneHost, "sub/flake.nix": oneHost, "none/a": ""}.write(w.T, dir, strings.NewReplacer())
	git(w.T, dir, "init", "--quiet", "--initial-branch", "main")
	git(w.T, dir, "add", ".")
	git(w.T, dir, "commit", "--quiet", "--message", "first")
	return dir
}

// offers opens a flake and expects to find its host.
func (w *world) offers(ref string) Flake {
	w.Helper()
	target, err := w.client.Open(w.Context(), ref, FlakeOptions{}, w.TempDir())
	if err != nil {
		w.Errorf("%s: %v", ref, err)
		return Flake{}
	}
	offer, faults, err := target.Inventory(w.Context())
	if err != nil || len(faults) > 0 || strings.Join(offer.NixOS, " ") != "reason" {
		w.Errorf("%s: offer %+v, faults %v, error %v", ref, offer, faults, err)
	}
	return target.Flake
}

// refuses reports whether this Nix cannot read a folder with an odd name, and checks that
// the error says so.
func (w *world) refuses(dir string) bool {
	w.Helper()
	if !w.old() {
		return false
	}
	var noFlake *NoFlakeError
	_, err := w.open(dir, FlakeOptions{})
	if !errors.As(err, &noFlake) || !strings.Contains(noFlake.Reason, "rename") {
		w.Errorf("%s: error is %v", dir, err)
	}
	return true
}

// The folder for temporary files may have any name, too.
func TestOpenInAnOddFolder(t *testing.T) {
	eachLane(t, func(w *world) {
		files{"flake.nix": oneHost}.write(w.T, w.dir, strings.NewReplacer())
		w.tmp = filepath.Join(w.TempDir(), "t m#p%20?")
		target, err := w.open(w.dir, FlakeOptions{})
		var noTmp *tmpdir.Error
		if w.old() {
			if !errors.As(err, &noTmp) {
				w.Errorf("error is %v", err)
			}
			return
		}
		if err != nil {
			w.Fatal(err)
		}
		if offer, faults, err := target.Inventory(w.Context()); err != nil || faults != nil || len(offer.NixOS) != 1 {
			w.Errorf("offer %+v, faults %v, error %v", offer, faults, err)
		}
	})
}

// A person may have folders whose names mean something in a URL.
func TestOpenFindsFlakesInOddFolders(t *testing.T) {
	eachLane(t, func(w *world) {
		w.offers(w.repository("plain"))
		for _, name := range []string{"mit raum", "häuser", "a#b", "a?b=c", "a%20b", "a&b'c\"d"} {
			dir := w.repository(name)
			if w.refuses(dir) {
				continue
			}
			if f := w.offers(dir); f.Checkout != dir || f.Rev == "" {
				w.Errorf("%s: got %+v", name, f)
			}
		}
		if w.old() {
			return
		}
		w.offers(w.repository("a b#c") + "/sub")
		dir := w.repository("d e")
		w.offers(dir + "/none") // as Nix does, the flake above is meant
		if err := os.WriteFile(filepath.Join(dir, "new"), nil, 0o644); err != nil {
			w.Fatal(err)
		}
		git(w.T, dir, "add", ".")
		if f := w.offers(dir); !f.Dirty || f.Checkout != dir {
			w.Errorf("dirty: got %+v", f)
		}
	})
}

func TestOpenFindsClonesOfAllKinds(t *testing.T) {
	eachLane(t, func(w *world) {
		dir := w.repository("origin")
		git(w.T, dir, "commit", "--quiet", "--allow-empty", "--message", "second")
		git(w.T, w.scratch, "clone", "--quiet", "--depth", "1", "file://"+dir, "shallow")
		git(w.T, w.scratch, "clone", "--quiet", "--depth", "1", "file://"+dir, "shallow clone")
		git(w.T, dir, "worktree", "add", "--quiet", filepath.Join(w.scratch, "worktree"))
		git(w.T, dir, "worktree", "add", "--quiet", "-b", "other", filepath.Join(w.scratch, "work tree"))
		for _, name := range []string{"shallow", "shallow clone", "worktree", "work tree"} {
			if strings.Contains(name, " ") && w.refuses(filepath.Join(w.scratch, name)) {
				continue
			}
			if f := w.offers(filepath.Join(w.scratch, name)); f.Rev == "" || f.Checkout != filepath.Join(w.scratch, name) {
				w.Errorf("%s: got %+v", name, f)
			}
		}
		if err := os.Symlink(dir, filepath.Join(w.scratch, "link")); err != nil {
			w.Fatal(err)
		}
		if f := w.offers(filepath.Join(w.scratch, "link")); f.Checkout != dir {
			w.Errorf("link: got %+v", f)
		}
		// A revision that is not checked out.
		if f := w.offers("git+file://" + dir + "?ref=main"); f.Checkout != "" {
			w.Errorf("with ref: got %+v", f)
		}
	})
}

func TestOpenFindsFoldersWithoutGit(t *testing.T) {
	eachLane(t, func(w *world) {
		for _, name := range []string{"plain", "mit raum", "a#b", "a%20b", "ümlaut"} {
			dir := filepath.Join(w.scratch, "nogit", name)
			files{"flake.nix": oneHost}.write(w.T, dir, strings.NewReplacer())
			if name != "plain" && w.refuses(dir) {
				continue
			}
			if f := w.offers(dir); f.Checkout != dir || f.Dirty || f.Rev != "" {
				w.Errorf("%s: got %+v", name, f)
			}
			w.offers("path:" + dir)
		}
	})
}

// A folder without git is evaluated as it was when it was opened, as flakeci itself writes
// artifacts into it. If the copy was collected as garbage, it is evaluated as it is now.
func TestFolderWithoutGitStays(t *testing.T) {
	eachLane(t, func(w *world) {
		dir := filepath.Join(w.scratch, "folder", "a b")
		if w.client.Version.Less(Version{2, 26, 0}) {
			dir = filepath.Join(w.scratch, "folder", "ab")
		}
		write := func(name string) {
			files{"flake.nix": "{ outputs = { self }: { name = \"" + name + "\"; source = self.outPath; date = self.lastModified; }; }"}.write(w.T, dir, strings.NewReplacer())
		}
		type seen struct {
			Name, Source string
			Date         int64
		}
		look := func(target *Target) (s seen) {
			if _, err := target.Eval(w.Context(), "f: { inherit (f.outputs) name source date; }", &s); err != nil {
				w.Error(err)
			}
			return s
		}
		write("first" + w.scratch)
		written := time.Unix(1_600_000_000, 0)
		if err := os.Chtimes(filepath.Join(dir, "flake.nix"), written, written); err != nil {
			w.Fatal(err)
		}
		target, err := w.open(dir, FlakeOptions{})
		if err != nil {
			w.Fatal(err)
		}
		write("second" + w.scratch)
		got := look(target)
		if got.Name != "first"+w.scratch || got.Source != target.Flake.StorePath {
			w.Errorf("got %+v", got)
		}
		if target.client.Version.datesCopies() && got.Date != written.Unix() {
			w.Errorf("it is of %d", got.Date)
		}
		target.Flake.StorePath += "-collected"
		if got := look(target); got.Name != "second"+w.scratch {
			w.Errorf("without a copy it is %+v", got)
		}
	})
}

// If somebody changed the tree meanwhile, the results are not kept, and there is an error.
func TestChangedMeanwhile(t *testing.T) {
	eachLane(t, func(w *world) {
		w.client = find(t, Options{Path: w.client.path, EvalCache: w.TempDir()})
		dir := w.repository("changing")
		for i, change := range []bool{false, true} {
			files{"flake.nix": strings.Repeat(" ", i+1) + oneHost}.write(w.T, dir, strings.NewReplacer())
			target, err := w.open(dir, FlakeOptions{})
			if err != nil {
				w.Fatal(err)
			}
			if _, _, err := target.Inventory(w.Context()); err != nil {
				w.Fatal(err)
			}
			if change {
				files{"flake.nix": "\n" + oneHost}.write(w.T, dir, strings.NewReplacer())
			}
			if err := target.Save(w.Context()); (err != nil) != change {
				w.Errorf("%v: %v", change, err)
			}
		}
	})
}

// A reference to no flake is not the fault of a flake.
func TestOpenOfNoFlake(t *testing.T) {
	eachLane(t, func(w *world) {
		dir := func(name string, f files) string {
			dir := filepath.Join(w.scratch, name)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				w.Fatal(err)
			}
			f.write(w.T, dir, strings.NewReplacer())
			return dir
		}
		gitDir := func(name string, tracked, untracked files) string {
			dir := dir(name, tracked)
			git(w.T, dir, "init", "--quiet")
			git(w.T, dir, "add", ".")
			git(w.T, dir, "commit", "--quiet", "--allow-empty", "--message", "first")
			untracked.write(w.T, dir, strings.NewReplacer())
			return dir
		}
		empty, noFlake := dir("empty", nil), gitDir("gitempty", files{"a": "b"}, nil)
		untracked := gitDir("untracked", files{"a": "b"}, files{"flake.nix": oneHost})
		odd := gitDir("odd #1", files{"a": "b"}, files{"flake.nix": oneHost})
		for _, ref := range []string{
			empty, noFlake, untracked, odd, w.scratch + "/nonexistent", "path:" + empty, "path:" + w.scratch + "/nonexistent",
			"git+file://" + noFlake, "gibberish:x", "foo bar", "nonesuch", noFlake + "#x",
		} {
			_, err := w.open(ref, FlakeOptions{})
			var none *NoFlakeError
			if !errors.As(err, &none) || none.Ref != ref || none.Reason == "" {
				w.Errorf("%s: error is %T: %v", ref, err, err)
				continue
			}
			if got := none.Untracked == "flake.nix"; got != (ref == untracked || ref == odd && !w.old()) {
				w.Errorf("%s: untracked is %q", ref, none.Untracked)
			}
		}
	})
}

// A reference that cannot be fetched may well be one to a flake.
func TestOpenOfAnUnreachableFlake(t *testing.T) {
	eachLane(t, func(w *world) {
		for _, ref := range []string{"http://127.0.0.1:1/x.tar.gz", "git+http://127.0.0.1:1/x"} {
			_, err := w.open(ref, FlakeOptions{})
			var e *nixlog.EvalError
			if !errors.As(err, &e) || e.Input == nil || e.Input.Name != "" || e.Input.URL != ref {
				w.Errorf("%s: error is %T: %+v", ref, err, err)
			}
		}
	})
}

func TestOverridesReachTheFlake(t *testing.T) {
	eachLane(t, func(w *world) {
		dir := filepath.Join(w.scratch, "an input")
		if w.old() {
			dir = filepath.Join(w.scratch, "an-input")
		}
		files{"flake.nix": "{ inputs.other.url = \"path:/nonexistent\"; outputs = { self, other }: { nixosConfigurations = other.hosts; }; }"}.write(w.T, filepath.Join(w.scratch, "flake"), strings.NewReplacer())
		files{"flake.nix": "{ outputs = { self }: { hosts.reason = { }; }; }"}.write(w.T, dir, strings.NewReplacer())
		git(w.T, dir, "init", "--quiet")
		git(w.T, dir, "add", ".")
		target, err := w.open(filepath.Join(w.scratch, "flake"), FlakeOptions{Overrides: []Override{{Name: "other", Ref: dir}}})
		if err != nil {
			w.Fatal(err)
		}
		offer, _, err := target.Inventory(w.Context())
		if err != nil || strings.Join(offer.NixOS, " ") != "reason" {
			w.Errorf("offer %+v, error %v", offer, err)
		}
	})
}
