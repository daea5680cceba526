package runner

import (
	"context"
	"slices"

	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/cause"
	"github.com/flakeci/flakeci/runner/evalpool"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// failWithHomes finishes a host that does not evaluate together with the homes inside it, and
// reports whether it has any. If a home fails with the same error, that home is to blame and the
// host only depends on it. All other homes depend on the host: they cannot be deployed without it.
func (r *run) failWithHomes(ctx context.Context, host result.Cell, e evalpool.Answer) bool {
	users, listed := r.usersOf(ctx, host)
	if len(users) == 0 {
		return false
	}
	causes := r.causes.OfEval(ctx, host.ID, r.places.locate(r.Target, host, e))
	res := outcome.Result{Cell: host, Status: cause.CellStatus("", causes), Causes: causes, Phases: []outcome.Phase{{Phase: e.Phase}}, Warnings: e.Instance.Warnings}
	homes := r.askHomes(host, users, listed)
	for i := range homes {
		if homes[i].Err != nil && homes[i].Stopped == "" && slices.Contains(causes, r.causes.OfEval(ctx, host.ID, r.places.locate(r.Target, host, homes[i]))[0]) {
			res.Status = result.DependencyFailed
		}
	}
	res.Phases[0].Status, res.Phases[0].Message = res.Status, causes[0].Title
	r.finish(res)
	var found []string
	for i, user := range users {
		cell, home := matrix.EmbeddedCell(host, user, ""), homes[i]
		found = append(found, cell.ID)
		if !r.wants(cell) {
			continue
		}
		r.emit(event.Found{Home: cell})
		if home.Err == nil && home.Stopped == "" {
			r.finish(homeOfBrokenHost(cell, home, e.Phase, causes))
		} else {
			r.proceed(ctx, cell, home)
		}
	}
	r.evaluateParts(ctx, host, found)
	return true
}

// askHomes evaluates homes without their host, all at once, so that they share what they have in
// common. If the host's homes could not be listed, each home would fail as the host does, so
// askHomes returns empty answers.
func (r *run) askHomes(host result.Cell, users []string, listed bool) []evalpool.Answer {
	answers := make([]evalpool.Answer, len(users))
	if !listed {
		return answers
	}
	var asked []*evalpool.Query
	for _, user := range users {
		cell := matrix.EmbeddedCell(host, user, "")
		if r.wants(cell) {
			asked = append(asked, r.ask(cell))
		} else { // it may be to blame, but no event announces it
			asked = append(asked, r.evals.Ask(r.Target, r.question(cell), evalpool.Listener{}))
		}
	}
	for i, q := range asked {
		answers[i] = q.Wait()
	}
	return answers
}

// homeOfBrokenHost returns the result of a home whose host did not evaluate. It has no derivation:
// the one that the home has without its host is never deployed.
func homeOfBrokenHost(cell result.Cell, home evalpool.Answer, host result.Phase, causes []*result.Cause) outcome.Result {
	phase := home.Phase
	if phase.Name.Kind == "" { // it was not evaluated
		phase = result.Phase{Name: host.Name, Started: host.Started, Attempts: host.Attempts}
	}
	res := outcome.Result{Cell: cell, Status: cause.CellStatus(cell.PartOf, causes), Causes: causes, Warnings: home.Instance.Warnings}
	if home.Instance.Home != nil {
		res.Home = *home.Instance.Home
	}
	phase.Status, phase.Message = res.Status, causes[0].Title
	res.Phases = []outcome.Phase{{Phase: phase}}
	return res
}

// usersOf returns the users with a home inside a host that does not evaluate. Listed is false if
// no part of the host's configuration evaluates. Then the users come from the definitions of
// home-manager.users, which the module system collects before it checks anything else, from the
// base, or from an earlier run.
func (r *run) usersOf(ctx context.Context, host result.Cell) (users []string, listed bool) {
	for _, q := range []question.Question{{Path: host.Path, Host: matrix.HostPath(host), Users: true}, {Path: host.Path, Host: matrix.HostPath(host), Users: true, Defined: true}} {
		if a := r.evals.Ask(r.Target, q, evalpool.Listener{}).Wait(); a.Err == nil && a.Stopped == "" {
			return usersIn(a.Instance), !q.Defined
		}
	}
	if b := r.cellAtBase(host.ID); b != nil {
		<-b.done
		users = usersIn(b.Instance)
	}
	if len(users) == 0 && r.PastUsers != nil {
		users = r.PastUsers(ctx, host)
	}
	return users, false
}

func usersIn(in question.Instance) []string {
	var users []string
	for _, h := range in.Homes {
		users = append(users, h.User)
	}
	return users
}
