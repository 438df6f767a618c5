// Package doctor looks at a deployment, read-only, and says what is not as it should be, what follows
// from it, and what to do. look.go reads all there is to know, at once and in bounded time; the other
// files judge it, a check each, and ask nobody. The package knows no SDK.
package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/seneka-io/seneka/internal/config"
)

// State is how a check ended.
type State string

// The states, the worst first.
const (
	Problem State = "problem" // it loses or delays files, costs money for nothing, or will
	Note    State = "note"    // worth knowing
	Skipped State = "skipped" // it cannot be told from here
	OK      State = "ok"
)

var order = []State{Problem, Note, Skipped, OK}

// Finding is one thing that is not as it should be.
type Finding struct {
	State State  `json:"state"` // Problem or Note
	Where string `json:"where"`
	What  string `json:"what"`
	So    string `json:"consequence"`
	Fix   string `json:"fix"` // a command, or an argument of Terraform
}

// Result is how one check ended.
type Result struct {
	Check    string    `json:"check"`
	Looks    string    `json:"looks_at"`
	State    State     `json:"state"`
	Findings []Finding `json:"findings,omitempty"`
	Skipped  []string  `json:"skipped,omitempty"` // why something of it cannot be told
}

// check is one thing that is looked at.
type check struct {
	name, looks string
	judge       func(s *Seen, r *report)
}

// checks returns all checks, in the order of the pipeline.
func checks() []check {
	return slices.Concat(queueChecks(), sourceChecks(), landingChecks(), ledgerChecks(), pushChecks(), tableChecks(), accountChecks())
}

// report takes what a check finds.
type report struct {
	findings []Finding
	skipped  []string
}

func (r *report) problem(where, what, so, fix string) {
	r.findings = append(r.findings, Finding{Problem, where, what, so, fix})
}

func (r *report) note(where, what, so, fix string) {
	r.findings = append(r.findings, Finding{Note, where, what, so, fix})
}

// skip says why something cannot be told.
func (r *report) skip(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.skipped, text) {
		r.skipped = append(r.skipped, text)
	}
}

func (r *report) result(c check) Result {
	slices.SortStableFunc(r.findings, func(a, b Finding) int { return cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State)) })
	out := Result{Check: c.name, Looks: c.looks, State: OK, Findings: r.findings, Skipped: r.skipped}
	switch {
	case len(r.findings) > 0:
		out.State = r.findings[0].State
	case len(r.skipped) > 0:
		out.State = Skipped
	}
	return out
}

// Judge returns the result of every check, problems first.
func Judge(s *Seen) []Result {
	var results []Result
	for _, c := range checks() {
		r := &report{}
		c.judge(s, r)
		results = append(results, r.result(c))
	}
	slices.SortStableFunc(results, func(a, b Result) int { return cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State)) })
	return results
}

// Invalid returns the result of a deployment whose configuration is not valid: nothing else can be
// looked at. ok is false if err does not say so.
func Invalid(err error) (results []Result, ok bool) {
	var wrong config.Errors
	if !errors.As(err, &wrong) {
		return nil, false
	}
	r := &report{}
	for _, e := range wrong {
		r.problem("the configuration", e.Error(), "neither forwarder nor loader starts with it", "mend it, and see: seneka config check")
	}
	return []Result{r.result(configuration)}, true
}

// Count returns how many results have each state.
func Count(results []Result) map[State]int {
	n := map[State]int{}
	for _, r := range results {
		n[r.State]++
	}
	return n
}

// value returns what was answered; without an answer the check is skipped, or, where the thing is not
// there, left to the check that is about that.
func value[T any](r *report, a Answer[T]) (v T, ok bool) {
	if a.Err != nil {
		r.skip("%v", a.Err)
		return v, false
	}
	return a.Value, true
}
