// Package nix is the only place that knows Nix's command line.
//
// A [Client] is one Nix binary whose version was asked once. [Client.Open] resolves a
// flake reference to a [Target], which then answers what the flake offers
// ([Target.Inventory]) and evaluates derivations ([Target.Instantiate]). [Client.Build]
// realizes derivations and tells the leaf that failed from its victims. What goes wrong in
// the flake comes back as a [*nixlog.EvalError] with its place in the flake's own files;
// what Nix could not do at all as a [*proc.Error] or one of the small error types here.
package nix

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/safely"
)

// Options say which Nix is used and what every call of it is given. The zero
// value is the nix on PATH with its own settings.
type Options struct {
	// Path is the binary; empty means "nix" on PATH.
	Path string
	// Env is the environment of every call; nil inherits flakeci's own.
	Env []string
	// Settings are handed on as --option KEY VALUE.
	Settings [][2]string
	// Store is handed on as --store if not empty.
	Store string
	// Builders is handed on as --builders; an empty one switches them off, nil
	// leaves them to Nix's own settings.
	Builders *string
	// Answers is the folder in which results of evaluations are kept from one run
	// to the next; empty keeps none.
	Answers string
	// Beside, if it is not nil, is given the id of each process that takes as much memory
	// as a flake likes and can be done without, those of `nix flake show`: they may be
	// killed. Over is called when they have ended.
	Beside func(pid int) (over func())
	// Redact takes credentials out of what Nix says on stderr, a line that is not
	// empty at a time; nil leaves them.
	Redact func(line []byte) []byte
}

// Client is one Nix binary.
type Client struct {
	// Version is what the binary says of itself.
	Version Version

	path    string
	env     []string
	common  []string
	limits  limits
	answers string // a folder, or empty
	// hasFiles says that the store's paths can be looked up on this machine.
	hasFiles bool
	beside   func(pid int) (over func())
	redact   func(line []byte) []byte
	store    *storeFolder
	mark     string // begins the answers of a batch; what a flake itself traces does not
	config   []byte // what show-config said, if it could be asked
}

// NotFoundError says that there is no Nix to run.
type NotFoundError struct {
	Path string
	Err  error
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("cannot run %s: %v", e.Path, e.Err) }

// Unwrap gives the reason the system had.
func (e *NotFoundError) Unwrap() error { return e.Err }

// TooOldError says that the Nix found is older than [MinVersion].
type TooOldError struct {
	Path    string
	Version Version
}

func (e *TooOldError) Error() string {
	return fmt.Sprintf("%s is Nix %s, flakeci needs %s or newer", e.Path, e.Version, MinVersion())
}

// Find asks the binary for its version and gives a client for it, or a
// [*NotFoundError] or [*TooOldError].
func Find(ctx context.Context, o Options) (*Client, error) { return newClient(o).find(ctx) }

func (c *Client) find(ctx context.Context) (*Client, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := proc.LimitedBuffer{Max: maxAnswer}
	var settings sync.WaitGroup
	settings.Go(safely.Func(func() { c.config, _ = c.askConfig(ctx) })) // who needs it asks again
	_, err := c.run(ctx, call{sub: []string{"--version"}, alone: true, stdout: &out, limit: c.limits.ask})
	if err != nil {
		cancel()
	}
	settings.Wait()
	if err != nil {
		if errors.Is(err, proc.ErrNotFound) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil, &NotFoundError{Path: c.path, Err: err}
		}
		return nil, err
	}
	v, err := ParseVersion(out.String())
	if err != nil {
		return nil, &NotFoundError{Path: c.path, Err: err}
	}
	if v.Less(MinVersion()) {
		return nil, &TooOldError{Path: c.path, Version: v}
	}
	c.Version = v
	return c, nil
}

func newClient(o Options) *Client {
	c := &Client{path: cmp.Or(o.Path, "nix"), env: o.Env, mark: rand.Text(), limits: usualLimits(), store: &storeFolder{}}
	// Flakes are switched on here rather than asked of the user.
	c.common = []string{"--extra-experimental-features", "nix-command flakes"}
	for _, s := range o.Settings {
		c.common = append(c.common, "--option", s[0], s[1])
	}
	c.answers, c.beside, c.redact = o.Answers, o.Beside, o.Redact
	c.hasFiles = o.Store == ""
	if o.Store != "" {
		c.common = append(c.common, "--store", o.Store)
		c.answers = "" // whether a derivation is there still could not be seen
	}
	if o.Builders != nil {
		c.common = append(c.common, "--builders", *o.Builders)
	}
	return c
}

// A call is one run of nix: the subcommand, its options, the references and paths it is
// about, and where its output goes.
type call struct {
	sub  []string
	args []string // flakeci's own words, and values that follow an option
	// refs are flake references, paths are store paths. Both may be a stranger's words, so
	// they go where Nix expects no options, and run refuses what is not a store path.
	refs, paths []string
	// outputs says that derivations among the paths stand for what they build.
	outputs bool
	// reads says that the subcommand can read refs and paths from its input.
	reads  bool
	stdout io.Writer
	// line is handed each line of stderr.
	line func([]byte)
	// answer is in the lines that stay as they are: what is in them is used, and a path
	// in which something was masked is none.
	answer []byte
	// env is added to the client's environment.
	env []string
	// started is given the id of the process.
	started func(pid int)
	// beside says that it is known to [Options.Beside].
	beside bool
	// alone says that the common options are left out.
	alone bool
	// limit is how long it may take; 0 is as long as the context lets it.
	limit time.Duration
}

func (c *Client) run(ctx context.Context, k call) (proc.Usage, error) {
	if len(k.paths) > 0 {
		if err := c.store.check(k.paths...); err != nil {
			return proc.Usage{}, err
		}
	}
	usage, err := c.command(k).Run(ctx)
	var died *proc.Error
	if errors.As(err, &died) && nixlog.IsRecord(died.LastLine) {
		died.LastLine = "" // a record is for a program to read, and cut short
	}
	if died != nil && died.LastLine != "" && c.redact != nil {
		died.LastLine = string(c.redact([]byte(died.LastLine)))
	}
	var limit *proc.LimitError
	if errors.As(err, &limit) {
		return usage, &TimeoutError{Command: "nix " + strings.Join(k.sub, " "), Limit: limit.Limit, err: err}
	}
	return usage, err
}

// command is supervised whatever the call is: each may start others, be it git and its
// ssh to fetch something, of which none must outlive flakeci.
func (c *Client) command(k call) *proc.Cmd {
	if line := k.line; line != nil && c.redact != nil {
		k.line = func(said []byte) {
			if len(said) > 0 && (k.answer == nil || !bytes.Contains(said, k.answer)) {
				said = c.redact(nixlog.Shorten(said, proc.CutMark))
			}
			line(said)
		}
	}
	common := c.common
	if k.alone {
		common = nil
	}
	about, stdin := c.about(k)
	return &proc.Cmd{
		Path: c.path, Args: slices.Concat(k.sub, common, k.args, about), Env: c.env, AddEnv: k.env, Stdin: stdin,
		Stdout: k.stdout, OnStderr: k.line, OnStart: k.started, MaxLine: nixlog.MaxRecord, Supervised: true, Limit: k.limit,
	}
}

// about gives the references and paths as the end of the command line, or as the input
// for versions that can read them there: 2.34 takes some 35 ms for each derivation on its
// command line.
func (c *Client) about(k call) (args []string, stdin io.Reader) {
	names := slices.Clone(k.refs)
	for _, p := range k.paths {
		if k.outputs && strings.HasSuffix(p, ".drv") {
			p = c.Version.installable(p)
		}
		names = append(names, p)
	}
	switch {
	case len(names) == 0:
		return nil, nil
	case k.reads && !c.Version.Less(installablesRead()):
		return []string{"--stdin"}, strings.NewReader(strings.Join(names, "\n") + "\n")
	}
	return append([]string{"--"}, names...), nil
}

// A question is a subcommand that evaluates a flake.
type question struct {
	flake *Flake
	call
	// prefix is where the flake stands among the inputs of what is asked:
	// "target/" below the wrapper, else empty.
	prefix string
}

// evaluate runs a subcommand that evaluates the flake and decodes the JSON it
// prints. What Nix says against the flake is a [*nixlog.EvalError], unless the call
// was interrupted, or killed when it had said something already.
func (c *Client) evaluate(ctx context.Context, q question, into any) (proc.Usage, error) {
	var log nixlog.ErrorLog
	out := proc.LimitedBuffer{Max: maxAnswer}
	k := q.call
	k.args = append([]string{"--json", "--no-write-lock-file", "--show-trace", "--log-format", "internal-json"}, k.args...)
	k.stdout, k.line = &out, log.Line
	if q.line != nil {
		k.line = func(line []byte) {
			q.line(line)
			log.Line(line)
		}
	}
	over := func() {}
	if q.beside && c.beside != nil {
		k.started = func(pid int) { over = c.beside(pid) }
	}
	usage, err := c.run(ctx, k)
	over()
	if errors.Is(err, proc.ErrOutputTooLong) {
		return usage, &nixlog.EvalError{Message: fmt.Sprintf("nix %s printed more than %d MiB", strings.Join(q.sub, " "), maxAnswer>>20)}
	}
	if err != nil {
		var died *proc.Error
		killed := errors.As(err, &died) && died.Signal == syscall.SIGKILL || diskFull(err)
		if e := log.EvalError(q.flake.tree(), q.prefix); e != nil && ctx.Err() == nil && !killed {
			return usage, e
		}
		return usage, err
	}
	return usage, decodeAnswer(strings.Join(q.sub, " "), out.Bytes(), into)
}
