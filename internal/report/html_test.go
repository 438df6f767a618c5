package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

func html(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// small is a report of one source out of the sample: a page that a person can read through.
func small() *Report {
	r := sample()
	r.Sources, r.Series = r.Sources[3:], r.Series[3:]
	r.Total = r.Sources[0]
	r.Slowest, r.Largest = r.Slowest[1:4], r.Largest[1:4]
	return r
}

// The page of given data is the same, byte by byte; what changed is to be looked at in a browser.
func TestGolden(t *testing.T) {
	golden := filepath.Join("testdata", "report.html")
	got := html(t, small())
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		i := 0
		for i < min(len(got), len(want)) && got[i] == want[i] {
			i++
		}
		t.Errorf("the page differs at byte %d: %.200q; look at it, then go test ./internal/report -update", i, got[i:])
	}
	if again := html(t, small()); again != got {
		t.Error("the same report gave another page")
	}
}

// Names and reasons come from strangers: they are text, wherever they stand.
func TestHostile(t *testing.T) {
	r := sample()
	r.Project, r.Source, r.Seneka = hostile, hostile, hostile
	r.Sources[0].Source, r.Series[0].Source, r.Open.Sources[0].Source = hostile, hostile, hostile
	r.Rejects[0].Reason, r.Open.Files[0].Reason, r.Slowest[0].Table, r.Hops[0].Name = hostile, hostile, hostile, hostile
	r.Cost.Items[0].Item, r.Cost.Note = hostile, hostile
	page := html(t, r)
	for _, bad := range []string{"<script", "<img", "{{.}}<", "&amp;.log<"} {
		if i := strings.Index(page, bad); i >= 0 {
			t.Errorf("%q: %.100q", bad, page[i:])
		}
	}
	if n := strings.Count(page, "&lt;script&gt;"); n < 15 {
		t.Errorf("the name stands there %d times: this test looks at too little", n)
	}
}

// The page asks for nothing: no address stands in it but the namespace of its icon.
func TestOffline(t *testing.T) {
	page := strings.ReplaceAll(html(t, small()), "http://www.w3.org/2000/svg", "")
	for _, bad := range []string{"http:", "https:", "src=", "@import", "url("} {
		if i := strings.Index(page, bad); i >= 0 && !strings.Contains(page[i:i+80], "alert(2)") { // the hostile name
			t.Errorf("%q: %.80q", bad, page[i:])
		}
	}
}

func TestEmpty(t *testing.T) {
	page := html(t, &Report{Project: "acme-logs", Since: sampleEnd.AddDate(0, 0, -1), Until: sampleEnd, Step: 900})
	for _, want := range []string{"Nothing was loaded.", "holds nothing of this time", "seneka doctor"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(page, "<section aria") {
		t.Error("sections without anything in them")
	}
}

// Many sources: the largest are drawn, all are in the table.
func TestManySources(t *testing.T) {
	r := sample()
	for len(r.Sources) < 40 {
		r.Sources, r.Series = append(r.Sources, r.Sources[3]), append(r.Series, r.Series[3])
		name := strings.Repeat("z", len(r.Sources))
		r.Sources[len(r.Sources)-1].Source, r.Series[len(r.Series)-1].Source = name, name
	}
	page := html(t, r)
	if n := strings.Count(page, `role="img"`); n != 1+2*mostCharts {
		t.Errorf("%d charts", n)
	}
	for _, want := range []string{"28 others stand in the table", ">alb<span>", ">vpcflow<span>", `<th scope="row">` + strings.Repeat("z", 40) + "</th>"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestIsReport(t *testing.T) {
	asJSON, err := json.MarshalIndent(small(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		html(t, small()): true, string(asJSON): true, "": false, "<!doctype html><p>mine": false, "{\n  \"name\": 1}": false,
		strings.Repeat("x", 2000) + marker: false,
	} {
		if IsReport([]byte(text)) != want {
			t.Errorf("IsReport(%.40q) = %v", text, !want)
		}
	}
	var back Report
	if err := json.Unmarshal(asJSON, &back); err != nil || !reflect.DeepEqual(&back, small()) {
		t.Errorf("JSON loses something: %v", err)
	}
}

func TestCounts(t *testing.T) {
	r := sample()
	with := r.Counts()
	r.Streams.Unknown = "no column"
	if without := r.Counts(); len(without.Items) != len(with.Items)-1 {
		t.Errorf("streams that are not known count: %+v", without.Items)
	}
	for _, i := range with.Items {
		if i.Dollars != nil || i.Count <= 0 || i.Basis == "" {
			t.Errorf("item %+v", i)
		}
	}
}
