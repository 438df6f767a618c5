package verify

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

// Report is the dated record of a verification.
type Report struct {
	Made          time.Time     `json:"made"`
	Version       string        `json:"seneka"`        // that made it
	Configuration string        `json:"configuration"` // path or gs:// address
	ConfigSHA256  string        `json:"configuration_sha256"`
	Project       string        `json:"project"`
	Landing       string        `json:"landing"`
	Ledger        string        `json:"ledger"`
	Prefix        string        `json:"prefix"`
	Parameters    []Parameter   `json:"parameters"`
	Result        *Result       `json:"result"`
	DigestOf      string        `json:"digest_of"`
	Differences   []Entry       `json:"differences"` // as they were found, before a repair
	More          int           `json:"differences_left_out"`
	Deep          *DeepResult   `json:"deep,omitempty"`
	Repair        *RepairResult `json:"repair,omitempty"`
}

// Parameter is a setting that the verification ran with.
type Parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// DeepResult is what the comparison of the sample found.
type DeepResult struct {
	Seed      string       `json:"seed"`
	Files     int          `json:"files"` // that were compared
	Rows      int64        `json:"rows"`
	Values    int64        `json:"values"`
	Different int          `json:"files_different"`
	Compared  []Comparison `json:"compared"`
}

// Add adds a comparison.
func (d *DeepResult) Add(c Comparison) {
	d.Files++
	d.Rows += c.Rows
	d.Values += c.Values
	if c.Different > 0 {
		d.Different++
	}
	d.Compared = append(d.Compared, c)
}

// RepairResult is what a repair came to.
type RepairResult struct {
	Tried  int     `json:"tried"`
	Mended int     `json:"mended"`
	After  []Entry `json:"after"` // the files that were tried, as they are now
}

// DigestOf says how the digest is recomputed.
const DigestOf = `SHA-256 of the lines that "seneka verify --files FILE" writes, one for each file and table in the order of their names: ` +
	`sha256sum FILE. "seneka verify --json" prints the same lines among others: grep '^{"file":' | sha256sum. It is of what was found, before a repair.`

// MostDifferences is how many differences a report lists.
const MostDifferences = 100_000

// Found adds a difference to the list.
func (r *Report) Found(e Entry) {
	if len(r.Differences) >= MostDifferences {
		r.More++
		return
	}
	r.Differences = append(r.Differences, e)
}

// WriteJSON writes the report as JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"number": number, "bytes": bytesText, "stamp": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"meaning": meaning,
}).Parse(page))

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error { return pageTemplate.Execute(w, r) }

// Good reports whether all is as it should be.
func (r *Report) Good() bool {
	return r.Result.Totals.Differences() == 0 && (r.Deep == nil || r.Deep.Different == 0)
}

// Verdict is the report in one sentence.
func (r *Report) Verdict() string {
	files, bad := count(r.Result.Totals.Files), r.Result.Totals.Differences()
	switch {
	case bad > 0:
		return fmt.Sprintf("%s of %s files differ", number(bad), number(r.Result.Totals.Files))
	case r.Deep != nil && r.Deep.Different > 0:
		return fmt.Sprintf("%s of %s files compared value by value differ", number(r.Deep.Different), number(r.Deep.Files))
	case r.Result.Totals.Of(Pending) > 0:
		return fmt.Sprintf("No difference in %s; %s on the way", files, number(r.Result.Totals.Of(Pending)))
	default:
		return "No difference in " + files
	}
}

// count writes a number of files.
func count(n int) string {
	if n == 1 {
		return "1 file"
	}
	return number(n) + " files"
}

// meaning says what a status means.
func meaning(s Status) string {
	return map[Status]string{
		OK: "every row is there once", Pending: "stored a short time ago, on its way", Gone: "loaded, and not in the bucket any more, as expected",
		Missing: "nothing of it was loaded", Unsettled: "claimed, and its rows are not visible", Deferred: "too large for one delivery",
		Rejected: "broken, or too much of it could not be parsed", Changed: "the rows are those of another version", Short: "fewer rows than its claim says",
		Duplicated: "rows that are there more than once", Unclaimed: "rows that no claim stands for", Extra: "rows of a file that is not there",
	}[s]
}

// Meaning says what the status means.
func (s Status) Meaning() string { return meaning(s) }

// number writes a whole number with commas.
func number(n any) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return strings.Replace(digits, "-,", "-", 1)
}

// bytesText writes a number of bytes for people.
func bytesText(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	value, i := float64(n), 0
	for value >= 1024 && i < len(units)-1 {
		value /= 1024
		i++
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, units[i])
}
