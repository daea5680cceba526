package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/matrix"
)

// Discovery is what a flake offers, as a matrix.
type Discovery struct {
	Matrix matrix.Matrix
	// Causes are outputs whose names could not be had. What they would have
	// offered is unknown, so a run with any of them cannot pass.
	Causes []*Cause
}

// Wanted says how far to look.
type Wanted struct {
	// Others asks for checks, packages, shells and formatters too.
	Others bool
	// Embedded says which hosts are evaluated far enough to name the homes
	// inside them, so that these can be shown or selected. Those inside other
	// hosts are found when their host is evaluated. Nil is none.
	Embedded func(host matrix.Cell) bool
}

// Discover asks the flake for its configurations. The error is for a Nix that
// could not be asked, or an interruption.
func Discover(ctx context.Context, t *nix.Target, w Wanted) (Discovery, error) {
	offer, faults, err := t.Inventory(ctx, w.Others)
	if err != nil {
		return Discovery{}, err
	}
	inv := matrix.Inventory{
		NixOS: offer.NixOS, Darwin: offer.Darwin, Formatters: offer.Formatters,
		Checks: outputs(offer.Checks), Packages: outputs(offer.Packages), DevShells: outputs(offer.DevShells),
	}
	if inv.Homes, err = homes(ctx, t, offer); err != nil {
		return Discovery{}, err
	}
	if w.Embedded != nil {
		if inv.Embedded, err = embedded(ctx, t, inv, w.Embedded); err != nil {
			return Discovery{}, err
		}
	}
	d := Discovery{Matrix: matrix.New(inv)}
	var cs causes
	for _, f := range faults {
		c := cs.ofEval(f.Err)
		c.Title = fmt.Sprintf("%s: %s", f.Output, c.Title)
		d.Causes = append(d.Causes, c)
	}
	return d, nil
}

func outputs(attrs []nix.Attr) []matrix.Output {
	var outs []matrix.Output
	for _, a := range attrs {
		outs = append(outs, matrix.Output{System: a.System, Name: a.Name})
	}
	return outs
}

// homes lists the homes wherever people put them. A key that is no user@host
// does not tell whose it is; the configuration does.
func homes(ctx context.Context, t *nix.Target, offer nix.Offer) ([]matrix.Home, error) {
	var bare []nix.Attr
	var list []matrix.Home
	for _, key := range offer.Homes {
		if !strings.Contains(key, "@") {
			bare = append(bare, nix.Attr{Name: key})
		}
	}
	for _, a := range offer.LegacyHomes {
		if !strings.Contains(a.Name, "@") {
			bare = append(bare, a)
		}
	}
	users, err := t.Usernames(ctx, bare)
	if err != nil {
		return nil, err
	}
	for _, key := range offer.Homes {
		list = append(list, matrix.Home{Key: key, Username: users[nix.Attr{Name: key}]})
	}
	for _, a := range offer.LegacyHomes {
		list = append(list, matrix.Home{Key: a.Name, System: a.System, Username: users[a]})
	}
	return list, nil
}

// embedded names the homes inside hosts. Of a NixOS and a darwin host with one
// name the NixOS one counts, as everywhere.
func embedded(ctx context.Context, t *nix.Target, inv matrix.Inventory, wanted func(matrix.Cell) bool) ([]matrix.Embedded, error) {
	var hosts []nix.Host
	for _, c := range matrix.New(inv).Cells {
		isHost := c.Kind == matrix.KindNixOS || c.Kind == matrix.KindDarwin && !slices.Contains(inv.NixOS, c.Host)
		if isHost && wanted(c) {
			hosts = append(hosts, nix.Host{Output: c.Path[0], Name: c.Host})
		}
	}
	users, err := t.EmbeddedUsers(ctx, hosts)
	if err != nil {
		return nil, err
	}
	var list []matrix.Embedded
	for _, h := range hosts {
		for _, user := range users[h] {
			list = append(list, matrix.Embedded{Host: h.Name, User: user})
		}
	}
	return list, nil
}
