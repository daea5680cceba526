package nix

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/expr"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/nix/storepath"
)

// instantiate asks one question.
func instantiate(ctx context.Context, target *Target, q question.Question) (in question.Instance, err error) {
	_, died := target.Instantiate(ctx, Batch{Questions: []question.Question{q}, Answered: func(_ int, got question.Instance, wrong error) bool {
		in, err = got, wrong
		return true
	}})
	return in, errors.Join(err, died)
}

// instantiated returns an instance in short, or the error.
func (w *world) instantiated(target *Target, q question.Question) string {
	w.Helper()
	in, err := instantiate(w.Context(), target, q)
	var e *nixlog.EvalError
	switch {
	case errors.As(err, &e):
		return "error: " + e.Error()
	case err != nil:
		w.Errorf("%v: %v", q.Path, err)
		return ""
	case in.Skip != "":
		return "skip: " + in.Skip
	}
	text := storepath.Name(in.DrvPath) + " for " + in.System
	if in.Home != nil {
		text += fmt.Sprintf(", of %q in %q", in.Home.Username, in.Home.Directory)
	}
	for _, h := range in.Homes {
		text += fmt.Sprintf(", %s: %s", h.User, storepath.Name(h.Instance.DrvPath))
		if *h.Instance.Home != (question.HomeInfo{}) {
			text += fmt.Sprintf(" of %q in %q by %s", h.Instance.Home.Username, h.Directory, h.Unit())
		}
	}
	return text
}

const cells = `{
  outputs = { self }:
    let
      drv = name: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; };
      meta = name: meta: drv name // { inherit meta; };
      home = name: { home = { username = name + "-login"; activationPackage = drv "home-${name}"; }; };
      host = users: { config = { system.build.toplevel = drv "top"; home-manager = { inherit users; }; }; };
    in {
      packages.x86_64-linux = {
        plain = drv "plain";
        empty-meta = meta "empty-meta" { };
        not-hydra = meta "not-hydra" { hydraPlatforms = [ ]; };
        hydra = meta "hydra" { hydraPlatforms = [ "aarch64-linux" ]; };
        unsupported = meta "unsupported" { unsupported = true; };
        bad = meta "bad" { badPlatforms = [ "x86_64-linux" ]; };
        elsewhere = meta "elsewhere" { platforms = [ "aarch64-linux" ]; };
        here = meta "here" { platforms = [ "aarch64-linux" "x86_64-linux" ]; };
        pattern = meta "pattern" { platforms = [ { cpu = "arm"; } "aarch64-linux" ]; };
        skipped-throws = { meta.hydraPlatforms = [ ]; type = "derivation"; drvPath = throw "never asked"; };
        number = 5;
        set = { };
        forged = { type = "derivation"; drvPath = "--option"; system = "x"; outputs = [ ]; };
        forged-output = drv "n" // { outputs = [ "out" "b" ]; b.outPath = "--store"; };
        forged-folder = drv "n" // { out.outPath = "/tmp/00000000000000000000000000000000-n"; };
        forged-escape = drv "n" // { out.outPath = "\x1b[2J\n"; };
        forged-output-name = drv "n" // { outputs = [ "--store" ]; "--store" = drv "n"; };
        forged-system = drv "n" // { system = "--store"; };
        forged-reference = drv "n" // { drvPath = "/nix/store/00000000000000000000000000000000-n#x.drv"; };
        placeholder = drv "n" // { out.outPath = "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"; };
        number-system = drv "n" // { system = 5; };
        multiple = derivation { name = "multiple"; system = "x86_64-linux"; builder = "/bin/sh"; outputs = [ "out" "man" "dev" ]; };
      };
      darwinConfigurations = {
        new.system = drv "darwin";
        old.config.system.build.toplevel = drv "darwin-old";
        throws.system = throw "no mac";
      };
      nixosConfigurations = {
        plain.config.system.build.toplevel = drv "top";
        two = host { joachim = home "joachim"; "o.dd ü" = home "odd"; };
        unnamed = host { work.home.activationPackage = drv "home-work"; };
        no-home = host { work.home.activationPackage = 5; };
        throws = host { work.home.activationPackage = throw "no home"; };
      };
    };
}
`

func TestInstantiate(t *testing.T) {
	pkg := func(name string) question.Question {
		return question.Question{Path: []string{"packages", "x86_64-linux", name}, Skippable: true}
	}
	host := func(name string) question.Question {
		return question.Question{Path: []string{"nixosConfigurations", name, "config", "system", "build", "toplevel"}, Embedded: true}
	}
	darwin := func(name string) question.Question {
		base := []string{"darwinConfigurations", name}
		return question.Question{Path: append(base[:2:2], "system"), Fallback: append(base[:2:2], "config", "system", "build", "toplevel")}
	}
	tests := []struct {
		question question.Question
		want     string // … stands for what versions place or word differently
	}{
		{pkg("plain"), "plain for x86_64-linux"},
		{pkg("empty-meta"), "empty-meta for x86_64-linux"},
		{pkg("not-hydra"), "skip: meta.hydraPlatforms is empty"},
		{pkg("hydra"), "hydra for x86_64-linux"},
		{pkg("unsupported"), "skip: does not support x86_64-linux"},
		{pkg("bad"), "skip: does not support x86_64-linux"},
		{pkg("elsewhere"), "skip: does not support x86_64-linux"},
		{pkg("here"), "here for x86_64-linux"},
		{pkg("pattern"), "pattern for x86_64-linux"},
		{pkg("skipped-throws"), "skip: meta.hydraPlatforms is empty"},
		{pkg("number"), "error: packages.x86_64-linux.number is not a derivation: it is of type int"},
		{pkg("set"), "error: packages.x86_64-linux.set is not a derivation: it is of type set"},
		{pkg("forged"), "error: packages.x86_64-linux.forged is not a derivation: its drvPath is \"--option\""},
		{pkg("forged-output"), "error: packages.x86_64-linux.forged-output is not a derivation: the path of its output b is \"--store\""},
		{pkg("forged-folder"), "error: packages.x86_64-linux.forged-folder is not a derivation: the path of its output out is \"/tmp/00000000000000000000000000000000-n\""},
		{pkg("forged-escape"), "error: packages.x86_64-linux.forged-escape is not a derivation: the path of its output out is \"x1b[2J\\n\""},
		{pkg("forged-output-name"), "error: packages.x86_64-linux.forged-output-name is not a derivation: it has an output \"--store\""},
		{pkg("forged-system"), "error: packages.x86_64-linux.forged-system is not a derivation: its system is \"--store\""},
		{pkg("forged-reference"), "error: packages.x86_64-linux.forged-reference is not a derivation: its drvPath is \"/nix/store/00000000000000000000000000000000-n#x.drv\""},
		{pkg("placeholder"), "n for x86_64-linux"},
		{pkg("number-system"), "error: …"},
		{pkg("multiple"), "multiple for x86_64-linux"},
		{pkg("none"), "error: …attribute 'none' missing"},
		{darwin("new"), "darwin for x86_64-linux"},
		{darwin("old"), "darwin-old for x86_64-linux"},
		{darwin("throws"), "error: …no mac"},
		{host("plain"), "top for x86_64-linux"},
		{host("two"), "top for x86_64-linux, joachim: home-joachim of \"joachim-login\" in \"\" by home-manager-joachim\\x2dlogin.service, o.dd ü: home-odd of \"odd-login\" in \"\" by home-manager-odd\\x2dlogin.service"},
		{host("unnamed"), "top for x86_64-linux, work: home-work"},
		{host("no-home"), "error: nixosConfigurations.no-home.config.home-manager.users.work.home.activationPackage is not a derivation: it is of type int"},
		{host("throws"), "error: …no home"},
	}
	eachLane(t, func(w *world) {
		files{"flake.nix": cells}.write(w.T, w.dir, strings.NewReplacer())
		target := w.mustOpen()
		for _, tt := range tests {
			got := w.instantiated(target, tt.question)
			if in, err := instantiate(w.Context(), target, tt.question); err != nil && (in.DrvPath != "" || in.Outputs != nil) {
				w.Errorf("%v: %+v is left", tt.question.Path, in)
			}
			start, end, open := strings.Cut(tt.want, "…")
			if !(open && strings.HasPrefix(got, start) && strings.HasSuffix(got, end) || got == tt.want) {
				w.Errorf("%v\n got %q\nwant %q", tt.question.Path, got, tt.want)
			}
		}
		in, err := instantiate(w.Context(), target, pkg("multiple"))
		if err != nil || len(in.Outputs) != 3 || !strings.HasSuffix(in.Outputs["man"], "-multiple-man") {
			w.Errorf("outputs %v, error %v", in.Outputs, err)
		}
	})
}

// An attribute name is whatever a person writes between quotes.
func TestOddNames(t *testing.T) {
	names := []string{"a.b", "a b", `a"b`, "a'b", "a''b", "a${b}", "a$${b}", "$", "a$", `a\b`, `\`, "a\nb", "a\r\tb", "ü ß 日本", "joachim@reason", "--option", "", "«x»", "*?[", "or", "let"}
	var flake strings.Builder
	flake.WriteString("{ outputs = { self }: { nixosConfigurations = {\n")
	for i, name := range names {
		fmt.Fprintf(&flake, "%s.config.system.build.toplevel = derivation { name = \"drv-%d\"; system = \"x86_64-linux\"; builder = \"/bin/sh\"; };\n", expr.Quote(name), i)
	}
	flake.WriteString("}; }; }\n")
	eachLane(t, func(w *world) {
		files{"flake.nix": flake.String()}.write(w.T, w.dir, strings.NewReplacer())
		target := w.mustOpen()
		offer, faults, err := target.Inventory(w.Context())
		if err != nil || faults != nil || len(offer.NixOS) != len(names) {
			w.Fatalf("offer %q, faults %v, error %v", offer.NixOS, faults, err)
		}
		listed := map[string]bool{}
		for _, name := range offer.NixOS {
			listed[name] = true
		}
		for i, name := range names {
			if !listed[name] {
				w.Errorf("%q is not listed", name)
			}
			in, err := w.host(target, name)
			if err != nil || storepath.Name(in.DrvPath) != fmt.Sprintf("drv-%d", i) {
				w.Errorf("%q: got %+v, %v", name, in, err)
			}
		}
	})
}

// An answer is lost if another program wrote into its line. The error is about its question.
// No other question gets that error, or the answer of its neighbor.
func TestALostAnswer(t *testing.T) {
	eachLane(t, func(w *world) {
		files{"flake.nix": cells}.write(w.T, w.dir, strings.NewReplacer())
		target := w.mustOpen()
		// So do git and ssh when they ask for a password.
		w.client.path = w.script("#!/bin/sh\n" + `exec 3>&1; "` + w.client.path + `" "$@" 2>&1 >&3 | sed "/answer:1 /s/^/Password: /" >&2` + "\n")
		w.client.answerPrefix = "answer:"
		for _, next := range []string{"hydra", "absent"} {
			var b Batch
			for _, name := range []string{"plain", "here", next, "multiple"} {
				b.Questions = append(b.Questions, question.Question{Path: []string{"packages", "x86_64-linux", name}})
			}
			var got []string
			b.Answered = func(_ int, in question.Instance, err error) bool {
				got = append(got, storepath.Name(in.DrvPath))
				return true
			}
			_, err := target.Instantiate(w.Context(), b)
			if text := strings.Join(got, " "); text != "plain" || err == nil || !strings.Contains(err.Error(), "1 answers to 4 questions") {
				w.Errorf("%s: got %s, %v", next, text, err)
			}
		}
	})
}

// script writes a program that replaces Nix.
func (w *world) script(text string) string {
	w.Helper()
	path := filepath.Join(w.scratch, "script")
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		w.Fatal(err)
	}
	return path
}

// A host names the homes inside it even if one of them is broken.
func TestUsers(t *testing.T) {
	eachLane(t, func(w *world) {
		files{"flake.nix": homes}.write(w.T, w.dir, strings.NewReplacer())
		in, err := instantiate(w.Context(), w.mustOpen(), question.Question{Path: []string{"nixosConfigurations", "embedding", "config"}, Users: true})
		if err != nil || len(in.Homes) != 2 || in.Homes[0].User != "joachim" || in.Homes[1].User != "o.dd" {
			w.Errorf("got %+v, %v", in.Homes, err)
		}
	})
}
