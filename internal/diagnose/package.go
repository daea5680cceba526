package diagnose

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

var (
	// What nixpkgs says, in older and newer versions, about a package that it refuses to evaluate.
	packageRE = regexp.MustCompile("(?s)^(?:Package|Refusing to evaluate package) [‘'`\"]([^’'\"\\n]+)[’'\"] in .+?,? (?:because it )?" +
		`((?:has an? |has the following |is marked |is not |contains |has problems:\n- )[^\n]*)`)
	refusingRE    = regexp.MustCompile(`,? refusing to evaluate\.?|[.:]?\s*$`)
	remediationRE = regexp.MustCompile(`(?s)\n(?:a\) |\n(?:See also |You can |If you |To temporarily |For ` + "`" + `nix)).*`)
	// Since 2026 nixpkgs lists what is wrong with a package.
	problemRE     = regexp.MustCompile(`^has problems:\s+- ([\w-]+): (.+?)\.?$`)
	problemKindRE = regexp.MustCompile(`^has a problem \(([\w-]+)\): `)
	versionRE     = regexp.MustCompile(`-[^a-zA-Z].*$`)
	quotesRE      = regexp.MustCompile(`[‘’]`)
)

// isPackage finds a package that nixpkgs refuses to evaluate, and why.
func isPackage(e *nixlog.EvalError) []string {
	m := packageRE.FindStringSubmatch(strings.TrimSpace(e.Message))
	if m == nil {
		return nil
	}
	return []string{m[1], problemRE.ReplaceAllString(refusingRE.ReplaceAllString(m[2], ""), "has a problem ($1): $2")}
}

// advisePackage names the package and why nixpkgs refuses it. All cells that need it share one
// cause. It leaves out the page of advice that follows: most of that is about commands without a
// flake.
func advisePackage(c *result.Cause, _ *nixlog.EvalError, found []string) {
	name, why := found[0], quotesRE.ReplaceAllString(found[1], "")
	if strings.HasPrefix(why, "has a problem (broken)") {
		why = "is marked as broken"
	}
	c.Key = result.NewCauseKey(c.Kind, "package", name, why)
	c.Title = notEvaluated + firstLine(fmt.Sprintf("package %s %s", name, why))
	c.Message = strings.TrimSpace(remediationRE.ReplaceAllString(c.Message, ""))
	list := fmt.Sprintf(`builtins.elem (lib.getName pkg) [ "%s" ]`, versionRE.ReplaceAllString(name, ""))
	allow := ""
	switch {
	case strings.Contains(why, "unfree"):
		allow = "allowUnfreePredicate = pkg: " + list
	case strings.Contains(why, "insecure"):
		allow = fmt.Sprintf(`permittedInsecurePackages = [ "%s" ]`, name)
	case strings.Contains(why, "broken"):
		c.Hint = "use another version, or try it anyway: nixpkgs.config.allowBroken = true"
		return
	case strings.Contains(why, "not available") || strings.Contains(why, "not supported"):
		c.Hint = "leave it out on this system (lib.meta.availableOn), or try it anyway: nixpkgs.config.allowUnsupportedSystem = true"
		return
	case strings.Contains(why, "source"):
		allow = "allowNonSourcePredicate = pkg: " + list
	case problemKindRE.MatchString(why):
		allow = fmt.Sprintf(`problems.handlers.%s.%s = "warn"`, versionRE.ReplaceAllString(name, ""), problemKindRE.FindStringSubmatch(why)[1])
	default:
		return
	}
	c.Hint = fmt.Sprintf("allow it: nixpkgs.config.%s; if the flake imports nixpkgs itself, config.%[1]s", allow)
}
