package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// fact makes what is known of a healthy file with ten rows, and changes it.
func fact(changes ...func(*Facts)) *Facts {
	f := &Facts{Listed: true}
	f.Bucket, f.Key, f.Version, f.Time = "b", "k", object.Version{ETag: "v1", Size: 5}, noon.Add(-24*time.Hour)
	f.Claim = &load.Claim{
		Streams: []string{"s"}, WrittenAt: f.Time, Partition: load.Range{Column: "time", First: f.Time.UnixMicro(), Last: f.Time.UnixMicro()},
		Load: load.Record{Attempt: "a1", Rows: 10, Version: f.Version, LoadedAt: f.Time, SourceFile: "s3://b/k"},
	}
	f.Log = []load.Record{{Outcome: load.Loaded, Version: f.Version}}
	f.Held = []load.Held{{LoadedAt: f.Time, Rows: 10, Lines: 10}}
	for _, change := range changes {
		change(f)
	}
	return f
}

func unclaimed(f *Facts) { f.Claim, f.Held, f.Log = nil, nil, nil }
func logged(o load.Outcome, etag string) func(*Facts) {
	return func(f *Facts) {
		f.Log = append(f.Log, load.Record{Outcome: o, Version: object.Version{ETag: etag, Size: 5}, Reason: "because"})
	}
}

// What each set of facts means. cloud_test.go makes them happen.
func TestJudge(t *testing.T) {
	young := func(f *Facts) { f.Time = noon.Add(-time.Minute) }
	void := func(f *Facts) { f.Claim.Void, f.Held, f.Log = true, nil, nil }
	none := func(f *Facts) { f.Held, f.Log = nil, nil }
	gone := func(f *Facts) { f.Listed = false }
	second := func(f *Facts) { f.ETag = "v2" }
	for _, tt := range []struct {
		name   string
		facts  *Facts
		status Status
		reason string
	}{
		{"healthy", fact(), OK, ""},
		{"no rows", fact(func(f *Facts) { f.Claim.Load.Rows, f.Claim.Streams, f.Held = 0, nil, nil }), OK, ""},
		{"its record is missing", fact(func(f *Facts) { f.Log = nil }), OK, "no record of the load"},
		{"ignored", fact(unclaimed, logged(load.Ignored, "v1")), OK, "because"},
		{"nothing known", fact(unclaimed), Missing, "not in landing"},
		{"an old copy", fact(unclaimed, func(f *Facts) { f.Copy = &Copy{} }), Missing, "another version"},
		{"a copy", fact(unclaimed, func(f *Facts) { f.Copy = &Copy{Attrs: object.Attrs{Event: f.Event}} }), Missing, "no load of it has ended"},
		{"a fresh copy", fact(unclaimed, func(f *Facts) { f.Copy = &Copy{Created: noon} }), Pending, ""},
		{"fresh", fact(unclaimed, young), Pending, ""},
		{"void", fact(void), Missing, "took no rows of attempt a1"},
		{"void, rejected", fact(void, logged(load.Rejected, "v1")), Rejected, "because"},
		{"rejected", fact(unclaimed, logged(load.Rejected, "v1")), Rejected, "because"},
		{"rejected and fresh", fact(unclaimed, young, logged(load.Rejected, "v1")), Rejected, "because"},
		{"another version was rejected", fact(unclaimed, logged(load.Rejected, "v0")), Missing, "not in landing"},
		{"deferred", fact(unclaimed, logged(load.Deferred, "v1")), Deferred, "because"},
		{"its claim and rows are gone", fact(unclaimed, logged(load.Loaded, "v1")), Missing, "no claim in the ledger"},
		{"rows without a claim", fact(func(f *Facts) { f.Claim = nil }), Unclaimed, "10 rows"},
		{"rows just now without a claim", fact(func(f *Facts) { f.Claim, f.Held[0].LoadedAt = nil, noon }), Pending, "being loaded"},
		{"an unreadable claim", fact(func(f *Facts) { f.Claim, f.ClaimErr = nil, errors.New("no claim") }), Unsettled, "no claim"},
		{"invisible", fact(none), Unsettled, "claimed it at"},
		{"invisible, claimed just now", fact(none, func(f *Facts) { f.Claim.WrittenAt = noon }), Pending, "being loaded"},
		{"all deleted", fact(func(f *Facts) { f.Held = nil }), Short, "0 of 10 rows are there: the others were deleted"},
		{"one deleted", fact(func(f *Facts) { f.Held[0].Rows, f.Held[0].Lines = 9, 9 }), Short, "9 of 10"},
		{"expired", fact(func(f *Facts) { f.Held, f.Claim.Partition.First = nil, 0 }), Short, "keeps partitions for 30 days"},
		{"double", fact(func(f *Facts) { f.Held[0].Rows = 12 }), Duplicated, "2 rows have a source_line that another one has too"},
		{"too many", fact(func(f *Facts) { f.Held[0].Rows, f.Held[0].Lines = 11, 11 }), Duplicated, "1 rows are more than the claim says"},
		{"of two attempts", fact(func(f *Facts) { f.Held = append(f.Held, load.Held{LoadedAt: noon, Rows: 3}) }), Duplicated, "3 rows are of no attempt"},
		{"without loaded_at", fact(func(f *Facts) { f.Held = append(f.Held, load.Held{Rows: 1}) }), Duplicated, "their loaded_at is not set"},
		{"double and one lacks", fact(func(f *Facts) { f.Held[0].Rows, f.Held[0].Lines = 9, 8 }), Duplicated, ""},
		{"changed", fact(second, logged(load.Changed, "v2")), Changed, "those of version v1"},
		{"changed, unseen", fact(second), Changed, "no load of the present version has ended"},
		{"changed just now", fact(second, young), Pending, "another version"},
		{"changed just now, seen", fact(second, young, logged(load.Changed, "v2")), Changed, "version v1"},
		{"changed, and rows lack", fact(second, func(f *Facts) { f.Held = nil }), Short, "0 of 10"},
		{"came under another name", fact(second, func(f *Facts) { f.Claim.Load.SourceFile = "gs://l/b/k" }), Changed, "under the name gs://l/b/k"},
		{"gone", fact(gone), Extra, "is not there any more"},
		{"gone, and rows lack", fact(gone, func(f *Facts) { f.Held[0].Rows = 9 }), Extra, "is not there any more"},
		{"gone, the claim too", fact(gone, func(f *Facts) { f.Claim = nil }), Extra, "no claim on it"},
		{"never there", fact(gone, func(f *Facts) { f.Claim, f.Log = nil, nil }), Extra, "no load is known of"},
	} {
		j := judge{Facts: tt.facts, now: noon, grace: 10 * time.Minute, expiration: func() time.Duration { return 30 * 24 * time.Hour }}
		j.count()
		status, reason := j.verdict(false)
		if status != tt.status || !strings.Contains(reason, tt.reason) || tt.reason == "" && status == OK && reason != "" {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, status, reason, tt.status, tt.reason)
		}
		if j.gone = true; tt.name == "gone" {
			if status, _ := j.verdict(false); status != Gone {
				t.Errorf("gone, as is expected: %s", status)
			}
		} else if status, _ := j.verdict(false); status == Gone {
			t.Errorf("%s: gone", tt.name)
		}
	}
	j := judge{Facts: fact(gone)}
	j.count()
	if status, reason := j.verdict(true); status != Extra || !strings.Contains(reason, "another table") {
		t.Errorf("goes elsewhere by now: %s (%s)", status, reason)
	}
	for _, s := range Statuses {
		if s.Meaning() == "" || s.Repairable() && !s.Difference() {
			t.Errorf("%s: means %q", s, s.Meaning())
		}
	}
}

// Sums are kept by day and source, and a repair changes them.
func TestTotals(t *testing.T) {
	r := newResult(noon)
	entries := []Entry{
		{File: "1", Status: OK, Source: "a", Day: "2026-01-02", Rows: 3, Size: 10, Rejects: 1},
		{File: "2", Status: Missing, Source: "a", Day: "2026-01-02", Size: 5},
		{File: "3", Status: Pending, Source: "b", Day: "2026-01-01"},
	}
	for i := range entries {
		r.add(&entries[i])
	}
	r.finish()
	if r.Totals.Files != 3 || r.Totals.Rows != 3 || r.Totals.Bytes != 15 || r.Totals.Rejects != 1 || r.Totals.Differences() != 1 || !slices.Equal(r.Totals.Present(), []Status{OK, Pending, Missing}) {
		t.Errorf("totals %+v", r.Totals)
	}
	if len(r.Days) != 2 || r.Days[0].Source != "b" || r.Days[1].Of(Missing) != 1 {
		t.Errorf("days %+v", r.Days)
	}
	after := entries[1]
	after.Status, after.Rows = OK, 7
	r.Amend(entries[1], after)
	if r.Totals.Differences() != 0 || r.Totals.Of(OK) != 2 || r.Totals.Rows != 10 || r.Days[1].Rows != 10 || slices.Contains(r.Totals.Present(), Missing) {
		t.Errorf("amended: %+v, %+v", r.Totals, r.Days)
	}
}

// The sample is of files that are in order and hold rows, as many as asked for, the same for one seed
// in whatever order they come.
func TestSampler(t *testing.T) {
	var entries []Entry
	for i := range 100 {
		entries = append(entries, Entry{File: strings.Repeat("x", i), Status: OK, Claimed: 1})
	}
	entries = append(entries, Entry{File: "empty", Status: OK}, Entry{File: "bad", Status: Missing, Claimed: 1})
	chosen := func(n int, seed string) (files []string) {
		s := NewSampler(n, seed)
		for _, e := range entries {
			s.offer(e)
		}
		for _, e := range s.Chosen() {
			files = append(files, e.File)
		}
		return files
	}
	one := chosen(10, "a")
	slices.Reverse(entries)
	if again := chosen(10, "a"); len(one) != 10 || !slices.Equal(one, again) || !slices.IsSorted(one) || slices.Equal(one, chosen(10, "b")) {
		t.Errorf("chosen %q, again %q", one, again)
	}
	if all := chosen(1000, "a"); len(all) != 100 {
		t.Errorf("%d of 100 files", len(all))
	}
	if (*Sampler)(nil).Chosen() != nil {
		t.Error("no sampler chooses")
	}
}

// A report says what was found, in both forms, and nothing in it is markup of a stranger's.
func TestReport(t *testing.T) {
	result := newResult(noon)
	bad := Entry{File: "s3://b/<script>alert(1)</script>", Status: Missing, Table: "p.d.t", Day: "2026-01-02", Reason: "a < b"}
	result.add(&bad)
	result.finish()
	result.Digest, result.Example, result.Unmatched.Files = "0123", "s3://b/x", 2
	r := &Report{Prefix: "s3://b/", Version: "v1", Result: &result, DigestOf: DigestOf, Parameters: []Parameter{{"grace", "10m"}}, Deep: &DeepResult{Seed: "seed"},
		Repair: &RepairResult{Tried: 1, After: []Entry{bad}}}
	r.Found(bad)
	r.Deep.Add(Comparison{File: "s3://b/f", Rows: 3, Values: 9, Different: 1, Differences: []Difference{{Line: 2, Column: "n", File: "1", Table: "2", What: "values differ"}}, NotCompared: []string{"geo"}})
	var page, text bytes.Buffer
	if err := errors.Join(r.WriteHTML(&page), r.WriteJSON(&text)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 of 1 files differ", "&lt;script&gt;alert(1)", "a &lt; b", "0123", "sha256sum", "2026-01-02", "values differ", "not compared: geo", "seed", "grace", "prefers-color-scheme", "@media print", "0 of 1 files that could be mended"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, outside := range []string{"<script", "http://", "https://", "src=", "href="} {
		if strings.Contains(page.String(), outside) {
			t.Errorf("the page has %s: it must need nothing else", outside)
		}
	}
	var back Report
	if err := json.Unmarshal(text.Bytes(), &back); err != nil || len(back.Differences) != 1 || back.Differences[0].File != bad.File || back.Result.Digest != "0123" || back.Deep.Values != 9 {
		t.Errorf("as JSON: %v, %s", err, &text)
	}
	if r.Good() {
		t.Error("a report of differences is good")
	}
	good := &Report{Result: &Result{Totals: Sum{Files: 2000, ByStatus: map[Status]int{OK: 1999, Pending: 1}}}}
	if !good.Good() || good.Verdict() != "No difference in 2,000 files; 1 on the way" {
		t.Errorf("%q", good.Verdict())
	}
	good.Deep = &DeepResult{Files: 3, Different: 1}
	if good.Good() || good.Verdict() != "1 of 3 files compared value by value differ" {
		t.Errorf("%q", good.Verdict())
	}
}

// So many differences are listed, the rest is counted.
func TestReportBound(t *testing.T) {
	r := &Report{}
	for range MostDifferences + 2 {
		r.Found(Entry{})
	}
	if len(r.Differences) != MostDifferences || r.More != 2 {
		t.Errorf("%d listed, %d counted", len(r.Differences), r.More)
	}
}
