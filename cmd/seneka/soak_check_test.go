package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/loadtest/generate"
)

func trimQuotes(etag string) string { return strings.Trim(etag, `"`) }

// check compares everything that the pipeline left with what was put.
func (s *soak) check(t *testing.T) {
	t.Helper()
	truths := s.truths(t)
	loaded := s.ask(t, `SELECT source_file, COUNT(DISTINCT attempt), MAX(etag), MAX(attempt), MAX(row_count), MAX(reject_count)
		FROM logs.seneka_loads WHERE outcome = 'loaded' GROUP BY 1`)
	rejects := s.ask(t, "SELECT CONCAT(source_file, ' ', etag), COUNT(*), COUNT(DISTINCT source_line) FROM logs.seneka_rejects GROUP BY 1")
	claims := s.claims(t)
	var wrong []string
	for file, versions := range s.files {
		err := checkFile(versions, truths[file], loaded[file], claims[file], func(etag string) []any { return values(rejects[file+" "+etag]) })
		if err != nil {
			wrong = append(wrong, file)
			t.Errorf("%s: %v", file, err)
		}
		delete(truths, file)
		delete(claims, file)
	}
	if len(truths)+len(claims) > 0 {
		t.Errorf("there are rows or claims of files that nobody put: %v, %v", truths, claims)
	}
	if state := stateOf(t, s.ready.Dashboard); state.Queue.Dead+state.Push.Dead > 0 {
		t.Errorf("messages were parked: SQS %+v, Pub/Sub %+v", state.Queue, state.Push)
	}
	if len(wrong) > 0 {
		t.Logf("seed of the files: %d\n%s", s.seed, s.history(t, wrong))
	}
}

func values[V any](row []V) []any {
	all := make([]any, len(row))
	for i, v := range row {
		all[i] = v
	}
	return all
}

// checkFile compares one file's rows, load record, claim and rejects with its versions: one of those
// that can be loaded is there, whole and once; of a file without any, nothing is.
func checkFile[V any](versions []version, truth generate.Truth, loaded []V, claim *load.Claim, rejects func(etag string) []any) error {
	if !versions[0].Kind.Loadable() {
		if truth != (generate.Truth{}) || loaded != nil || claim != nil {
			return fmt.Errorf("it is %s, and there are rows %+v, a load record %v, a claim %+v", versions[0].Kind, truth, loaded, claim)
		}
		return nil
	}
	if claim == nil || loaded == nil {
		return fmt.Errorf("no claim (%v) or no load record (%v)", claim == nil, loaded == nil)
	}
	i := slices.IndexFunc(versions, func(v version) bool { return trimQuotes(v.etag) == claim.Load.Version.ETag })
	if i < 0 {
		return fmt.Errorf("the claim is of a version that nobody put: %+v", claim.Load)
	}
	want := versions[i]
	var errs []error
	if truth != want.Truth {
		errs = append(errs, fmt.Errorf("rows are %+v, want %+v of version %s", truth, want.Truth, want.etag))
	}
	if got, want := fmt.Sprint(values(loaded)), fmt.Sprint([]any{1, claim.Load.Version.ETag, claim.Load.Attempt, want.Truth.Rows, want.Bad}); got != want {
		errs = append(errs, fmt.Errorf("the load records say %s, want %s", got, want))
	}
	if claim.Void || claim.Load.Rows != want.Truth.Rows || claim.Load.Rejects != int64(want.Bad) {
		errs = append(errs, fmt.Errorf("the claim is %+v", *claim))
	}
	if got := rejects(claim.Load.Version.ETag); want.Bad > 0 && fmt.Sprint(got) != fmt.Sprint([]any{want.Bad, want.Bad}) {
		errs = append(errs, fmt.Errorf("rejects, and lines of them, are %v, want %d", got, want.Bad))
	}
	return errors.Join(errs...)
}

// truths asks the tables what they hold of each file.
func (s *soak) truths(t *testing.T) map[string]generate.Truth {
	t.Helper()
	truths := map[string]generate.Truth{}
	for _, table := range []string{"logs.alb", "logs.elb"} {
		for file, v := range s.ask(t, "SELECT source_file, COUNT(*), COUNT(DISTINCT source_line), SUM(source_line * (received_bytes + 3 * sent_bytes)) FROM "+table+" GROUP BY 1") {
			if _, ok := truths[file]; ok {
				t.Errorf("%s is in two tables", file)
			}
			truths[file] = generate.Truth{Rows: v[0].(int64), Lines: v[1].(int64), Sum: v[2].(int64)}
		}
	}
	return truths
}

// claims reads the whole ledger: the claims by file, of which each may have one.
func (s *soak) claims(t *testing.T) map[string]*load.Claim {
	t.Helper()
	all := map[string]*load.Claim{}
	for name, data := range s.ledger(t, "claims/") {
		c := new(load.Claim)
		if err := json.Unmarshal(data, c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if all[c.Load.SourceFile] != nil {
			t.Errorf("%s has two claims", c.Load.SourceFile)
		}
		all[c.Load.SourceFile] = c
	}
	return all
}

// history tells all that is known of a few files.
func (s *soak) history(t *testing.T, files []string) string {
	var b strings.Builder
	claims := s.claims(t)
	for _, file := range files[:min(5, len(files))] {
		fmt.Fprintf(&b, "%s\n", file)
		for _, v := range s.files[file] {
			fmt.Fprintf(&b, "  put %s, %d bytes, %s, %d bad: %+v\n", v.etag, len(v.Data), v.Kind, v.Bad, v.Truth)
		}
		claim, err := json.Marshal(claims[file])
		fmt.Fprintf(&b, "  claim %s %v\n", claim, err)
		for record, v := range s.ask(t, "SELECT CONCAT(CAST(started_at AS STRING), ' ', attempt, ' ', outcome), etag, row_count, reject_count, landing_object, reason FROM logs.seneka_load_log WHERE source_file = '"+file+"'") {
			fmt.Fprintf(&b, "  load %s %v\n", record, v)
		}
		for rows, v := range s.ask(t, "SELECT CAST(loaded_at AS STRING), COUNT(*), MIN(source_line), MAX(source_line) FROM logs."+s.files[file][0].Source+" WHERE source_file = '"+file+"' GROUP BY 1") {
			fmt.Fprintf(&b, "  rows loaded at %s: %v\n", rows, v)
		}
	}
	return b.String()
}
