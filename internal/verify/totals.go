package verify

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/seneka-io/seneka/internal/backfill"
)

// Sum is what files of one kind add up to.
type Sum struct {
	Files    int            `json:"files"`
	ByStatus map[Status]int `json:"by_status"`
	Bytes    int64          `json:"bytes"` // of the files
	Rows     int64          `json:"rows"`  // in the tables
	Rejects  int64          `json:"rejects"`
}

// Differences is how many of the files are not as they should be.
func (s *Sum) Differences() (n int) {
	for status, files := range s.ByStatus {
		if status.Difference() {
			n += files
		}
	}
	return n
}

// Of is how many of the files are of a status.
func (s *Sum) Of(status Status) int { return s.ByStatus[status] }

func (s *Sum) add(e *Entry) {
	if s.ByStatus == nil {
		s.ByStatus = map[Status]int{}
	}
	s.Files++
	s.ByStatus[e.Status]++
	s.Bytes += e.Size
	s.Rows += e.Rows
	s.Rejects += e.Rejects
}

// DaySum is a Sum of one day and source.
type DaySum struct {
	Day    string `json:"day"`    // YYYY-MM-DD: by the date in the folders of the keys, else by the time of the put
	Source string `json:"source"` // empty: no source has the files by now
	Sum
}

// Cost is what a run asked of the services.
type Cost struct {
	Lists        int   `json:"list_requests"`         // of S3, or of landing for gs://
	LandingLists int   `json:"landing_list_requests"` // Class A operations of Cloud Storage
	LandingReads int   `json:"landing_reads"`         // Class B operations
	ClaimReads   int   `json:"claim_reads"`           // Class B operations; a file without a claim costs none
	Queries      int   `json:"queries"`
	BytesRead    int64 `json:"query_bytes"` // by the counts; BigQuery bills 10 MiB per table and query at least
}

// Result is what a run found.
type Result struct {
	Started   time.Time      `json:"started"`
	Ended     time.Time      `json:"ended"`
	Totals    Sum            `json:"totals"`
	Days      []DaySum       `json:"days"`
	Unmatched backfill.Count `json:"unmatched"` // that no source takes
	Example   string         `json:"unmatched_example,omitempty"`
	Empty     int            `json:"empty"`         // folders, and files without bytes
	Outside   int            `json:"outside_times"` // that were listed and the times do not take
	Copies    int            `json:"copies"`        // of S3 files, in a listing of landing
	Listed    int            `json:"listed"`
	Cost      Cost           `json:"cost"`
	Digest    string         `json:"digest"` // SHA-256 of the lines of all entries, in hexadecimal

	sums map[[2]string]*DaySum
}

func newResult(now time.Time) Result {
	return Result{Started: now.UTC(), sums: map[[2]string]*DaySum{}, Totals: Sum{ByStatus: map[Status]int{}}}
}

func (r *Result) add(e *Entry) {
	r.Totals.add(e)
	key := [2]string{e.Day, e.Source}
	d := r.sums[key]
	if d == nil {
		d = &DaySum{Day: e.Day, Source: e.Source}
		r.sums[key] = d
	}
	d.Sum.add(e)
}

// finish puts the days in order.
func (r *Result) finish() {
	r.Days = make([]DaySum, 0, len(r.sums))
	for _, d := range r.sums {
		r.Days = append(r.Days, *d)
	}
	slices.SortFunc(r.Days, func(a, b DaySum) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Source, b.Source)) })
}

// Line returns the entry as one line of JSON, with its line feed: what the digest is made of.
func (e *Entry) Line() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil { // no field can cause it
		panic(err)
	}
	return b.Bytes()
}

// Present are the statuses that a sum has files of, in order.
func (s *Sum) Present() []Status {
	have := slices.Collect(maps.Keys(s.ByStatus))
	return slices.DeleteFunc(slices.Clone(Statuses), func(status Status) bool { return !slices.Contains(have, status) })
}

// Amend puts what a file is after a repair in place of what it was.
func (r *Result) Amend(was, is Entry) {
	for _, s := range []*Sum{&r.Totals, r.dayOf(&was)} {
		s.ByStatus[was.Status]--
		if s.ByStatus[was.Status] == 0 {
			delete(s.ByStatus, was.Status)
		}
		s.ByStatus[is.Status]++
		s.Rows += is.Rows - was.Rows
		s.Rejects += is.Rejects - was.Rejects
	}
}

// dayOf returns the sum that an entry counts to.
func (r *Result) dayOf(e *Entry) *Sum {
	for i := range r.Days {
		if d := &r.Days[i]; d.Day == e.Day && d.Source == e.Source {
			return &d.Sum
		}
	}
	return &Sum{ByStatus: map[Status]int{}}
}
