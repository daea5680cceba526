package question

import (
	"fmt"

	"github.com/flakeci/flakeci/internal/nix/expr"
	"github.com/flakeci/flakeci/internal/nix/unit"
)

// HomeInfo is the user of a home.
type HomeInfo struct {
	Username  string `json:"username"`
	Directory string `json:"directory"`
}

// homeInfoExpr takes the configuration of a home.
const homeInfoExpr = `
  homeInfo = config: { username = text (config.home.username or ""); directory = text (config.home.homeDirectory or ""); };
`

// homeExpr returns the HomeInfo of the home whose activation package is at a path. The
// configuration is next to that package, or around it for a home inside a host. A home
// made by hand may have none.
func homeExpr(path []string) string {
	home := expr.Output(path[:len(path)-1]...)
	return fmt.Sprintf("homeInfo (%s.config or { home = %s; })", home, home)
}

// Unit returns the name of the systemd service with which home-manager's NixOS module
// activates the home.
func (h EmbeddedHome) Unit() string {
	return "home-manager-" + unit.EscapePath(h.Username) + ".service"
}
