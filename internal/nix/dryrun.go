package nix

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// Plan is what `nix build --dry-run` foresees: derivations that will be built
// and paths that will be fetched. Both empty: everything is in the store.
type Plan struct {
	Build, Fetch []string
	// Without are binary caches that Nix goes on without, as they are out of reach:
	// what they have is built. By scheme://host, with the reason.
	Without map[string]string
}

// DryRun asks what building derivations would take, all together.
func (c *Client) DryRun(ctx context.Context, drvs ...string) (Plan, error) {
	if len(drvs) == 0 {
		return Plan{}, nil // Nix would look at the flake in this folder
	}
	var p planLog
	k := realise(drvs, "--dry-run")
	k.limit = c.limits.fetching(ctx)
	var log stderrLog
	k.line = func(line []byte) {
		p.line(line)
		log.line(line)
	}
	_, err := c.run(ctx, k)
	log.explain(err)
	if err == nil && len(p.unknown) > 0 {
		err = fmt.Errorf("nix cannot build %s", strings.Join(p.unknown, " "))
	}
	return p.plan, err
}

// cacheInfoRE finds what Nix asks a binary cache for first, and then goes on without.
// What it says before it tries again ends with that.
var cacheInfoRE = regexp.MustCompile(`/nix-cache-info': (?:[^;]|; [^r])*$`)

// planLog reads the lists of a dry run: a heading for each, then indented
// paths.
type planLog struct {
	plan Plan
	// unknown is what there is no derivation for, which newer versions find
	// nothing wrong with in a dry run.
	unknown []string
	into    *[]string
}

func (p *planLog) line(line []byte) {
	r, ok := parseRecord(line)
	if !ok || r.Action != "msg" {
		return
	}
	msg := stripSGR(r.Msg)
	if m := downloadRE.FindStringSubmatch(msg); m != nil && cacheInfoRE.MatchString(msg) {
		if p.plan.Without == nil {
			p.plan.Without = map[string]string{}
		}
		p.plan.Without[userRE.ReplaceAllString(m[1], "://")] = strings.TrimSpace(m[2])
	}
	path, indented := strings.CutPrefix(msg, "  ")
	switch {
	case indented && p.into != nil && strings.HasPrefix(path, "/"):
		*p.into = append(*p.into, path)
	case strings.Contains(msg, "will be built"):
		p.into = &p.plan.Build
	case strings.Contains(msg, "will be fetched"):
		p.into = &p.plan.Fetch
	case strings.Contains(msg, "don't know how to build"):
		p.into = &p.unknown
	default:
		p.into = nil
	}
}
