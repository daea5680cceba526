package nixlog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// remotes follows what Nix says about remote builders. Nix reports them in separate messages;
// about a derivation it says only that this machine cannot build it.
type remotes struct {
	dead  []deadBuilder
	said  said            // what ssh said; newer versions quote that for ssh://, not for ssh-ng://
	asked map[string]want // what no builder took, by the name of the derivation
	last  want
}

// deadBuilder is a remote builder that could not be used.
type deadBuilder struct {
	server, reason, message string
	fault                   BuilderFault
}

// want is what a derivation needs from a builder.
type want struct {
	system, features string
	// unknown is set if no named builder is for that system.
	unknown bool
}

func (w want) String() string {
	if w.features == "" {
		return w.system
	}
	return w.system + " with " + w.features
}

var (
	remoteRE     = regexp.MustCompile(`^cannot build on '([^']*)': (?:error: )?([^\n]*)`)
	connectionRE = regexp.MustCompile(`^(?:cannot open connection to remote store '[^']*': (?:error: )?|failed to start SSH connection to '[^']*'(?:: )?|cannot connect to '[^']*': )+`)
	// 2.8 puts no brackets around lists.
	noMachineRE = regexp.MustCompile(`^Failed to find a machine for remote build!\nderivation: (\S+)\nrequired \(system, features\): \(([^,]*), \[?([^)\]]*)\]?\)`)
	machineRE   = regexp.MustCompile(`(?m)^\(\[?(.*?)\]?, \d+, `)
	// disabledRE finds what Nix says with max-jobs = 0. If there is a builder, 2.8 talks about
	// features, whatever prevents the build.
	disabledRE = regexp.MustCompile(`(?m)Reason: local builds are disabled|^[Uu]nable to start any build`)
)

// NoLocalBuilds reports whether a message says that this machine builds nothing itself.
func NoLocalBuilds(message string) bool { return disabledRE.MatchString(message) }

// message reads a message that is not an error of Nix itself.
func (r *remotes) message(text string) {
	if m := remoteRE.FindStringSubmatch(text); m != nil {
		r.add(deadBuilder{server: StripCredentials(m[1]), reason: strings.TrimSpace(m[2]), message: stripUser(text)})
		return
	}
	m := noMachineRE.FindStringSubmatch(text)
	if m == nil || len(r.asked) >= maxErrors {
		return
	}
	r.last = want{system: m[2], features: m[3], unknown: true}
	for _, machine := range machineRE.FindAllStringSubmatch(text, -1) {
		if slices.Contains(strings.Split(machine[1], ", "), r.last.system) {
			r.last.unknown = false
		}
	}
	if r.asked == nil {
		r.asked = map[string]want{}
	}
	r.asked[m[1]] = r.last
}

func (r *remotes) add(d deadBuilder) {
	same := func(o deadBuilder) bool { return o.server == d.server }
	if len(r.dead) >= maxSaid || slices.ContainsFunc(r.dead, same) {
		return
	}
	reason := strings.TrimPrefix(connectionRE.ReplaceAllString(d.reason, ""), "ssh: ")
	if said := r.said.reason(); said != "" && (reason == "" || strings.HasPrefix(d.server, "ssh-ng:")) {
		reason = said
		d.message += "\n" + strings.Join(r.said, "\n")
	}
	if reason != "" {
		d.reason = reason
	}
	if d.fault = faultOf(d.reason); d.fault == BuilderLost {
		d.fault = BuilderUnreachable // nothing was built yet
	}
	// Sorted, because Nix tries them in any order.
	r.said, r.dead = nil, append(r.dead, d)
	slices.SortFunc(r.dead, func(a, b deadBuilder) int { return strings.Compare(a.server, b.server) })
}

// Unreachable returns the remote builders that could not be used, as scheme://host, and why. Nix
// builds elsewhere if it can.
func (l *BuildLog) Unreachable() map[string]string {
	list := map[string]string{}
	for _, d := range l.remotes.dead {
		list[d.server] = d.reason
	}
	return list
}

// of returns what a derivation needs from a builder, as far as Nix says so.
func (r *remotes) of(drv string) want {
	if drv == "" {
		return r.last
	}
	return r.asked[drv[strings.LastIndexByte(drv, '/')+1:]]
}

// addRemote notes which remote builders could not be reached, or that none is named.
func (f *BuildFailure) addRemote(r *remotes) {
	disabled := NoLocalBuilds(f.Message)
	if !disabled && f.Kind != result.CauseSystem && f.Kind != result.CauseFeature {
		return
	}
	want := r.of(f.DrvPath)
	switch {
	case len(r.dead) > 0 && !want.unknown:
		f.Kind, f.Reason, f.Fault = result.CauseBuilder, r.dead[0].reason, r.dead[0].fault
		var servers, messages []string
		for _, d := range r.dead {
			servers, messages = append(servers, d.server), append(messages, d.message)
			if d.fault != f.Fault {
				f.Fault = "" // each has its own
			}
		}
		f.Server, f.Message = strings.Join(servers, ", "), strings.Join(append(messages, f.Message), "\n")
	case disabled && want.system == "":
		f.Reason = "max-jobs is 0, and no builder is named"
	case disabled:
		f.Reason = fmt.Sprintf("max-jobs is 0, and no builder takes %s", want)
	}
}
