// Package git is the only place that knows git's command line. It finds the commit to compare
// a change with, in a full clone and in a CI job's shallow clone of the last commit.
package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
)

// Repo is a repository, seen from a folder of its checkout. The checkout is untrusted: every git
// gets the git directory explicitly, and an environment in which only the user's own configuration
// applies.
type Repo struct {
	root, gitDir string
	prefix       string // the folder relative to the root, empty or with a trailing slash
	env          []string
}

// Open finds the repository of a folder: the nearest folder with a .git. It ignores bare
// repositories.
func Open(ctx context.Context, dir string, env []string) (*Repo, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	r := &Repo{root: Root(dir), env: append(Environment(env), "LC_ALL=C")}
	if r.root == "" {
		return nil, fmt.Errorf("%s is not in a git repository", dir)
	}
	if dir != r.root {
		below, err := filepath.Rel(r.root, dir)
		if err != nil {
			return nil, err
		}
		r.prefix = filepath.ToSlash(below) + "/"
	}
	if r.gitDir, err = gitDir(ctx, r.root, r.env); err != nil {
		return nil, err
	}
	return r, r.checkConfig(ctx)
}

// Commit is the commit to compare a change with.
type Commit struct {
	Rev string
	// Note says how the commit follows from the requested ref; it is empty if the commit is that
	// ref.
	Note string
}

// Limits on fetching a commit and on questions about the repository, which take seconds for the
// largest ones, and on the bytes of an answer, such as the message of a commit.
const (
	fetchLimit = 2 * time.Minute
	askLimit   = 2 * time.Minute
	maxAnswer  = 16 << 20
)

// Base finds the commit to compare the checkout with: the one where the checkout's history
// left ref, which excludes later changes to ref, or ref itself if the history is missing.
// It fetches a commit that is not in the repository, without its history if the repository
// is shallow. The error says in plain words why no commit was found.
func (r *Repo) Base(ctx context.Context, ref string) (Commit, error) {
	if ref == "" || strings.HasPrefix(ref, "-") {
		return Commit{}, fmt.Errorf("%q is not a revision", ref)
	}
	head, err := r.commit(ctx, "HEAD")
	var ended *proc.Error
	if errors.As(err, &ended) && ended.ExitCode == 1 {
		return Commit{}, errors.New("there is no commit in this repository yet")
	}
	if err != nil {
		return Commit{}, err
	}
	rev, err := r.commit(ctx, ref)
	if err != nil {
		if rev, err = r.fetch(ctx, ref, head); err != nil {
			return Commit{}, err
		}
	}
	return r.fork(ctx, ref, head, rev)
}

// fork finds the commit where HEAD left the history of rev.
func (r *Repo) fork(ctx context.Context, ref, head, rev string) (Commit, error) {
	left, err := r.git(ctx, "merge-base", head, rev)
	var ended *proc.Error
	switch {
	case err == nil && left != rev:
		return Commit{left, "where this branch left " + ref}, nil
	case err == nil:
		return Commit{Rev: rev}, nil
	case !errors.As(err, &ended) || ended.ExitCode != 1:
		return Commit{}, err
	}
	parents, err := r.parents(ctx, head)
	if err == nil && !slices.Contains(parents, rev) {
		return Commit{rev, "its tip, as this shallow clone does not show where the branch left it"}, nil
	}
	return Commit{Rev: rev}, err
}

// Has reports whether a commit has a file. The name is relative to the folder of the [Repo].
func (r *Repo) Has(ctx context.Context, rev, name string) bool {
	_, err := r.git(ctx, "cat-file", "-e", rev+":"+r.prefix+name)
	return err == nil
}

// Shallow reports whether the repository lacks older commits.
func (r *Repo) Shallow(ctx context.Context) bool {
	answer, err := r.git(ctx, "rev-parse", "--is-shallow-repository")
	return err == nil && answer == "true"
}

// commit returns the id of a commit in the repository.
func (r *Repo) commit(ctx context.Context, ref string) (string, error) {
	return r.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
}

// parents returns the parents of a commit, even in a shallow repository, where git itself reports
// none.
func (r *Repo) parents(ctx context.Context, rev string) ([]string, error) {
	text, err := r.git(ctx, "cat-file", "commit", rev)
	if err != nil {
		return nil, err
	}
	var list []string
	for line := range strings.Lines(text) {
		parent, found := strings.CutPrefix(strings.TrimSpace(line), "parent ")
		switch {
		case found:
			list = append(list, parent)
		case strings.TrimSpace(line) == "":
			return list, nil // the message follows
		}
	}
	return list, nil
}

var (
	firstParentRE = regexp.MustCompile(`^(HEAD|@)(\^1?|~1?)$`)
	// A revision to fetch from a remote must be neither an option nor a refspec that writes a ref.
	remoteRefRE = regexp.MustCompile(`^\w[\w./+@-]*$`)
	revRE       = regexp.MustCompile(`^[0-9a-f]{40,64}$`)
)

// fetch fetches a commit from a remote.
func (r *Repo) fetch(ctx context.Context, ref, head string) (string, error) {
	want := ref
	if firstParentRE.MatchString(ref) {
		parents, err := r.parents(ctx, head)
		if err != nil {
			return "", err
		}
		if len(parents) == 0 {
			return "", fmt.Errorf("%s: the first commit has no parent", ref)
		}
		want = parents[0]
	}
	remote, want, err := r.remoteOf(ctx, want)
	if err != nil {
		return "", err
	}
	if !remoteRefRE.MatchString(want) {
		return "", fmt.Errorf("there is no revision %s in this repository", ref)
	}
	// Without these settings, git would start housekeeping in the background.
	args := []string{"-c", "gc.auto=0", "-c", "maintenance.auto=false", "fetch", "--quiet", "--no-tags", "--no-recurse-submodules"}
	if r.Shallow(ctx) {
		args = append(args, "--depth=1") // would make a full clone shallow
	}
	if _, err := r.gitWithin(ctx, fetchLimit, append(args, "--", remote, want)...); err != nil {
		return "", fmt.Errorf("there is no revision %s in this repository, and it could not be fetched from %s: %w", ref, remote, err)
	}
	if revRE.MatchString(want) {
		return r.commit(ctx, want)
	}
	return r.commit(ctx, "FETCH_HEAD")
}

// remoteOf returns the remote to fetch a revision from, and its name there.
func (r *Repo) remoteOf(ctx context.Context, ref string) (remote, name string, err error) {
	list, err := r.git(ctx, "remote")
	if err != nil {
		return "", "", err
	}
	remotes := strings.Fields(list)
	if len(remotes) == 0 {
		return "", "", fmt.Errorf("there is no revision %s in this repository, and no remote to fetch it from", ref)
	}
	for _, remote := range remotes {
		if name, found := strings.CutPrefix(ref, remote+"/"); found {
			return remote, name, nil
		}
	}
	if slices.Contains(remotes, "origin") {
		return "origin", ref, nil
	}
	return remotes[0], ref, nil
}

// git runs git in the repository; see [run].
func (r *Repo) git(ctx context.Context, args ...string) (string, error) {
	return r.gitWithin(ctx, askLimit, args...)
}

func (r *Repo) gitWithin(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	return run(ctx, r.env, limit, append([]string{"-C", r.root, "--git-dir", r.gitDir}, args...)...)
}

// run runs git and returns its trimmed output. An error of git itself is its last line, and
// unwraps to the [*proc.Error].
func run(ctx context.Context, env []string, limit time.Duration, args ...string) (string, error) {
	out := proc.LimitedBuffer{Max: maxAnswer}
	cmd := proc.Cmd{
		Path: "git", Args: args, Stdout: &out, Env: env,
		Supervised: true, // its ssh would outlive it
		Limit:      limit,
	}
	usage, err := cmd.Run(ctx)
	var ended *proc.Error
	switch {
	case errors.As(err, new(*proc.LimitError)), errors.Is(err, context.DeadlineExceeded):
		return "", &timeoutError{subcommand(args), usage.Wall, err}
	case errors.Is(err, proc.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return "", errors.New("git is not installed")
	case errors.As(err, &ended) && ctx.Err() == nil && ended.LastLine != "":
		return "", &gitError{strings.TrimPrefix(ended.LastLine, "fatal: "), ended}
	case err != nil:
		return "", err
	}
	return strings.TrimSpace(out.String()), nil
}

// subcommand returns git's subcommand, which follows git's own options, each with a value.
func subcommand(args []string) string {
	for len(args) > 2 && strings.HasPrefix(args[0], "-") {
		args = args[2:]
	}
	return args[0]
}

// timeoutError means that git did not answer in time.
type timeoutError struct {
	subcommand string
	after      time.Duration
	err        error
}

func (e *timeoutError) Error() string {
	return fmt.Sprintf("git %s gave no answer for %s", e.subcommand, e.after.Round(100*time.Millisecond))
}

func (e *timeoutError) Unwrap() error { return e.err }

// gitError is an error message of git.
type gitError struct {
	message string
	err     *proc.Error
}

func (e *gitError) Error() string { return "git: " + e.message }

func (e *gitError) Unwrap() error { return e.err }
