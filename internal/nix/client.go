// Package nix is the only package that knows Nix's command line.
//
// A [Client] is one Nix binary, which it asks once for its version. [Client.Open] resolves a flake
// reference to a [Target]. That lists what the flake offers ([Target.Inventory]) and evaluates
// derivations ([Target.Instantiate]). [Client.Build] builds derivations and separates those that
// failed from those that lack a dependency. An error in the flake is a [*nixlog.EvalError] with
// its place in the flake's own files. If Nix itself failed, the error is a [*proc.Error] or one of
// the small types here.
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

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/safely"
)

// Options choose a Nix and what to pass to every call of it. The zero value is the nix on
// PATH with its own settings.
type Options struct {
	// Path is the binary; empty means "nix" on PATH.
	Path string
	// Env is the environment of every call; nil inherits flakeci's own.
	Env []string
	// Settings are passed as --option KEY VALUE.
	Settings [][2]string
	// Store is passed as --store if it is not empty, EvalStore as --eval-store to evaluations.
	Store, EvalStore string
	// Builders is passed as --builders. An empty string switches remote builders off; nil leaves
	// the choice to Nix's own settings.
	Builders *string
	// EvalCache is the folder that keeps results of evaluations from one run to the next. If it is
	// empty, none are kept.
	EvalCache string
	// Auxiliary gets the id of each process that may be killed, such as `nix flake show`: a
	// run can do without it, and the flake decides how much memory it takes. It returns a
	// function to call when the process has ended. It may be nil.
	Auxiliary func(pid int) (over func())
	// Redact removes credentials from a line of Nix's stderr that is not empty. If it is
	// nil, they stay.
	Redact func(line []byte) []byte
}

// Client is one Nix binary.
type Client struct {
	// Version is what the binary prints as its version.
	Version Version

	path         string
	env          []string
	common       []string // options of every call
	limits       limits
	evalCache    string // a folder, or empty
	stores       stores
	auxiliary    func(pid int) (over func())
	redact       func(line []byte) []byte
	store        *storepath.Store
	answerPrefix string // random, so that a flake cannot trace an answer of a batch itself
	config       []byte // the output of show-config, or nil if it failed
}

// NotFoundError reports that there is no Nix to run.
type NotFoundError struct {
	Path string
	Err  error
}

// Error names the path once, although the system's errors repeat it.
func (e *NotFoundError) Error() string {
	why := e.Err
	var path *fs.PathError
	switch {
	case errors.Is(why, proc.ErrNotFound):
		why = errors.New("it is not on PATH")
	case errors.As(why, &path):
		why = path.Err
	}
	return fmt.Sprintf("cannot run %s: %v", e.Path, why)
}

// Unwrap returns the error of the system.
func (e *NotFoundError) Unwrap() error { return e.Err }

// TooOldError reports a Nix that is older than minVersion.
type TooOldError struct {
	Path    string
	Version Version
}

func (e *TooOldError) Error() string {
	return fmt.Sprintf("%s is Nix %s, but flakeci needs %s or newer", e.Path, e.Version, minVersion())
}

// Find asks the binary for its version and returns a client for it. The error may be a
// [*NotFoundError] or a [*TooOldError].
func Find(ctx context.Context, o Options) (*Client, error) { return newClient(o).find(ctx) }

func (c *Client) find(ctx context.Context) (*Client, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := proc.LimitedBuffer{Max: maxAnswer}
	var settings sync.WaitGroup
	settings.Go(safely.Func(func() { c.config, _ = c.askConfig(ctx) })) // if it fails, showConfig asks again
	_, err := c.run(ctx, call{sub: []string{"--version"}, bare: true, stdout: &out, limit: c.limits.ask})
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
	v, err := parseVersion(out.String())
	if err != nil {
		return nil, &NotFoundError{Path: c.path, Err: err}
	}
	if v.Less(minVersion()) {
		return nil, &TooOldError{Path: c.path, Version: v}
	}
	c.Version = v
	if c.stores.build == "" {
		c.stores = storesOf(c.setting("store"), c.stores.eval) // nix.conf or NIX_REMOTE may name one
	}
	if !c.stores.derivationsAreHere() {
		c.evalCache = "" // there is no way to see whether a derivation still exists
	}
	return c, nil
}

func newClient(o Options) *Client {
	c := &Client{path: cmp.Or(o.Path, "nix"), env: o.Env, answerPrefix: rand.Text(), limits: usualLimits(), store: &storepath.Store{}}
	// The user need not enable flakes.
	c.common = []string{"--extra-experimental-features", "nix-command flakes"}
	for _, s := range o.Settings {
		c.common = append(c.common, "--option", s[0], s[1])
	}
	c.evalCache, c.auxiliary, c.redact = o.EvalCache, o.Auxiliary, o.Redact
	c.stores = storesOf(o.Store, o.EvalStore)
	if o.Store != "" {
		c.common = append(c.common, "--store", o.Store)
	}
	if o.Builders != nil {
		c.common = append(c.common, "--builders", *o.Builders)
	}
	return c
}

// call is one run of nix: the subcommand, its arguments, and where its output goes.
type call struct {
	sub  []string
	args []string // flakeci's own arguments, and values that follow an option
	// refs are flake references, paths are store paths. A stranger may have written both,
	// so they go where Nix expects no options, and run rejects what is not a store path.
	refs, paths []string
	// outputs makes derivations among the paths stand for what they build.
	outputs bool
	// reads is set if the subcommand can read refs and paths from its stdin.
	reads  bool
	stdout io.Writer
	// line gets each line of stderr.
	line func([]byte)
	// answer marks the lines that are not redacted: a path with a masked part is useless.
	answer []byte
	// env is added to the client's environment.
	env []string
	// started gets the id of the process.
	started func(pid int)
	// auxiliary announces the process to [Options.Auxiliary].
	auxiliary bool
	// bare leaves the common options out.
	bare bool
	// limit is how long the call may take. 0 leaves that to the context.
	limit time.Duration
}

func (c *Client) run(ctx context.Context, k call) (proc.Usage, error) {
	if len(k.paths) > 0 {
		if err := c.store.Check(k.paths...); err != nil {
			return proc.Usage{}, err
		}
	}
	usage, err := c.command(k).Run(ctx)
	var died *proc.Error
	if errors.As(err, &died) && nixlog.IsRecord(died.LastLine) {
		died.LastLine = "" // a record is meant for programs, and this one is cut short
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

// command makes the process of a call. Each has a supervisor: it may start others, such as git and
// its ssh to fetch something, and none of them may outlive flakeci.
func (c *Client) command(k call) *proc.Cmd {
	if line := k.line; line != nil && c.redact != nil {
		k.line = func(text []byte) {
			if len(text) > 0 && (k.answer == nil || !bytes.Contains(text, k.answer)) {
				text = c.redact(nixlog.Shorten(text, proc.CutMark))
			}
			line(text)
		}
	}
	common := c.common
	if k.bare {
		common = nil
	}
	operands, stdin := c.operands(k)
	return &proc.Cmd{
		Path: c.path, Args: slices.Concat(k.sub, common, k.args, operands), Env: c.env, AddEnv: k.env, Stdin: stdin,
		Stdout: k.stdout, OnStderr: k.line, OnStart: k.started, MaxLine: nixlog.MaxRecord, Supervised: true, Limit: k.limit,
	}
}

// operands returns the references and paths as the end of the command line, or as stdin
// for versions that read them there: 2.34 takes some 35 ms for each derivation on its
// command line.
func (c *Client) operands(k call) (args []string, stdin io.Reader) {
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
	case k.reads && !c.Version.Less(sinceStdin()):
		return []string{"--stdin"}, strings.NewReader(strings.Join(names, "\n") + "\n")
	}
	return append([]string{"--"}, names...), nil
}

// evalCall is a call that evaluates a flake.
type evalCall struct {
	flake *Flake
	call
	// prefix is the flake's path among the inputs of what is called: "target/" in the wrapper,
	// otherwise empty.
	prefix string
}

// treeOf returns what explains an error of a call.
func (c *Client) treeOf(q evalCall) flaketree.Tree {
	t := q.flake.tree()
	t.Setting, t.Redact = c.setting, c.redact
	t.Pure = !slices.Contains(q.args, "--impure") && c.setting("pure-eval") != "false"
	return t
}

// evaluate runs a call and decodes the JSON that it prints. If Nix blames the flake, the error is
// a [*nixlog.EvalError]. A call that was interrupted or killed is different: the error that it
// printed may not be what ended it.
func (c *Client) evaluate(ctx context.Context, q evalCall, into any) (proc.Usage, error) {
	var log nixlog.ErrorLog
	out := proc.LimitedBuffer{Max: maxAnswer}
	k := q.call
	k.args = append([]string{"--json", "--no-write-lock-file", "--show-trace", "--log-format", "internal-json"}, k.args...)
	if c.stores.eval != "" {
		k.args = append([]string{"--eval-store", c.stores.eval}, k.args...)
	}
	k.stdout, k.line = &out, log.Line
	if q.line != nil {
		k.line = func(line []byte) {
			q.line(line)
			log.Line(line)
		}
	}
	over := func() {}
	if q.auxiliary && c.auxiliary != nil {
		k.started = func(pid int) { over = c.auxiliary(pid) }
	}
	usage, err := c.runUntil(ctx, k, log.Stuck)
	over()
	if errors.Is(err, proc.ErrOutputTooLong) {
		return usage, &nixlog.EvalError{Message: fmt.Sprintf("nix %s printed more than %d MiB", strings.Join(q.sub, " "), maxAnswer>>20)}
	}
	if err != nil {
		var died *proc.Error
		killed := errors.As(err, &died) && died.Signal == syscall.SIGKILL && !log.Stuck() || diskFull(err)
		if e := log.EvalError(c.treeOf(q), q.prefix); e != nil && ctx.Err() == nil && !killed {
			if f := log.NoLocalBuilds(); e.Build == nil && f != nil && c.buildsNothing() {
				e.Build = f
			}
			return usage, e
		}
		explainCrash(err, &log)
		return usage, err
	}
	return usage, decodeAnswer(strings.Join(q.sub, " "), out.Bytes(), into)
}
