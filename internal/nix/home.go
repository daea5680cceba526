package nix

import (
	"fmt"
	"regexp"
	"strings"
)

// HomeInfo is whom a home is for.
type HomeInfo struct {
	Username  string `json:"username"`
	Directory string `json:"directory"`
}

// What is read for showing must not fail, whatever stands there.
const textExpr = `
  text = value: let
    got = builtins.tryEval (if builtins.isString value || builtins.isPath value then plain (toString value) else "");
  in if got.success then got.value else "";
`

// whoseExpr takes the configuration of a home.
const whoseExpr = `
  whose = config: { username = text (config.home.username or ""); directory = text (config.home.homeDirectory or ""); };
`

// homeExpr gives the HomeInfo of the home whose activation package is at path.
// Its configuration stands beside that, and around it for a home inside a host;
// a home made by hand may have none.
func homeExpr(path []string) string {
	home := "f.outputs" + selector(path[:len(path)-1])
	return fmt.Sprintf("whose (%s.config or { home = %s; })", home, home)
}

// Unit is the name of the systemd service that home-manager's NixOS module
// activates the home with.
func (h EmbeddedHome) Unit() string {
	return "home-manager-" + escapeSystemdPath(h.Username) + ".service"
}

var slashesRE = regexp.MustCompile(`/+`)

// escapeSystemdPath does what the function of that name in nixpkgs'
// nixos/lib/utils.nix does, whose list of characters is its own.
func escapeSystemdPath(s string) string {
	s = slashesRE.ReplaceAllString(s, "/")
	if s != "/" {
		s = strings.TrimSuffix(strings.TrimPrefix(s, "/"), "/")
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '/':
			b.WriteByte('-')
		case c == '.' && i == 0, strings.IndexByte(" !\"#$%&'()*+,;<=>@[\\]^`{|}~-", c) >= 0:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
