package nix

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// whatItSees is a flake whose host depends on everything that its source has, so that another
// tree, or another reading of the same one, is another derivation. It leaves out two things
// in which Nix is inconsistent: 2.34 has an empty folder for a submodule at a revision, but
// none in a clean checkout of it. 2.26 counts the revisions of a shallow clone only in a
// checkout.
const whatItSees = `{ outputs = { self, ... }@inputs: {
  nixosConfigurations.reason.config.system.build.toplevel = derivation {
    name = "sees"; system = "x86_64-linux"; builder = "/bin/sh";
    sees = builtins.filter (name: name != "sub") (builtins.attrNames (builtins.readDir self)) ++ [ FILE (self.rev or "dirty")
      (if builtins.pathExists "${self}/sub/script" then builtins.readFile "${self}/sub/script" else "no script")
      (if inputs ? dep && builtins.pathExists "${inputs.dep}/sub/script" then builtins.readFile "${inputs.dep}/sub/script" else "no script") ];
  };
}; INPUTS }
`

// parameterWorld makes a git repository with a submodule, another branch, a flake in a
// subfolder and a file that is left out of exports. Next to it are an archive of it, a folder
// without git and a flake with an input to override.
func (w *world) parameterWorld() string {
	flake := strings.ReplaceAll(whatItSees, "INPUTS", "")
	top := filepath.Join(w.scratch, "top")
	files{"script": "hello\n"}.write(w.T, filepath.Join(w.scratch, "sub"), strings.NewReplacer())
	files{
		"flake.nix": strings.ReplaceAll(flake, "FILE", `"root"`), "nest/flake.nix": strings.ReplaceAll(flake, "FILE", `"nest"`),
		"hidden": "x", ".gitattributes": "hidden export-ignore\n",
	}.write(w.T, top, strings.NewReplacer())
	for _, dir := range []string{filepath.Join(w.scratch, "sub"), top} {
		git(w.T, dir, "init", "--quiet", "--initial-branch", "main")
		if dir == top {
			git(w.T, dir, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../sub", "sub")
		}
		git(w.T, dir, "add", ".")
		git(w.T, dir, "commit", "--quiet", "--message", "first")
	}
	git(w.T, top, "branch", "first")
	if err := os.WriteFile(filepath.Join(top, "second"), nil, 0o644); err != nil {
		w.Fatal(err)
	}
	git(w.T, top, "add", ".")
	git(w.T, top, "commit", "--quiet", "--message", "second")
	git(w.T, top, "archive", "--prefix", "t/", "--output", "../t.tar.gz", "HEAD")
	files{"flake.nix": strings.ReplaceAll(flake, "FILE", `(toString (self.revCount or "none"))`), "nest/flake.nix": strings.ReplaceAll(flake, "FILE", `"nest"`)}.
		write(w.T, filepath.Join(w.scratch, "plain"), strings.NewReplacer())
	files{"flake.nix": strings.NewReplacer("FILE", `"depends"`, "INPUTS", `inputs.dep = { url = "path:/var/empty"; flake = false; };`).Replace(whatItSees)}.
		write(w.T, filepath.Join(w.scratch, "depends"), strings.NewReplacer())
	return top
}

const seeing = "nixosConfigurations.reason.config.system.build.toplevel"

// plainNix returns what Nix itself evaluates, without flakeci.
func (w *world) plainNix(ref string, args ...string) (string, error) {
	var out bytes.Buffer
	args = append([]string{"--raw", "--no-write-lock-file", ref + "#" + seeing + ".drvPath"}, args...)
	_, err := w.client.run(w.Context(), call{sub: []string{"eval"}, args: args, stdout: &out})
	return out.String(), err
}

// sees returns what flakeci evaluates.
func (w *world) sees(ref string, o FlakeOptions) (string, error) {
	target, err := w.client.Open(w.Context(), ref, o, w.TempDir())
	if err != nil {
		return "", err
	}
	in, err := instantiate(w.Context(), target, question.Question{Path: strings.Split(seeing, ".")})
	return in.DrvPath, err
}

// hashOf returns the hash of a flake's tree, for use in a reference.
func (w *world) hashOf(f Flake) string {
	var m metadata
	if err := m.decode(f.described); err != nil {
		w.Fatal(err)
	}
	return strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(m.Locked.Parameter("narHash"))
}

// refused reports whether an error says that Nix would ignore a parameter.
func refused(err error, name string) bool {
	var no *NoFlakeError
	return errors.As(err, &no) && strings.Contains(no.Reason, name+"=") && strings.Contains(no.Reason, "Nix 2.")
}

// everyLane runs a test with the binary of each lane, including the one that other tests only
// replay: each loses other parameters.
func everyLane(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	for _, lane := range lanes.Every(t) {
		t.Run("nix-"+lane.Version, func(t *testing.T) {
			t.Parallel()
			w, _ := scenario{noGit: true}.world(t)
			w.client = find(t, Options{Path: lane.Nix, Env: []string{
				"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.file.allow", "GIT_CONFIG_VALUE_0=always",
			}})
			test(w)
		})
	}
}

// flakeci evaluates the same as `nix eval` of the same reference, or says which parameter Nix
// would ignore. If Nix fails, flakeci fails.
func TestParametersAreNotIgnored(t *testing.T) {
	lanes.Heavy(t, "takes some seconds")
	everyLane(t, func(w *world) {
		top := w.parameterWorld()
		first, head := revision(w.T, top, "first"), revision(w.T, top, "main")
		repo, plain := "git+file://"+top, "path:"+filepath.Join(w.scratch, "plain")
		ignored := map[string]string{} // references that must be refused, with the parameter
		old := w.old()
		for ref, of := range map[string]struct {
			name string
			is   bool
		}{
			repo + "?lfs=1":          {"lfs", w.client.Version.Less(Version{2, 27, 0})},
			repo + "?exportIgnore=1": {"exportIgnore", old}, repo + "?verifyCommit=1": {"verifyCommit", old},
			repo + "?submodules=true": {"submodules", true}, repo + "?narHash=sha256-AAAA": {"narHash", true},
		} {
			ignored[ref] = ""
			if of.is {
				ignored[ref] = of.name
			}
		}
		if f, err := w.client.Resolve(w.Context(), repo, FlakeOptions{}); err != nil {
			w.Fatal(err)
		} else if hash := w.hashOf(f); hash == "" {
			w.Error("no hash of the tree is known")
		} else if _, err := w.sees(repo+"?narHash="+hash, FlakeOptions{}); err != nil {
			w.Errorf("the hash of the tree is refused: %v", err)
		}
		refs := []string{
			top, top + "?submodules=1", top + "?dir=nest", top + "?ref=first", top + "?allRefs=1", top + "?shallow=1",
			repo, repo + "?submodules=1", repo + "?submodules=0", repo + "?ref=first", repo + "?rev=" + first, repo + "?ref=main&rev=" + head,
			repo + "?submodules=1&dir=nest", repo + "?dir=nest&rev=" + first, repo + "?submodules=1&rev=" + head, repo + "?shallow=1&submodules=1",
			repo + "?allRefs=1&rev=" + first, repo + "?bogus=1", repo + "?dir=none", repo + "?ref=none",
			plain, plain + "?dir=nest", plain + "?rev=" + head + "&revCount=7", plain + "?lastModified=5", plain + "?submodules=1", plain + "?narHash=sha256-AAAA",
			"file://" + w.scratch + "/t.tar.gz", "tarball+file://" + w.scratch + "/t.tar.gz?dir=nest", "file://" + w.scratch + "/t.tar.gz?dir=nest",
		}
		for ref := range ignored {
			refs = append(refs, ref)
		}
		different := map[string]bool{}
		for _, ref := range refs {
			want, plainly := w.plainNix(ref)
			got, err := w.sees(ref, FlakeOptions{})
			switch name := ignored[ref]; {
			case name != "":
				if !refused(err, name) {
					w.Errorf("%s: %s is ignored by Nix and not refused: %v", ref, name, err)
				}
			case plainly != nil:
				if err == nil {
					w.Errorf("%s: Nix fails and flakeci does not: %v", ref, plainly)
				}
			case err != nil || got != want:
				w.Errorf("%s: flakeci sees %s and Nix %s: %v", ref, got, want, err)
			default:
				different[got] = true
			}
		}
		if len(different) < 9 {
			w.Errorf("the references are of %d trees only: the test sees too little", len(different))
		}
		w.submodulesElsewhere(repo, first, head)
	})
}

// submodulesElsewhere checks a tree that is not committed, the base, and an input that is
// overridden.
func (w *world) submodulesElsewhere(repo, first, head string) {
	w.Helper()
	for _, query := range []string{"?submodules=1", "?submodules=1&dir=nest", "?shallow=1"} {
		f, err := w.client.Resolve(w.Context(), repo+query, FlakeOptions{})
		if err != nil {
			w.Fatal(err)
		}
		base, err := w.client.RefAt(f, first, false)
		if err != nil {
			w.Fatal(err)
		}
		want, plainly := w.plainNix(repo + query + "&rev=" + first)
		if got, err := w.sees(base, FlakeOptions{}); got != want || err != nil || plainly != nil {
			w.Errorf("base %s: flakeci sees %s and Nix %s: %v, %v", base, got, want, err, plainly)
		}
	}
	depends := "path:" + filepath.Join(w.scratch, "depends")
	for _, query := range []string{"?submodules=1", "?rev=" + first, "?submodules=1&rev=" + head, "?shallow=1", "?lfs=1", "?submodules=on"} {
		want, plainly := w.plainNix(depends, "--override-input", "dep", repo+query)
		got, err := w.sees(depends, FlakeOptions{Overrides: []Override{{Name: "dep", Ref: repo + query}}})
		switch {
		case query == "?submodules=on" || query == "?lfs=1" && w.client.Version.Less(Version{2, 27, 0}):
			var no *NoFlakeError
			if !errors.As(err, &no) || no.Input != "dep" {
				w.Errorf("override %s is not refused: %v", query, err)
			}
		case plainly != nil || err != nil || got != want:
			w.Errorf("override %s: flakeci sees %s and Nix %s: %v, %v", query, got, want, err, plainly)
		}
	}
	if err := os.WriteFile(filepath.Join(strings.TrimPrefix(repo, "git+file://"), "second"), []byte("dirty"), 0o644); err != nil {
		w.Fatal(err)
	}
	for _, query := range []string{"", "?submodules=1", "?submodules=1&dir=nest"} {
		want, plainly := w.plainNix(repo + query)
		if got, err := w.sees(repo+query, FlakeOptions{}); got != want || err != nil || plainly != nil {
			w.Errorf("dirty %s: flakeci sees %s and Nix %s: %v, %v", query, got, want, err, plainly)
		}
	}
}
