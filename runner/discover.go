package runner

import (
	"context"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/cause"
	"github.com/flakeci/flakeci/runner/retry"
)

// Discovery is what a flake offers, as a matrix.
type Discovery struct {
	Matrix matrix.Matrix
	// Causes are outputs whose names could not be had. What they would have
	// offered is unknown, so a run with any of them cannot pass.
	Causes []*result.Cause
	// Rest waits for what takes longer to be listed and gives the whole. It is nil
	// if this is the whole.
	Rest func() (Discovery, error)
}

// Whole waits for all that was asked for.
func (d Discovery) Whole() (Discovery, error) {
	if d.Rest == nil {
		return d, nil
	}
	return d.Rest()
}

// Wanted says how far to look.
type Wanted struct {
	// Others asks for checks, packages, shells and formatters too.
	Others bool
	// Users asks homes whose key is no user@host for whom they are, which is to
	// evaluate most of each. Else the key stands for the user until the home is
	// evaluated in the run.
	Users bool
	// Embedded says which hosts are evaluated far enough to name the homes
	// inside them, so that these can be shown or selected. Those inside other
	// hosts are found when their host is evaluated. Nil is none.
	Embedded func(host matrix.Cell) bool
	// Retries is how often names are asked for again if something could not be
	// fetched that may be there then. Again is told before each time why.
	Retries int
	Again   func(error)
}

// list asks for names.
func (w Wanted) list(ctx context.Context, ask func(context.Context) (nix.Offer, []nix.Fault, error)) (offer nix.Offer, faults []nix.Fault, err error) {
	_ = retry.Do(ctx, w.Retries, func() error {
		if offer, faults, err = ask(ctx); err != nil {
			return err
		}
		for _, f := range faults {
			if nix.Transient(f.Err) {
				return f.Err
			}
		}
		return nil
	}, w.Again)
	return offer, faults, err
}

// Discover asks the flake for its configurations. Hosts and homes are listed when
// it returns; others may still be on their way, see [Discovery.Rest]. The error is
// for a Nix that could not be asked, or an interruption.
func Discover(ctx context.Context, t *nix.Target, w Wanted) (Discovery, error) {
	var rest func() (nix.Offer, []nix.Fault, error)
	if w.Others {
		rest = w.others(ctx, t)
	}
	offer, faults, err := w.list(ctx, t.Inventory)
	if err != nil {
		return Discovery{}, err
	}
	inv := matrix.Inventory{NixOS: offer.NixOS, Darwin: offer.Darwin}
	if inv.Homes, err = homes(ctx, t, offer, w.Users); err != nil {
		return Discovery{}, err
	}
	if w.Embedded != nil {
		if inv.Embedded, err = embedded(ctx, t, inv, w.Embedded); err != nil {
			return Discovery{}, err
		}
	}
	d := discovery(ctx, inv, faults)
	if rest != nil {
		d.Rest = func() (Discovery, error) {
			offer, more, err := rest()
			inv.Formatters, inv.Checks = offer.Formatters, outputs(offer.Checks)
			inv.Packages, inv.DevShells = outputs(offer.Packages), outputs(offer.DevShells)
			return discovery(ctx, inv, slices.Concat(faults, more)), err
		}
	}
	return d, nil
}

// others begins to ask for what else there is, and gives what waits for it.
func (w Wanted) others(ctx context.Context, t *nix.Target) func() (nix.Offer, []nix.Fault, error) {
	var offer nix.Offer
	var faults []nix.Fault
	var err error
	done := make(chan struct{})
	safely.Go(func() {
		defer close(done)
		offer, faults, err = w.list(ctx, t.Others)
	})
	return func() (nix.Offer, []nix.Fault, error) {
		<-done
		return offer, faults, err
	}
}

func discovery(ctx context.Context, inv matrix.Inventory, faults []nix.Fault) Discovery {
	d := Discovery{Matrix: matrix.New(inv)}
	var causes cause.Registry
	lost := map[*result.Cause][]string{}
	for _, f := range faults {
		c := causes.OfEval(ctx, f.Err)
		if lost[c] == nil {
			d.Causes = append(d.Causes, c)
		}
		lost[c] = append(lost[c], f.Output)
	}
	for _, c := range d.Causes {
		// Where not one could be listed, it is the flake that does not evaluate.
		if names := lost[c]; len(names) < nix.Listings {
			c.Title = strings.Join(names, ", ") + ": " + c.Title
		}
	}
	return d
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
func homes(ctx context.Context, t *nix.Target, offer nix.Offer, ask bool) ([]matrix.Home, error) {
	all := slices.Clone(offer.LegacyHomes)
	for _, key := range offer.Homes {
		all = append(all, nix.Attr{Name: key})
	}
	var users map[nix.Attr]string
	if ask {
		var err error
		bare := slices.DeleteFunc(slices.Clone(all), func(a nix.Attr) bool { return strings.Contains(a.Name, "@") })
		if users, err = t.Usernames(ctx, bare); err != nil {
			return nil, err
		}
	}
	var list []matrix.Home
	for _, a := range all {
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
