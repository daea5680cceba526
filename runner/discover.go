package runner

import (
	"context"
	"maps"
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
	// Inventory is what the matrix is made of.
	Inventory matrix.Inventory
	Matrix    matrix.Matrix
	// Causes say why outputs could not be listed. What those offer is unknown, so a run with such
	// a cause cannot pass.
	Causes []*result.Cause
	// Seen counts what is in outputs that flakeci does not test.
	Seen []result.NotTested
	// Rest waits for what takes longer to list and returns the complete discovery. It is nil
	// if this one is complete.
	Rest func() (Discovery, error)
}

// Complete waits for everything that was asked for.
func (d Discovery) Complete() (Discovery, error) {
	if d.Rest == nil {
		return d, nil
	}
	return d.Rest()
}

// DiscoverOptions say what to list.
type DiscoverOptions struct {
	// Others lists checks, packages, shells and formatters, too.
	Others bool
	// Users finds the users of homes whose key is not user@host, and the hosts of homes that do
	// not name their host by its key. That evaluates most of each. Without it, the key stands for
	// the user, and the home has no host, until the run evaluates them.
	Users bool
	// Embedded reports whether to evaluate a host far enough to name the homes inside it, so
	// that they can be shown or selected. Homes inside other hosts are found when the run
	// evaluates their host. Nil means no host.
	Embedded func(host result.Cell) bool
	// Retries is how often to ask again after a transient error. Again gets the error first.
	Retries int
	Again   func(error)
}

// list asks for names, again after a transient error.
func (w DiscoverOptions) list(ctx context.Context, ask func(context.Context) (nix.Offer, []nix.Fault, error)) (offer nix.Offer, faults []nix.Fault, err error) {
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

// Discover lists what the flake offers: hosts and homes, and the rest with [Discovery.Rest]. It
// returns an error if Nix could not be queried, or was interrupted.
func Discover(ctx context.Context, t *nix.Target, w DiscoverOptions) (Discovery, error) {
	var rest func() (nix.Offer, []nix.Fault, error)
	if w.Others {
		rest = w.others(ctx, t)
	}
	offer, faults, err := w.list(ctx, t.Inventory)
	if err != nil {
		return Discovery{}, err
	}
	inv := matrix.Inventory{
		NixOS: offer.NixOS, Darwin: offer.Darwin, Colmena: offer.Colmena, Nested: outputs(offer.LegacyNixOS),
		Droid: offer.Droid, Managed: outputs(offer.Managed),
	}
	if inv.Homes, err = homes(ctx, t, offer, w.Users); err != nil {
		return Discovery{}, err
	}
	if err := askHosts(ctx, t, &inv, w); err != nil {
		return Discovery{}, err
	}
	d := discovery(ctx, inv, faults)
	seen := notTested(offer.Seen)
	d.Seen = seen
	if rest != nil {
		d.Rest = func() (Discovery, error) {
			offer, more, err := rest()
			inv.Formatters, inv.Checks = offer.Formatters, outputs(offer.Checks)
			packages, sets := packages(offer.Packages)
			inv.Packages, inv.DevShells = packages, outputs(offer.DevShells)
			d := discovery(ctx, inv, slices.Concat(faults, more))
			d.Seen = slices.Concat(seen, sets)
			return d, err
		}
	}
	return d, nil
}

// others begins to list the other outputs and returns a function that waits for the list.
func (w DiscoverOptions) others(ctx context.Context, t *nix.Target) func() (nix.Offer, []nix.Fault, error) {
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
	d := Discovery{Inventory: inv, Matrix: matrix.New(inv)}
	var causes cause.Registry
	outputsOf := map[*result.Cause][]string{}
	for _, f := range faults {
		for _, c := range causes.OfEval(ctx, f.Output, f.Err) {
			if outputsOf[c] == nil {
				d.Causes = append(d.Causes, c)
			}
			outputsOf[c] = append(outputsOf[c], f.Output)
		}
	}
	for _, c := range d.Causes {
		// If no output could be listed, the flake itself does not evaluate.
		if names := outputsOf[c]; len(names) < nix.Listings {
			c.Title = strings.Join(names, ", ") + ": " + c.Title
		}
	}
	return d
}

// notTested lists what is in outputs that flakeci does not test.
func notTested(seen map[string]int) (list []result.NotTested) {
	for _, output := range slices.Sorted(maps.Keys(seen)) {
		why := "flakeci does not test this output"
		if output == "colmena" {
			why = "flakeci tests such hosts in colmenaHive"
		}
		list = append(list, result.NotTested{Kind: result.Kind(output), Count: seen[output], Why: why})
	}
	return list
}

func outputs(attrs []nix.Attr) []matrix.Output {
	var outs []matrix.Output
	for _, a := range attrs {
		outs = append(outs, matrix.Output{System: a.System, Name: a.Name})
	}
	return outs
}

// homes lists the homes in all outputs where people put them. If a key is not user@host, only the
// configuration tells the user.
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

// askHosts asks hosts for the homes inside them. If a home does not name its host by its key, and
// it matters which host it is on, askHosts asks all hosts for their names: the home may mean any
// of them. If a NixOS and a darwin host have the same name, the NixOS one counts, as everywhere.
func askHosts(ctx context.Context, t *nix.Target, inv *matrix.Inventory, w DiscoverOptions) error {
	m := matrix.New(*inv)
	names := w.Users && slices.ContainsFunc(m.Cells, m.NamesUnknownHost)
	inside := func(c result.Cell) bool { return w.Embedded != nil && w.Embedded(c) }
	var hosts []nix.Host
	var cells []result.Cell
	for _, c := range m.Cells {
		isHost := c.Kind == result.KindNixOS || c.Kind == result.KindDarwin && !slices.Contains(inv.NixOS, c.Host)
		if isHost && (names || inside(c)) {
			hosts, cells = append(hosts, nix.Host{ID: c.ID, Path: matrix.HostPath(c)}), append(cells, c)
		}
	}
	answers, err := t.Hosts(ctx, hosts)
	inv.Infos = map[string]result.HostInfo{}
	for _, c := range cells {
		answer := answers[c.ID]
		if inv.Infos[c.Host].IsZero() {
			inv.Infos[c.Host] = answer.Info
		}
		if !inside(c) {
			continue
		}
		for _, user := range answer.Users {
			inv.Embedded = append(inv.Embedded, matrix.Embedded{Host: c.Host, In: c.ID, User: user})
		}
	}
	return err
}
