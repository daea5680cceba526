package nixlog

import (
	"regexp"
	"slices"

	"github.com/flakeci/flakeci/result"
)

// storeRE finds what Nix says about its own store or database before it reads any flake.
var storeRE = regexp.MustCompile(`^(?:opening lock file|could not set permissions on|remounting|executing SQLite|cannot open (?:SQLite|Nix) database|SQLite database) `)

// systemRE finds what Nix says about a file or a program of its own that the system denies it,
// such as its cache in a folder that cannot be written. It does not match a file that a flake
// lacks: no evaluation creates a folder.
var systemRE = regexp.MustCompile(`^(?:creating|cannot create|opening|cannot open|removing|renaming|writing|setting|changing|forking|unable to|executing) .*` +
	`: (?:Permission denied|Read-only file system|Too many open files|Operation not permitted|Cannot allocate memory|Resource temporarily unavailable|Input/output error)$|` +
	`^creating directory .*: (?:No such file or|Not a) directory$|^'/.*' is not a directory$|` +
	`(?m:^(?:error: )?executing .*: No such file or directory$)|` + notOwnedPattern)

// FewFiles reports whether a message says that a process has reached the limit on open files.
func FewFiles(message string) bool { return fewFilesRE.MatchString(message) }

// At the limit, Go cannot move a child's files to free numbers, and says so in other words.
var fewFilesRE = regexp.MustCompile(`(?i)\btoo many open files\b|\bfork/exec .+: bad file descriptor\b`)

// notOwnedPattern finds what git says about another user's repository, and libgit2, which newer
// versions use.
const notOwnedPattern = `(?:repository path|dubious ownership in repository at) '([^'\n]+)'`

var notOwnedRE = regexp.MustCompile(notOwnedPattern + `(?: is not owned by|$)`)

// NotOwned returns the repository that, according to a message, git does not read because it
// belongs to another user.
func NotOwned(message string) string {
	if m := notOwnedRE.FindStringSubmatch(message); m != nil {
		return m[1]
	}
	return ""
}

// jsonOfFlakeRE finds what older versions say about a text in the flake that toJSON cannot encode.
// If Nix cannot read some other document, the flake is not at fault.
var jsonOfFlakeRE = regexp.MustCompile(`^\[json\.exception\.type_error\.316\]`)

// noHeapRE finds the last words of Nix's garbage collector when memory runs out, as seen
// under ulimit -v: "Insufficient space for initial table allocation".
var noHeapRE = regexp.MustCompile(`^Insufficient (?:space|memory)`)

// HeapExhausted reports whether the last line of a Nix that aborted says that its garbage
// collector found no memory.
func HeapExhausted(line string) bool { return noHeapRE.MatchString(line) }

// MachineFault returns the kind of fault if the machine is to blame for the error: no daemon, a
// full disk, no memory left, a broken store, or a file that the system denies Nix. It is "" for an
// error in the flake, which has a place there.
func (e *EvalError) MachineFault() result.CauseKind {
	if e.Place.File != "" || slices.ContainsFunc(e.Frames, Frame.Useful) {
		return ""
	}
	kind := Classify(e.Message).Kind
	switch {
	case kind == result.CauseDaemon, kind == result.CauseDisk:
		return kind
	case e.outOfMemory:
		return result.CauseMemory
	case storeRE.MatchString(e.Message), systemRE.MatchString(e.Message), e.ofNix && e.Lock == nil && !jsonOfFlakeRE.MatchString(e.Message):
		return result.CauseInfra
	}
	return ""
}

// transientRE finds what Nix, curl and ssh say about faults that usually disappear: a
// connection lost or not made, a name that was not resolved, a server in trouble. They say
// the same about a cache that does not exist.
var transientRE = regexp.MustCompile(`(?i)connection (?:was )?(?:reset|refused|closed|timed out)|recv failure|` +
	`broken pipe|unexpected end[ -]of[ -]file|unexpected EOF|empty reply from server|transfer closed|` +
	`could(?:n't| not) (?:resolve|connect)|failed to connect|temporary failure in name resolution|` +
	`timeout was reached|operation timed out|connection timeout|stalled|` +
	`failure when (?:receiving|sending) data|transferred a partial file|(?:send failure|early EOF|hung up unexpectedly|unexpected disconnect)|` +
	`SSL connect error|gnutls_handshake|SSL_connect|SSL_read|GnuTLS recv error|was not closed cleanly|` +
	`name or service not known|no route to host|network is unreachable|` +
	`HTTP error (?:429|5\d\d)|returned error: (?:429|5\d\d)|(?:HTTP/[0-9.]+|status) (?:429|5\d\d)|` +
	`daemon disconnected|` +
	// Nix 2.8 ends like this, with a core dump, if one of several requests to a cache fails.
	`what\(\): +error: interrupted by the user`)

// Transient reports whether a text is about a fault that may disappear.
func Transient(text string) bool { return transientRE.MatchString(text) }

// Transient reports whether the evaluation may succeed the next time: something could
// not be fetched, or a build may succeed then.
func (e *EvalError) Transient() bool {
	fetched := e.Input != nil || e.Fetch != nil && !e.Fetch.Refused || e.locking
	return fetched && Transient(e.Message) || e.Build != nil && e.Build.Transient()
}

// Transient reports whether the build may succeed the next time. A failure of the builder
// itself is the flake's fault.
func (f BuildFailure) Transient() bool {
	switch f.Kind {
	case result.CauseSubstituter: // Nix usually says no more than that it could not download
		return true
	case result.CauseBuilder:
		if f.Fault != "" {
			return f.Fault.transient()
		}
		return Transient(f.Message)
	case result.CauseDaemon, result.CauseInfra:
		return Transient(f.Message)
	}
	return false
}
