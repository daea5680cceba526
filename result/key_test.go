package result_test

import (
	"testing"

	"github.com/flakeci/flakeci/result"
)

// One fault has one key, whenever and wherever it comes up; another fault has another.
func TestStableKey(t *testing.T) {
	type causes []result.Cause
	at := func(file string, line int, message string) result.Cause {
		return result.Cause{Kind: result.CauseEval, Title: "does not evaluate", Message: message, Location: &result.Location{File: file, Line: line}}
	}
	build := func(drv string) result.Cause { return result.Cause{Kind: result.CauseBuild, DrvPath: drv} }
	const a, b = "0123456789abcdfghijklmnpqrsvwxyz", "zyxwvsrqpnmlkjihgfdcba9876543210"
	groups := []causes{
		{at("flake.nix", 3, "no kernel"), at("flake.nix", 7, "no kernel"), at("flake.nix", 3, " no\n kernel ")},
		{at("flake.nix", 3, "no disk")},
		{at("other.nix", 3, "no kernel")},
		{at("", 0, "no kernel"), {Kind: result.CauseEval, Message: "no kernel"}, {Kind: result.CauseEval, Title: "no kernel"}},
		{{Kind: result.CauseInput, Message: "no kernel"}},
		{
			{Kind: result.CauseActivation, Title: "activation of home/a failed", Message: "[  1.2] no"},
			{Kind: result.CauseActivation, Title: "activation of home/a failed", Message: "[  1.3] no"},
		},
		{build("/nix/store/" + a + "-frob-1.2.drv"), build("/nix/store/" + b + "-frob-1.2.drv")},
		{build("/nix/store/" + a + "-frob-1.3.drv")},
		{
			at("x.nix", 1, "file '/nix/store/"+a+"-source/gone.nix' at /nix/store/"+a+"-source/x.nix:3:5 does not exist"),
			at("x.nix", 1, "file '/nix/store/"+b+"-source/gone.nix' at /nix/store/"+b+"-source/x.nix:14:1 does not exist"),
		},
		{
			at("x.nix", 1, "attribute ‘gitt’ missing at «git+file:///a?rev=1111111111111111111111111111111111111111»/x.nix:3:5"),
			at("x.nix", 1, "attribute 'gitt' missing at «git+file:///b?rev=2222222222222222222222222222222222222222»/x.nix:9:9\nDid you mean git?"),
		},
		{
			at("x.nix", 1, "hash mismatch, got sha256-"+a+a+"abcdefghijk="),
			at("x.nix", 1, "hash mismatch, got sha256-"+b+b+"ABCDEFGHIJK="),
		},
		{{Kind: result.CauseInfra, Key: "infra-of-its-own", Message: "a"}, {Key: "infra-of-its-own", DrvPath: "/b.drv"}},
	}
	seen := map[string]int{}
	for i, group := range groups {
		for _, c := range group {
			key := c.StableKey()
			if other, there := seen[key]; there && other != i {
				t.Errorf("%+v has the key of group %d", c, other)
			}
			if key != group[0].StableKey() {
				t.Errorf("%+v has a key of its own", c)
			}
			seen[key] = i
		}
	}
}
