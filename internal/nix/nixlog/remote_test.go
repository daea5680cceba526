package nixlog

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/result"
)

// messageRecord is a message of the build hook as Nix relays it.
func messageRecord(level int, text string) []byte {
	fields, err := json.Marshal(map[string]any{"action": "msg", "level": level, "msg": text})
	if err != nil {
		panic(err)
	}
	return []byte(string(recordPrefix) + string(fields))
}

// Why nothing builds something: the words of 2.34 and of 2.8, which does not name it.
func TestRemoteBuilders(t *testing.T) {
	const (
		name       = "3k67v262iq6anbbnysjnl4fbgj8lwf4l-x.drv"
		drv        = "/nix/store/" + name
		disabled   = "Cannot build '" + drv + "'.\nReason: local builds are disabled (max-jobs = 0)\nHint: set 'max-jobs' to a non-zero value"
		disabled8  = "unable to start any build; remote machines may not have all required system features.\nhttps://nixos.org"
		none8      = "unable to start any build; either increase '--max-jobs' or enable remote builds.\nhttps://nixos.org"
		mismatch   = "Cannot build '" + drv + "'.\nReason: platform mismatch\nRequired system: 'aarch64-linux'\nCurrent system: 'x86_64-linux'"
		notFound   = "Failed to find a machine for remote build!\nderivation: " + name + "\nrequired (system, features): "
		available  = "\n1 available machines:\n(systems, maxjobs, supportedFeatures, mandatoryFeatures)\n"
		unresolved = "ssh: Could not resolve hostname b: Name or service not known"
	)
	type want struct {
		kind                  result.CauseKind
		server, reason, other string
		transient             bool
	}
	tests := map[string]struct {
		plain, remote, asked, err string
		want                      want
	}{
		"none":            {err: disabled, want: want{kind: result.CauseBuilder, reason: "max-jobs is 0, and no builder is named"}},
		"none in 2.8":     {err: none8, want: want{kind: result.CauseBuilder, reason: "max-jobs is 0, and no builder is named"}},
		"dead":            {remote: "cannot build on 'ssh://u@b': error: failed to start SSH connection to 'b': " + unresolved, asked: "(x86_64-linux, [])" + available + "([x86_64-linux], 1, [], [])", err: disabled, want: want{result.CauseBuilder, "ssh://b", strings.TrimPrefix(unresolved, "ssh: "), "", true}},
		"dead in 2.8":     {remote: "cannot build on 'ssh://b': error: cannot connect to 'b': " + unresolved, asked: "(x86_64-linux, )" + available + "(x86_64-linux, 1, , )", err: disabled8, want: want{result.CauseBuilder, "ssh://b", strings.TrimPrefix(unresolved, "ssh: "), "", true}},
		"no key":          {remote: "cannot build on 'ssh://b': error: failed to start SSH connection to 'b': git@h: Permission denied (publickey).", err: disabled, want: want{result.CauseBuilder, "ssh://b", "git@h: Permission denied (publickey).", "", false}},
		"ssh-ng":          {plain: unresolved, remote: "cannot build on 'ssh-ng://b': error: failed to start SSH connection to 'b'", err: disabled, want: want{result.CauseBuilder, "ssh-ng://b", "Could not resolve hostname b: Name or service not known", "", true}},
		"ssh-ng in 2.8":   {plain: unresolved, remote: "cannot build on 'ssh-ng://b': error: cannot open connection to remote store 'ssh-ng://b': error: unexpected end-of-file", err: disabled8, want: want{result.CauseBuilder, "ssh-ng://b", "Could not resolve hostname b: Name or service not known", "", true}},
		"gone":            {remote: "cannot build on 'ssh-ng://b': error: cannot open connection to remote store 'ssh-ng://b': error: unexpected end-of-file", err: disabled8, want: want{result.CauseBuilder, "ssh-ng://b", "unexpected end-of-file", "", true}},
		"two":             {remote: "cannot build on 'ssh://a': error: failed to start SSH connection to 'a': no\ncannot build on 'ssh://b': error: failed to start SSH connection to 'b': no", err: disabled, want: want{result.CauseBuilder, "ssh://a, ssh://b", "no", "", false}},
		"other system":    {remote: "cannot build on 'ssh://b': error: no", asked: "(x86_64-linux, [kvm, nixos-test])" + available + "([aarch64-linux, armv7l-linux], 4, [kvm], [])", err: disabled, want: want{kind: result.CauseBuilder, reason: "max-jobs is 0, and no builder takes x86_64-linux with kvm, nixos-test"}},
		"features in 2.8": {asked: "(x86_64-linux, kvm)" + available + "(i686-linux, x86_64-linux, 1, , big-parallel)", err: disabled8, want: want{kind: result.CauseBuilder, reason: "max-jobs is 0, and no builder takes x86_64-linux with kvm"}},
		"foreign":         {remote: "cannot build on 'ssh://b': error: no", asked: "(aarch64-linux, [])" + available + "([aarch64-linux], 1, [], [])", err: mismatch, want: want{result.CauseBuilder, "ssh://b", "no", "aarch64-linux", false}},
		"foreign to all":  {remote: "cannot build on 'ssh://b': error: no", asked: "(aarch64-linux, [])" + available + "([x86_64-linux], 1, [], [])", err: mismatch, want: want{kind: result.CauseSystem, other: "aarch64-linux"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			log := NewBuildLog(BuildWatcher{})
			if tt.plain != "" {
				log.Line([]byte(tt.plain))
			}
			for text := range strings.SplitSeq(tt.remote, "\n") {
				log.Line(messageRecord(levelError, text))
			}
			if tt.asked != "" {
				log.Line(messageRecord(levelWarning, notFound+tt.asked))
			}
			log.Line(errorRecord(tt.err))
			f := log.Unnamed("")
			if leaves, _ := log.Failures(); len(leaves) == 1 {
				f = leaves[0]
			}
			if got := (want{f.Kind, f.Server, f.Reason, f.System, f.Transient()}); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}
