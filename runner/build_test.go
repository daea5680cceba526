package runner_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// fleet tests with a flake of hosts, each a derivation, in a folder of its own.
type fleet struct {
	*testing.T
	lane  lanes.Lane
	dir   string // of the flake
	notes string // a folder that builders write to
	nonce string
	env   []string

	settings [][2]string
	later    []string // hosts that a run does not get at first
}

// eachFleet runs a test with each Nix.
func eachFleet(t *testing.T, test func(f *fleet)) {
	t.Parallel()
	for _, lane := range lanes.All(t) {
		t.Run("nix-"+lane.Version, func(t *testing.T) {
			t.Parallel()
			test(&fleet{T: t, lane: lane, dir: t.TempDir(), notes: t.TempDir(), nonce: rand.Text()})
		})
	}
}

// write writes the flake. Hosts are the bindings of an attribute set. In them and in the
// bindings before, `sh NAME SCRIPT` is a derivation. Noted returns what its note wrote.
func (f *fleet) write(before, hosts string) {
	f.Helper()
	text := fmt.Sprintf(`{
  outputs = { self }: let
    sh = name: script: derivation { inherit name; nonce = "%s"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "set -e\n${note name}\n${script}\n: > $out\n${unnote name}" ]; };
    note = name: "echo ${name} >> %[2]s/started; : > %[2]s/runs-${name}; echo %[2]s/runs-* | /usr/bin/wc -w >> %[2]s/at-once";
    unnote = name: "/bin/rm %[2]s/runs-${name}";
    %s
    hosts = { %s };
  in { nixosConfigurations = builtins.mapAttrs (_: top: { config.system.build.toplevel = top; }) hosts; };
}
`, f.nonce, f.notes, before, hosts)
	if err := os.WriteFile(filepath.Join(f.dir, "flake.nix"), []byte(text), 0o644); err != nil {
		f.Fatal(err)
	}
}

// run runs all cells of the flake.
func (f *fleet) run(change func(*runner.Options)) outcome.Run {
	f.Helper()
	return f.runIn(f.Context(), change)
}

func (f *fleet) runIn(ctx context.Context, change func(*runner.Options)) outcome.Run {
	f.Helper()
	tmp := f.TempDir()
	client, err := nix.Find(f.Context(), nix.Options{
		Path: f.lane.Nix, Env: slices.Concat(os.Environ(), lanes.Env(), []string{"XDG_CACHE_HOME=" + tmp, "HOME=" + tmp}, f.env),
		Settings: append([][2]string{{"flake-registry", ""}}, f.settings...),
	})
	if err != nil {
		f.Fatal(err)
	}
	target, err := client.Open(f.Context(), f.dir, nix.FlakeOptions{}, tmp)
	if err != nil {
		f.Fatal(err)
	}
	found, err := runner.Discover(f.Context(), target, runner.DiscoverOptions{})
	if err != nil {
		f.Fatal(err)
	}
	machine, err := client.Machine(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	o := runner.Options{Client: client, Target: target, Machine: machine, EvalJobs: 2, BuildJobs: 4}
	if change != nil {
		change(&o)
	}
	return runner.Run(ctx, slices.DeleteFunc(found.Matrix.Cells, func(c result.Cell) bool {
		return c.Kind != result.KindNixOS || slices.Contains(f.later, c.Host)
	}), o)
}

// limit returns a time limit that no phase of a quick cell exceeds.
func (f *fleet) limit(least time.Duration) time.Duration {
	f.Helper()
	probe := &fleet{T: f.T, lane: f.lane, dir: f.TempDir(), notes: f.TempDir(), nonce: rand.Text(), env: f.env}
	probe.write("", `a = sh "a" ""; b = sh "b" "";`)
	return lanes.Limit(least, func() { probe.run(nil) })
}

// nix returns what a call of Nix prints, even if it fails.
func (f *fleet) nix(args ...string) string {
	f.Helper()
	cmd := exec.Command(f.lane.Nix, append([]string{"--extra-experimental-features", "nix-command flakes"}, args...)...)
	cmd.Env = slices.Concat(os.Environ(), lanes.Env())
	out, _ := cmd.CombinedOutput() // it says what is wrong
	return strings.TrimSpace(string(out))
}

// noted returns the lines of a file that builders wrote, sorted.
func (f *fleet) noted(name string) []string {
	f.Helper()
	text, err := os.ReadFile(filepath.Join(f.notes, name))
	if err != nil && !os.IsNotExist(err) {
		f.Fatal(err)
	}
	lines := strings.Fields(string(text))
	slices.Sort(lines)
	return lines
}

// ways returns how the cells ended, as in "a: passed built".
func ways(out outcome.Run) string {
	var words []string
	for _, r := range out.Results {
		words = append(words, strings.TrimSpace(fmt.Sprintf("%s: %s %s", r.Cell.Host, r.Status, r.How)))
	}
	return strings.Join(words, ", ")
}

func titles(causes []*result.Cause) string {
	var list []string
	for _, c := range causes {
		list = append(list, c.Title)
	}
	return strings.Join(list, ", ")
}

// A broken leaf is built once for all cells that need it. Everything else that they need is
// built, too, so that all broken leaves are causes.
func TestABrokenLeafIsBuiltOnce(t *testing.T) {
	eachFleet(t, testBrokenLeaves)
}

func TestABrokenLeafIsBuiltOnceByADaemon(t *testing.T) {
	eachFleet(t, func(f *fleet) {
		f.startDaemon()
		testBrokenLeaves(f)
	})
}

func testBrokenLeaves(f *fleet) {
	f.write(`leaf = sh "leaf" "exit 3"; twin = sh "twin" "exit 5"; slow = sh "slow" "/bin/sleep 0.3; exit 4"; fine = sh "fine" "";
		top = name: sh name "echo ${leaf} ${twin} ${slow} ${fine}";`,
		`a = top "a"; b = top "b"; c = top "c"; d = top "d"; e = leaf; f = fine;`)
	out := f.run(nil)
	const want = "a: dependency-failed, b: dependency-failed, c: dependency-failed, d: dependency-failed, e: failed, f: passed built"
	if got := ways(out); got != want {
		f.Errorf("got  %s\nwant %s", got, want)
	}
	if got := strings.Join(f.noted("started"), " "); got != "fine leaf slow twin" {
		f.Errorf("built were %s", got)
	}
	if got := titles(out.Causes); len(out.Causes) != 3 {
		f.Errorf("causes are %s", got)
	}
	for _, r := range out.Results[:4] {
		if len(r.Causes) != 3 {
			f.Errorf("%s has the causes %s", r.Cell.ID, titles(r.Causes))
		}
	}
}

// All processes together run as many builders at once as asked for, and no more.
func TestJobsLimitAllBuilders(t *testing.T) {
	eachFleet(t, func(f *fleet) {
		f.write(`shared = map (n: sh "shared${toString n}" "/bin/sleep 0.2") [ 1 2 3 4 ];
			top = name: { inherit name; value = sh name "echo ${toString shared} ${sh "own-${name}" "/bin/sleep 0.2"}; /bin/sleep 0.2"; };`,
			`} // builtins.listToAttrs (map top [ "a" "b" "c" "d" "e" ]) // {`)
		out := f.run(func(o *runner.Options) { o.BuildJobs = 3 })
		if got := ways(out); strings.Count(got, "passed built") != 5 {
			f.Error(got)
		}
		if got := f.noted("started"); len(got) != 14 || len(slices.Compact(got)) != 14 {
			f.Errorf("built were %q", got)
		}
		if got := f.noted("at-once"); len(got) == 0 || got[len(got)-1] != "3" {
			f.Errorf("builders at once: %q", got)
		}
	})
}

// What is in the store counts as cached and needs no process.
func TestNothingIsBuiltTwice(t *testing.T) {
	eachFleet(t, func(f *fleet) {
		f.write(`dep = sh "dep" "";`, `a = sh "a" "echo ${dep}"; same = a; b = sh "b" "";`)
		f.replace(`a = sh`, `inherit (rec { a = sh`, `same = a;`, `same = a; }) a same;`)
		if got := ways(f.run(nil)); got != "a: passed built, b: passed built, same: passed built" {
			f.Error(got)
		}
		var builders []string
		f.replace(`b = sh "b" ""`, `b = sh "b" "echo new"`)
		out := f.run(func(o *runner.Options) {
			o.Subscribers = on(func(e event.BuilderStarted) { builders = append(builders, storepath.Name(e.Drv)) })
		})
		if got := ways(out); got != "a: passed cached, b: passed built, same: passed cached" {
			f.Error(got)
		}
		if got := strings.Join(builders, " "); got != "b" {
			f.Errorf("built were %s", got)
		}
	})
}

// replace edits the flake.
func (f *fleet) replace(pairs ...string) {
	f.Helper()
	name := filepath.Join(f.dir, "flake.nix")
	text, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	for old := range slices.Chunk(pairs, 2) {
		if !strings.Contains(string(text), old[0]) {
			f.Fatalf("no %q", old[0])
		}
	}
	if err := os.WriteFile(name, []byte(strings.NewReplacer(pairs...).Replace(string(text))), 0o644); err != nil {
		f.Fatal(err)
	}
}

// A substituter that fails when the builds are planned is asked again. What cells share is
// still built once.
func TestAPlanIsRetried(t *testing.T) {
	eachFleet(t, func(f *fleet) {
		var over atomic.Bool // the failure was reported
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/nix-cache-info"):
				_, _ = io.WriteString(rw, "StoreDir: /nix/store\n")
			case !over.Load():
				http.Error(rw, "try again", http.StatusServiceUnavailable)
			default:
				http.NotFound(rw, r)
			}
		}))
		defer server.Close()
		f.settings = [][2]string{{"substituters", server.URL}, {"download-attempts", "1"}}
		f.write(`leaf = sh "leaf" "exit 3"; shared = sh "shared" ""; top = name: sh name "echo ${leaf} ${shared}";`,
			`a = top "a"; b = top "b"; c = top "c"; d = sh "d" "echo ${shared}";`)
		var retried [][]result.Cell
		out := f.run(func(o *runner.Options) {
			o.Retries = 1
			o.Subscribers = on(func(e event.Retrying) {
				retried = append(retried, e.Cells)
				over.Store(true)
			})
		})
		// All four are in one plan, unless the machine is so busy that some come late. No plan is
		// tried a third time.
		again := slices.Concat(retried...)
		slices.SortFunc(again, func(a, b result.Cell) int { return strings.Compare(a.ID, b.ID) })
		if len(again) == 0 || len(slices.CompactFunc(slices.Clone(again), func(a, b result.Cell) bool { return a.ID == b.ID })) != len(again) {
			f.Fatalf("retried are %v", retried)
		}
		if got := ways(out); got != "a: dependency-failed, b: dependency-failed, c: dependency-failed, d: passed built" {
			f.Errorf("%s: %s", got, titles(out.Causes))
		}
		if got := strings.Join(f.noted("started"), " "); got != "d leaf shared" {
			f.Errorf("built were %s", got)
		}
		for _, r := range out.Results {
			again := slices.ContainsFunc(retried[0], func(c result.Cell) bool { return c.ID == r.Cell.ID })
			if attempts := r.Phases[len(r.Phases)-1].Attempts; (attempts == 2) != again || r.Flaky != (again && r.Status == result.Passed) {
				f.Errorf("%s: retried %v, flaky %v, %d attempts", r.Cell.ID, again, r.Flaky, attempts)
			}
		}
	})
}

// A cell that takes too long stops no other: what they share goes on.
func TestATimeoutStopsOneCell(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	eachFleet(t, func(f *fleet) {
		f.write(`shared = sh "shared" "/bin/sleep 0.5"; bad = sh "bad" "exit 1";
			fixed = derivation { name = "fixed"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo x > $out" ]; inherit (bad) nonce;
				outputHashAlgo = "sha256"; outputHash = "0000000000000000000000000000000000000000000000000000"; };`,
			`slow = sh "slow" "echo ${shared}; /bin/sleep 600"; deep = sh "deep" "${sh "below" "/bin/sleep 600"} ${bad} ${fixed}"; quick = sh "quick" "echo ${shared}; /bin/sleep 0.5";`)
		limit := f.limit(3 * time.Second)
		out := f.run(func(o *runner.Options) { o.Timeout = limit })
		if got := ways(out); got != "deep: timed-out, quick: passed built, slow: timed-out" {
			f.Errorf("%s: %s", got, titles(out.Causes))
		}
		got := titles(out.Results[0].Causes)
		for _, want := range []string{"build of nixos/deep took longer than " + limit.String() + ", ", "bad failed to build (exit 1)", "fixed does not have the expected hash"} {
			if !strings.Contains(got, want) {
				f.Errorf("deep has the causes %s", got)
			}
		}
	})
}

// A builder that the kernel killed because memory ran out is a fault of the machine.
func TestABuilderOutOfMemory(t *testing.T) {
	eachFleet(t, func(f *fleet) {
		group := f.smallGroup()
		f.write("", fmt.Sprintf(`hungry = sh "hungry" "echo $$ > %s; x=$(/usr/bin/tail /dev/zero)";`, group))
		out := f.run(nil)
		if got := ways(out) + ", " + titles(out.Causes); got != "hungry: error, hungry failed to build: memory ran out" || out.Causes[0].Kind != "out-of-memory" {
			f.Error(got)
		}
	})
}

// smallGroup makes a control group whose processes have little memory. It returns the file to
// write their ids to.
func (f *fleet) smallGroup() string {
	for _, root := range []struct{ dir, limit string }{{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, {"/sys/fs/cgroup", "memory.max"}} {
		dir, err := os.MkdirTemp(root.dir, "flakeci-test-")
		if err != nil {
			continue
		}
		f.Cleanup(func() { _ = os.Remove(dir) })
		if os.WriteFile(filepath.Join(dir, root.limit), []byte("33554432"), 0o644) == nil {
			return filepath.Join(dir, "cgroup.procs")
		}
	}
	f.Skip("a control group for memory cannot be made here")
	return ""
}

// The log of a failed builder is kept, even if Nix keeps none.
func TestLogsAreKept(t *testing.T) {
	for _, keeps := range []string{"true", "false"} {
		t.Run("Nix keeps logs: "+keeps, func(t *testing.T) {
			eachFleet(t, func(f *fleet) {
				f.settings = [][2]string{{"keep-build-log", keeps}}
				f.write("", `bad = sh "bad" "i=0; while [ $i -lt 50 ]; do echo line $i; i=$((i+1)); done; exit 1";`)
				out := f.run(func(o *runner.Options) { o.Artifacts = &artifact.Folder{Path: f.TempDir()} })
				if len(out.Causes) != 1 {
					f.Fatalf("causes are %s", titles(out.Causes))
				}
				log, err := os.ReadFile(out.Causes[0].Log)
				if err != nil || !strings.HasPrefix(string(log), "line 0\n") || !strings.HasSuffix(string(log), "\nline 49\n") {
					f.Errorf("the log is %q: %v", log, err)
				}
			})
		})
	}
}

// The end of a builder that was stopped is reported, even if a daemon runs it.
func TestBuildersEnd(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	for name, daemon := range map[string]bool{"alone": false, "with a daemon": true} {
		t.Run(name, func(t *testing.T) {
			eachFleet(t, func(f *fleet) {
				if daemon {
					f.startDaemon()
				}
				f.write("", `slow = sh "slow" "/bin/sleep 600"; quick = sh "quick" "/bin/sleep 1";`)
				limit := f.limit(3 * time.Second)
				runs := map[string]bool{}
				out := f.run(func(o *runner.Options) {
					o.Subscribers = []event.Subscriber{{Handle: func(e event.Event) {
						switch e := e.(type) {
						case event.BuilderStarted:
							runs[storepath.Name(e.Drv)] = true
						case event.BuilderStopped:
							runs[storepath.Name(e.Drv)] = false
						}
					}}}
					o.Timeout = limit
				})
				if len(runs) != 2 || runs["slow"] || runs["quick"] {
					f.Errorf("at the end these run: %v: %s", runs, ways(out))
				}
			})
		})
	}
}

// The time in which only others were built does not count against a cell.
func TestWaitingIsNotWorking(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	eachFleet(t, func(f *fleet) {
		limit := f.limit(5 * time.Second)
		long := limit / 5 // seven builds of that length, each cell's own two within the limit
		f.write(fmt.Sprintf(`shared = sh "shared" "/bin/sleep %[1]g"; top = name: sh name "echo ${shared}; /bin/sleep %[1]g";`, long.Seconds()),
			`a = top "a"; b = top "b"; c = top "c"; d = top "d"; e = top "e"; f = top "f";`)
		running, most := map[string]bool{}, 0
		out := f.run(func(o *runner.Options) {
			o.Timeout, o.BuildJobs = limit, 1
			o.Subscribers = []event.Subscriber{{Handle: func(e event.Event) {
				switch e := e.(type) {
				case event.Waiting:
					delete(running, e.Cell.ID)
				case event.Resumed:
					if worked := time.Since(e.Since); running[e.Cell.ID] || e.Phase != result.PhaseBuild.Name() || worked < long*9/10 || worked > limit {
						f.Errorf("%s goes on with %s after %s", e.Cell.ID, e.Phase, worked)
					}
					running[e.Cell.ID] = true
					most = max(most, len(running))
				case event.Finished:
					delete(running, e.Result.Cell.ID)
				}
			}}}
		})
		if most == 0 || most > 2 { // the one before may not be finished yet
			f.Errorf("builders run one at a time, and %d are reported", most)
		}
		if got := ways(out); strings.Count(got, "passed built") != 6 {
			f.Errorf("%s: %s", got, titles(out.Causes))
		}
		waited, lasted := 0.0, 0.0
		for _, r := range out.Results {
			p := r.Phases[len(r.Phases)-1]
			waited, lasted = max(waited, p.Waiting), max(lasted, p.Duration)
		}
		if waited < 2*long.Seconds() || lasted < long.Seconds() || lasted >= limit.Seconds() {
			f.Errorf("the longest wait was %g s, the longest build %g s", waited, lasted)
		}
	})
}

// A cell that needs what a process is building for another one works until that is built. It
// waits while the process goes on with what only the other one needs.
func TestJoiningEnds(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	eachFleet(t, func(f *fleet) {
		long := f.limit(5*time.Second) / 5
		f.write(fmt.Sprintf(`shared = sh "shared" "/bin/sleep %g"; next = sh "next" "echo ${shared}; /bin/sleep %g";`, 2.5*long.Seconds(), 3*long.Seconds()),
			`first = sh "first" "echo ${next}"; late = sh "late" "echo ${shared}";`)
		out := f.runLate("late", func(o *runner.Options) { o.BuildJobs = 1 })
		late := out.Results[len(out.Results)-1]
		if p := late.Phases[len(late.Phases)-1]; late.Cell.Host != "late" || p.Duration > 4*long.Seconds() || p.Waiting < 2*long.Seconds() {
			f.Errorf("%s: %s took %g s and waited for %g s", ways(out), late.Cell.ID, p.Duration, p.Waiting)
		}
	})
}

// A cell that joined a process and took too long is stopped.
func TestJoinersAreStopped(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	eachFleet(t, func(f *fleet) {
		limit := f.limit(3 * time.Second)
		f.write(`shared = sh "shared" "/bin/sleep 600";`, `first = sh "first" "echo ${shared}"; late = sh "late" "echo ${shared}";`)
		out := f.runLate("late", func(o *runner.Options) { o.BuildJobs, o.Timeout = 1, limit })
		if got := ways(out); got != "first: timed-out, late: timed-out" {
			f.Error(got)
		}
	})
}

// runLate runs all cells, but one host only once the first builder has started.
func (f *fleet) runLate(host string, change func(*runner.Options)) outcome.Run {
	f.Helper()
	f.later = []string{host}
	return f.run(func(o *runner.Options) {
		change(o)
		begun := make(chan struct{})
		var once sync.Once
		o.Subscribers = on(func(event.BuilderStarted) { once.Do(func() { close(begun) }) })
		o.Later = func(context.Context) []result.Cell {
			<-begun
			path := []string{"nixosConfigurations", host, "config", "system", "build", "toplevel"}
			return []result.Cell{{ID: "nixos/" + host, Kind: result.KindNixOS, Host: host, Path: path}}
		}
	})
}

// A derivation that Nix does not know does not spoil the plan of others.
func TestADerivationThatIsGone(t *testing.T) {
	eachFleet(t, func(f *fleet) {
		f.write("", `a = sh "a" ""; b = sh "b" ""; c = sh "c" ""; d = { type = "derivation"; system = "x86_64-linux"; outputs = [ ];
			drvPath = "/nix/store/00000000000000000000000000000000-none.drv"; };`)
		out := f.run(nil)
		if got := ways(out); got != "a: passed built, b: passed built, c: passed built, d: error" {
			f.Error(got)
		}
		if len(out.Causes) != 1 {
			f.Errorf("causes are %s", titles(out.Causes))
		}
	})
}

// What waits to be built is not collected as garbage.
func TestGarbage(t *testing.T) {
	eachFleet(t, func(f *fleet) {
		if f.lane.Version == "2.8.0" {
			f.Skip("this Nix cannot keep what waits")
		}
		wait := fmt.Sprintf("until [ -e %s/go ]; do /bin/sleep 0.1; done", f.notes)
		f.write("", fmt.Sprintf(`a = sh "a" "%[1]s"; b = sh "b" "%[1]s";`, wait))
		drvs := map[string]string{}
		for _, host := range []string{"a", "b"} {
			drvs[host] = f.nix("eval", "--quiet", "--raw", "path:"+f.dir+"#nixosConfigurations."+host+".config.system.build.toplevel.drvPath")
		}
		var words string
		var collected sync.Once
		out := f.run(func(o *runner.Options) {
			o.BuildJobs, o.Roots = 1, f.TempDir()
			o.Subscribers = on(func(e event.BuilderStarted) {
				collected.Do(func() {
					for _, other := range drvs {
						if other != e.Drv {
							words = f.nix("store", "delete", other)
						}
					}
					if err := os.WriteFile(filepath.Join(f.notes, "go"), nil, 0o644); err != nil {
						f.Error(err)
					}
				})
			})
		})
		if !strings.Contains(words, "still alive") {
			f.Errorf("deleting what waits gives %s", words)
		}
		if got := ways(out); got != "a: passed built, b: passed built" && got != "b: passed built, a: passed built" {
			f.Error(got)
		}
	})
}

// A derivation that is collected before its dry run is evaluated again.
func TestGarbageBefore(t *testing.T) {
	eachFleet(t, func(f *fleet) {
		f.write("", `a = sh "a" ""; b = sh "b" ""; c = sh "c" "";`)
		drv := f.nix("eval", "--quiet", "--raw", "path:"+f.dir+"#nixosConfigurations.b.config.system.build.toplevel.drvPath")
		// As long as its evaluator runs, it is kept.
		collects := fmt.Sprintf(`#!/usr/bin/env bash
case " $* " in
*" --dry-run "*)
	if mkdir %[3]s/asked 2> /dev/null; then
		for _ in {1..100}; do
			said=$( (exec -a nix-store %[1]s --delete %[2]s) 2>&1)
			[[ $said = *"still alive"* ]] || break
			sleep 0.1
		done
		echo "$said" > %[3]s/collected
	fi ;;
esac
exec %[1]s "$@"
`, f.lane.Nix, drv, f.notes)
		f.lane.Nix = filepath.Join(f.notes, "nix")
		if err := os.WriteFile(f.lane.Nix, []byte(collects), 0o755); err != nil {
			f.Fatal(err)
		}
		out := f.run(func(o *runner.Options) { o.EvalJobs, o.Roots = 1, f.TempDir() })
		words, _ := os.ReadFile(filepath.Join(f.notes, "collected"))
		if !strings.Contains(string(words), "1 store paths deleted") {
			f.Errorf("it was not deleted: %s", words)
		}
		if got := ways(out); strings.Count(got, "passed built") != 3 {
			f.Errorf("%s: %s", got, titles(out.Causes))
		}
	})
}

// A cell of another system passes if nothing of it has to be built.
func TestAnotherSystem(t *testing.T) {
	eachFleet(t, func(f *fleet) {
		f.write(`other = d: d // { system = "riscv64-linux"; };`, `there = other (sh "there" ""); not = other (sh "not" "");`)
		f.run(func(o *runner.Options) { o.Machine.Systems = []string{"riscv64-linux"} })
		f.replace(`not = other (sh "not" "")`, `not = other (sh "new" "")`)
		out := f.run(func(o *runner.Options) { o.Machine.Systems = nil })
		if got := ways(out); got != "not: passed evaluated, there: passed cached" {
			f.Error(got)
		}
	})
}

// startDaemon starts a daemon of the test's own and uses the store through it.
func (f *fleet) startDaemon() {
	if os.Geteuid() != 0 {
		f.Skip("only root can run a daemon for the store")
	}
	socket := filepath.Join(f.TempDir(), "socket")
	cmd := exec.Command(f.lane.Nix, "--extra-experimental-features", "nix-command", "daemon")
	cmd.Env = slices.Concat(os.Environ(), lanes.Env(), []string{"NIX_DAEMON_SOCKET_PATH=" + socket})
	if err := cmd.Start(); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	f.env = []string{"NIX_REMOTE=daemon", "NIX_DAEMON_SOCKET_PATH=" + socket}
	for range 200 {
		if _, err := os.Stat(socket); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	f.Fatal("the daemon does not start")
}

// After an interruption nothing goes on, cells that had not begun are canceled, too, and what
// had failed is reported.
func TestInterruptedBuilds(t *testing.T) {
	eachFleet(t, func(f *fleet) {
		f.write(`bad = sh "bad" "exit 1"; long = name: sh name "${bad} ${sh "in-${name}" "/bin/sleep 60"}";`,
			`a = long "a"; b = long "b"; c = long "c"; d = sh "d" "";`)
		ctx, cancel := context.WithCancel(f.Context())
		defer cancel()
		out := f.runIn(ctx, func(o *runner.Options) {
			o.BuildJobs = 4
			o.Subscribers = on(func(e event.Finished) {
				if e.Result.Cell.Host == "d" {
					time.AfterFunc(time.Second, cancel)
				}
			})
		})
		if got := ways(out); got != "a: canceled, b: canceled, c: canceled, d: passed built" || !out.Interrupted {
			f.Errorf("%s: %s", got, titles(out.Causes))
		}
		if got := titles(out.Causes); got != "bad failed to build (exit 1)" {
			f.Errorf("causes are %s", got)
		}
	})
}

// If a substituter takes too long to say what it has, that is the cause for cells that cannot be
// built here.
func TestAPlanThatTakesTooLong(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	eachFleet(t, func(f *fleet) {
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/nix-cache-info") {
				_, _ = io.WriteString(rw, "StoreDir: /nix/store\n")
				return
			}
			<-r.Context().Done()
		}))
		defer server.Close()
		f.settings = [][2]string{{"substituters", server.URL}}
		f.write("", fmt.Sprintf(`a = derivation { name = "a"; nonce = "%s"; system = "riscv64-linux"; builder = "/bin/sh"; };`, f.nonce))
		limit := f.limit(3 * time.Second)
		out := f.run(func(o *runner.Options) { o.Timeout = limit })
		if got := titles(out.Causes); got != "looking up what to build took longer than "+limit.String() {
			f.Errorf("causes are %s", got)
		}
		if res := out.Results[0]; res.Status != result.TimedOut || res.Causes[0].Kind != "timeout" || res.Causes[0].Hint == "" {
			f.Errorf("got %s, %+v", res.Status, res.Causes)
		}
	})
}
