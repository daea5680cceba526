package matrix

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestStrategy(t *testing.T) {
	inv := fleet()
	inv.NixOS = append(inv.NixOS, "pi")
	m, err := New(inv).Select(Selection{Kinds: []result.Kind{result.KindNixOS, result.KindPackage, result.KindDarwin}})
	if err != nil {
		t.Fatal(err)
	}
	past := pastOf(result.Report{Cells: []result.CellResult{
		{Cell: result.Cell{ID: "nixos/pi", System: "aarch64-linux"}, Status: result.Passed, Phases: []result.Phase{{Duration: 40}}},
		{Cell: result.Cell{ID: "nixos/laptop", System: "x86_64-linux"}, Status: result.Passed, Phases: []result.Phase{{Duration: 200}}},
		{Cell: result.Cell{ID: "nixos/gone", System: "x86_64-linux"}, Status: result.Passed, Phases: []result.Phase{{Duration: 900}}},
	}})
	got, err := json.Marshal(m.Strategy(StrategyOptions{Jobs: 4, Past: past, Runner: DefaultRunner}))
	want := `{"include":[` +
		`{"shard":"1/4","name":"aarch64-darwin-1-of-1","system":"aarch64-darwin","runner":"macos-15","cells":["darwin/mac"]},` +
		`{"shard":"2/4","name":"aarch64-linux-1-of-1","system":"aarch64-linux","runner":"ubuntu-24.04-arm","cells":["nixos/pi","package/aarch64-linux/tool"]},` +
		`{"shard":"3/4","name":"x86_64-linux-1-of-2","system":"x86_64-linux","runner":"ubuntu-24.04","cells":["nixos/laptop"]},` +
		`{"shard":"4/4","name":"x86_64-linux-2-of-2","system":"x86_64-linux","runner":"ubuntu-24.04","cells":["nixos/reason","package/x86_64-linux/tool"]}]}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func pastOf(reports ...result.Report) (p Past) {
	for _, r := range reports {
		p.Add(r)
	}
	return p
}

// A step of a workflow writes the strategy on one line to its outputs.
func TestStrategyIsOneLine(t *testing.T) {
	check(t, func(inv anyInventory) bool {
		s := New(inv.Inventory).Strategy(StrategyOptions{Jobs: 5, Runner: DefaultRunner})
		var got Strategy
		err := json.Unmarshal([]byte(s.String()), &got)
		same := slices.EqualFunc(got.Include, s.Include, func(a, b Job) bool { return a.Name == b.Name && slices.Equal(a.Cells, b.Cells) })
		return err == nil && same && !strings.Contains(s.String(), "\n")
	})
	s := Strategy{Include: []Job{{"1/1", "a", "b", "<c>", []string{"d", "e"}}}}
	want := `{"include": [{"shard": "1/1", "name": "a", "system": "b", "runner": "<c>", "cells": ["d", "e"]}]}`
	if got := s.String(); got != want {
		t.Errorf("got %s", got)
	}
}

// example is what the example fleet offers.
func example() Inventory {
	return Inventory{NixOS: []string{"laptop", "reason"}, Homes: []Home{{Key: "joachim@laptop"}, {Key: "joachim@reason"}, {Key: "work@laptop"}}}
}

// twoHundred is a fleet of 200 cells without its VMs: 40 hosts with two homes each and one inside.
func twoHundred() Inventory {
	var inv Inventory
	for i := range 40 {
		host := fmt.Sprintf("host%d", i)
		inv.NixOS = append(inv.NixOS, host)
		inv.Embedded = append(inv.Embedded, Embedded{Host: host, User: "root"})
		inv.Homes = append(inv.Homes, Home{Key: "joachim@" + host}, Home{Key: "work@" + host}, Home{Key: "eve@" + host})
	}
	return inv
}

// randomPast returns a report with times and systems for most cells.
func randomPast(m Matrix, r *rand.Rand) result.Report {
	var report result.Report
	spread := float64(r.Intn(3)) / 2
	for _, c := range m.Cells {
		if r.Intn(10) == 0 {
			continue
		}
		if c.System == "" && systemOf(c) != "-darwin" && c.Kind.IsHost() {
			c.System = []string{"x86_64-linux", "x86_64-linux", "aarch64-linux"}[r.Intn(3)]
		}
		report.Cells = append(report.Cells, result.CellResult{Cell: c, Status: result.Passed, Phases: []result.Phase{{Duration: 100 * math.Exp(spread*r.NormFloat64())}}})
	}
	return report
}

// checkStrategy checks that every cell is in exactly one job, that jobs have good names, that
// groups stay together and that the jobs for a system are even.
func checkStrategy(t *testing.T, m Matrix, n int, past Past) bool {
	t.Helper()
	s := m.Strategy(StrategyOptions{Jobs: n, Past: past, Runner: DefaultRunner})
	g := m.grouping()
	system, weigh := m.systemsOf(g, past), m.weigher(past)
	byID := map[string]result.Cell{}
	for _, c := range m.Cells {
		byID[c.ID] = c
	}
	ok, names, jobs, jobOf := true, map[string]bool{}, map[string][]float64{}, map[string]string{}
	fail := func(format string, args ...any) { t.Logf(format, args...); ok = false }
	groups := map[string]map[string]float64{}
	for i, j := range s.Include {
		if name := strings.ToLower(j.Name); names[name] || !jobNameRE.MatchString(j.Name) || strings.ContainsAny(j.Name, `":<>|*?/\`) {
			fail("the name %s", j.Name)
		}
		names[strings.ToLower(j.Name)] = true
		if text, _ := json.Marshal(j); j.Shard != fmt.Sprintf("%d/%d", i+1, len(s.Include)) || !sameJob(string(text), j) {
			fail("job %d: %s", i, text)
		}
		weight := 0.0
		for _, id := range j.Cells {
			c, known := byID[id]
			if !known || system(c) != j.System || c.System != "" && c.System != j.System || j.Runner != DefaultRunner(j.System) {
				fail("%s is in a job for %s, unknown, or there twice", id, j.System)
			}
			delete(byID, id)
			weight += weigh(c)
			key := g.of(c) + " " + j.System
			if jobOf[key] != "" && jobOf[key] != j.Name {
				fail("%s is away from its group in %s", id, jobOf[key])
			}
			jobOf[key] = j.Name
			if groups[j.System] == nil {
				groups[j.System] = map[string]float64{}
			}
			groups[j.System][key] += weigh(c)
		}
		jobs[j.System] = append(jobs[j.System], weight)
	}
	if len(byID) > 0 || len(s.Include) > max(n, len(jobs)) {
		fail("%d jobs of %d, without %d cells", len(s.Include), n, len(byID))
	}
	for system, weights := range jobs {
		if heaviest := slices.Max(weights); heaviest > 1.2*leastHeaviest(groups[system], len(weights))*1.0001 {
			fail("%s: jobs %v of groups %v", system, weights, groups[system])
		}
	}
	return ok
}

func sameJob(text string, j Job) bool {
	got, err := ParseJob(text)
	return err == nil && got.Name == j.Name && slices.Equal(got.Cells, j.Cells)
}

// leastHeaviest returns the larger of the mean of n jobs and the heaviest group. Sometimes no
// division comes near that: of three groups that weigh the same, one of two jobs has two. So where
// it is larger, it returns the weight of two groups that must share a job if each job has one, of
// three if each has two, and so on.
func leastHeaviest(groups map[string]float64, n int) float64 {
	var weights []float64
	total := 0.0
	for _, w := range groups {
		weights, total = append(weights, w), total+w
	}
	slices.Sort(weights)
	slices.Reverse(weights)
	bound := max(total/float64(n), weights[0])
	for k := 1; k*n < len(weights); k++ {
		together := 0.0
		for _, w := range weights[k*n-k : k*n+1] {
			together += w
		}
		bound = max(bound, together)
	}
	return bound
}

func TestStrategiesAreEvenPartitions(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for name, inv := range map[string]Inventory{"the example": example(), "200 cells": twoHundred(), "every kind": fleet()} {
		for n := 1; n <= 16; n++ {
			for _, kinds := range [][]result.Kind{{result.KindNixOS, result.KindHome}, result.Kinds()} {
				m, err := New(inv).Select(Selection{Kinds: kinds})
				if err != nil {
					t.Fatal(err)
				}
				for range 3 {
					if !checkStrategy(t, m, n, pastOf(randomPast(m, r))) {
						t.Errorf("%s, %d jobs", name, n)
					}
				}
				if !checkStrategy(t, m, n, Past{}) {
					t.Errorf("%s, %d jobs, without times", name, n)
				}
			}
		}
	}
	check(t, func(inv anyInventory, count uint8, seed int64) bool {
		m, r := New(inv.Inventory), rand.New(rand.NewSource(seed))
		return checkStrategy(t, m, 1+int(count)%16, Past{}) && checkStrategy(t, m, 1+int(count)%16, pastOf(randomPast(m, r)))
	})
}

// A fleet of 40 hosts for one system can be divided well among any number of jobs.
func TestJobsAreNearTheMean(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	m, err := New(twoHundred()).Select(Selection{Kinds: []result.Kind{result.KindNixOS, result.KindHome}})
	if err != nil || len(m.Cells) != 200 {
		t.Fatalf("%d cells, %v", len(m.Cells), err)
	}
	for range 20 {
		past := pastOf(randomPast(m, r))
		clear(past.Systems)
		weigh, groups, total := m.weigher(past), map[string]float64{}, 0.0
		for _, c := range m.Cells {
			groups[c.Host] += weigh(c)
			total += weigh(c)
		}
		heaviestGroup := slices.Max(slices.Collect(maps.Values(groups)))
		for n := 1; n <= 16; n++ {
			parts, heaviest := m.division(past).atMost(n), 0.0
			for _, p := range parts {
				weight := 0.0
				for _, c := range p.cells {
					weight += weigh(c)
				}
				heaviest = max(heaviest, weight)
			}
			if mean := total / float64(len(parts)); heaviest > 1.2*max(mean, heaviestGroup)*1.0001 {
				t.Errorf("%d jobs: the heaviest has %v, the mean is %v, the heaviest group has %v", len(parts), heaviest, mean, heaviestGroup)
			}
		}
	}
}

func TestStrategyKeepsToGitHubsLimits(t *testing.T) {
	m := New(big(400))
	s := m.Strategy(StrategyOptions{Jobs: 1000, Runner: DefaultRunner})
	if len(s.Include) != maxJobs || s.Check() != nil {
		t.Errorf("makes %d jobs: %v", len(s.Include), s.Check())
	}
	large := New(big(2000)).Strategy(StrategyOptions{Jobs: 1, Runner: DefaultRunner})
	if err := large.Check(); err == nil || !strings.Contains(err.Error(), "too much for a variable") {
		t.Errorf("12000 cells in one job: %v", err)
	}
	if s := New(big(500)).Strategy(StrategyOptions{Jobs: 1, Runner: DefaultRunner}); len(s.Include[0].Cells) != 3000 || s.Check() != nil {
		t.Errorf("%d cells in one job: %v", len(s.Include[0].Cells), s.Check())
	}
	var systems Inventory
	for i := range maxJobs + 1 {
		systems.Packages = append(systems.Packages, Output{fmt.Sprintf("system%d", i), "x"})
	}
	if err := New(systems).Strategy(StrategyOptions{Jobs: 1, Runner: DefaultRunner}).Check(); err == nil {
		t.Error("takes a job for each of 257 systems")
	}
	huge := Strategy{Include: slices.Repeat(large.Include[:1], 60)}
	for i := range huge.Include {
		huge.Include[i].Cells = huge.Include[i].Cells[:550]
	}
	// In UTF-8 it would have half as many bytes.
	if size := len(huge.String()); size > maxOutput || size < maxOutput/2 {
		t.Errorf("%d bytes are no test", size)
	}
	if err := huge.Check(); err == nil || !strings.Contains(err.Error(), "1 MB") {
		t.Errorf("33000 cells: %v", err)
	}
	huge.Include = huge.Include[:20]
	if err := huge.Check(); err != nil {
		t.Errorf("11000 cells: %v", err)
	}
}

func TestStrategyOfNothing(t *testing.T) {
	got, err := json.Marshal(New(Inventory{}).Strategy(StrategyOptions{Runner: DefaultRunner}))
	if err != nil || string(got) != `{"include":[]}` {
		t.Errorf("got %s, %v", got, err)
	}
}

// A flake chooses its systems, and a job needs a name that nothing refuses.
func TestNamesOfJobs(t *testing.T) {
	var inv Inventory
	for _, system := range append(oddNames(), "X86_64-LINUX", "x86_64_linux", "con", "-x", "..", strings.Repeat("long", 50)) {
		if system != "" {
			inv.Packages = append(inv.Packages, Output{system, "x"})
		}
	}
	if m := New(inv); !checkStrategy(t, m, 8, Past{}) || len(m.Cells) < 30 {
		t.Error("bad names")
	}
}

func TestParseJob(t *testing.T) {
	good := `{"shard":"2/3","name":"x86_64-linux-2-of-3","cells":["nixos/a"],"os":"added by a workflow"}`
	j, err := ParseJob(good)
	if i, n := j.Number(); err != nil || i != 2 || n != 3 {
		t.Errorf("got %v, %v", j, err)
	}
	for _, text := range []string{
		"", "{", "null", "{}", `{"shard":"2/1","name":"a","cells":["b"]}`, `{"shard":"1/1","name":"","cells":["b"]}`, `{"shard":"1/1","name":"a/b","cells":["b"]}`,
		`{"shard":"1/1","name":"-rf","cells":["b"]}`, `{"shard":"1/1","name":"a\nb","cells":["b"]}`, `{"shard":"1/1","name":"a","cells":[]}`, `{"shard":"1/1","name":"a","cells":["b"]} x`,
	} {
		var e *JobError
		if _, err := ParseJob(text); !errors.As(err, &e) {
			t.Errorf("%q gives %v", text, err)
		}
	}
}

// A leg selects the cells of its job, whichever homes it finds inside its hosts.
func TestSelectionOfAJob(t *testing.T) {
	check(t, func(inv anyInventory, count uint8) bool {
		m := New(inv.Inventory)
		var all []string
		for _, j := range m.Strategy(StrategyOptions{Jobs: 1 + int(count)%9, Runner: DefaultRunner}).Include {
			selected, err := m.Select(Selection{Job: &j})
			if err != nil || !slices.Equal(ids(selected.Cells), j.Cells) {
				t.Logf("%v selects %v, %v", j, ids(selected.Cells), err)
				return false
			}
			all = append(all, j.Cells...)
		}
		slices.Sort(all)
		return equal(all, slices.Sorted(slices.Values(ids(m.Cells))))
	})
	host := nixosCell("laptop")
	late := EmbeddedCell(host, "eve", "")
	for want, cells := range map[bool][]string{true: {"nixos/laptop"}, false: {"nixos/laptop", "nixos/laptop/home/root"}} {
		if got := (Selection{Job: &Job{Cells: cells}}).Admits(late); got != want {
			t.Errorf("%v: admits a home found late: %v", cells, got)
		}
	}
}

// What a report says about times and systems may be anything.
func FuzzPast(f *testing.F) {
	f.Add([]byte(`{"schema":"flakeci.report/v1","cells":[{"id":"nixos/reason","system":"aarch64-linux","status":"passed","phases":[{"name":"build","duration_seconds":1e308},{"name":"eval","duration_seconds":1e308}]}]}`), 3)
	f.Add([]byte(`{"schema":"flakeci.report/v1","cells":[{"id":"home/joachim","system":"../x","status":"failed","phases":[{"name":"build","duration_seconds":-5}]},{"id":"home/joachim","phases":[{"duration_seconds":1e-320}]}]}`), -1)
	f.Add([]byte(`{"schema":"flakeci.report/v1","cells":[null]}`), 300)
	m := New(fleet())
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		r, err := result.ReadJSON(strings.NewReader(string(data)))
		if err != nil {
			return
		}
		past := pastOf(r, r)
		for id, s := range past.Seconds {
			if !(s >= minSeconds && s <= maxSeconds) {
				t.Errorf("%s takes %v s", id, s)
			}
		}
		if !checkStrategy(t, m, min(max(n, 1), 1000), past) {
			t.Errorf("bad strategy for %q", data)
		}
	})
}
