package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
)

// judge says what a file is; ok is false if there is nothing to say of it.
func (g *gathering) judge(ctx context.Context, f *Facts) (e Entry, ok bool) {
	j := judge{Facts: f, now: g.Now(), grace: g.Grace, gone: g.Gone}
	if !f.Listed && !g.Job.Wanted(f.Key, j.time()) {
		return Entry{}, false
	}
	j.count()
	if !f.Listed && j.rows == 0 && !g.single {
		return Entry{}, false
	}
	e = Entry{
		Source: f.Target.Source, ETag: f.ETag, Size: f.Size, Stored: f.Time, Rows: j.rows, Day: dayOf(f.Key, f),
	}
	if c := f.Claim; c != nil && !c.Void {
		e.Attempt, e.LoadedAt, e.Claimed, e.Rejects = c.Load.Attempt, c.Load.LoadedAt, c.Load.Rows, c.Load.Rejects
	}
	j.expiration = func() time.Duration {
		d, err := g.Tables.Expiration(ctx, f.Target.Table)
		if err != nil {
			return 0 // it only explains
		}
		return d
	}
	e.Status, e.Reason = j.verdict(g.listed[f.Source.String()])
	if r := j.logged(load.Rejected, &f.Version); e.Status == Rejected && r != nil {
		e.Rejects = r.Rejects
	}
	return e, true
}

// judge decides about one file by its facts alone.
type judge struct {
	*Facts
	now        time.Time
	grace      time.Duration
	gone       bool
	expiration func() time.Duration // of the table's partitions

	own, others load.Held // rows of the claim's attempt, and of all others
	rows        int64
	latest      time.Time // loaded_at of the newest rows
}

// count sums up the rows.
func (j *judge) count() {
	for _, h := range j.Held {
		j.rows += h.Rows
		if h.LoadedAt.After(j.latest) {
			j.latest = h.LoadedAt
		}
		if j.Claim != nil && !j.Claim.Void && !h.LoadedAt.IsZero() && h.LoadedAt.UnixMicro() == j.Claim.Load.LoadedAt.UnixMicro() {
			j.own.Rows, j.own.Lines = j.own.Rows+h.Rows, j.own.Lines+h.Lines
			continue
		}
		j.others.Rows += h.Rows
		j.others.LoadedAt = h.LoadedAt
	}
}

// time returns when the file was stored, as far as that is known of one that is not there any more.
func (j *judge) time() time.Time {
	switch {
	case !j.Time.IsZero():
		return j.Time
	case j.Claim != nil:
		return j.Claim.Load.EventTime
	case len(j.Held) > 0:
		return j.Held[0].LoadedAt
	default:
		return time.Time{}
	}
}

// young reports whether something happened so short a time ago that more is on its way.
func (j *judge) young(t time.Time) bool { return !t.IsZero() && j.now.Sub(t) < j.grace }

// underWay reports whether the file is: it was stored, copied, claimed or loaded a short time ago.
func (j *judge) underWay() bool {
	return j.young(j.Time) || j.Copy != nil && j.young(j.Copy.Created) || j.Claim != nil && j.young(j.Claim.WrittenAt) || j.young(j.latest)
}

func (j *judge) verdict(listed bool) (Status, string) {
	switch {
	case !j.Listed:
		return j.unlisted(listed)
	case j.ClaimErr != nil:
		return Unsettled, j.ClaimErr.Error()
	case j.Claim == nil || j.Claim.Void:
		return j.unclaimed()
	default:
		return j.claimed()
	}
}

// unlisted is about rows of a file that is not there, or that goes elsewhere by now.
func (j *judge) unlisted(listed bool) (Status, string) {
	switch {
	case listed:
		return Extra, "the configuration has another table for this file by now; these rows are of an earlier load"
	case j.Claim == nil && !j.recorded():
		return Extra, "no load is known of: somebody else wrote the rows"
	case j.gone && j.others.Rows == 0 && j.Claim != nil && j.own.Rows == j.Claim.Load.Rows && j.own.Lines == j.own.Rows:
		return Gone, ""
	case j.Claim == nil:
		return Extra, "it was loaded and is not there any more; the ledger has no claim on it"
	default:
		return Extra, fmt.Sprintf("it was loaded by attempt %s and is not there any more: --allow-gone takes that as expected", j.Claim.Load.Attempt)
	}
}

// recorded reports whether the load log has a load whose rows became visible, of any version.
func (j *judge) recorded() bool { return j.logged(load.Loaded, nil) != nil }

// logged returns the record of an outcome, of this version or, for nil, any.
func (j *judge) logged(o load.Outcome, v *object.Version) *load.Record {
	for i := range j.Log {
		if r := &j.Log[i]; r.Outcome == o && (v == nil || r.Version == *v) {
			return r
		}
	}
	return nil
}

// unclaimed is about a file on which there is no claim, or a void one: no rows may be there.
func (j *judge) unclaimed() (Status, string) {
	if j.rows > 0 {
		if j.underWay() {
			return Pending, "it is being loaded"
		}
		return Unclaimed, fmt.Sprintf("%d rows are in the table and no claim stands for them: loading the file would double them; restore the claim from the history of the ledger bucket, or remove the rows", j.rows)
	}
	if r := j.logged(load.Rejected, &j.Version); r != nil {
		return Rejected, r.Reason
	}
	if r := j.logged(load.Deferred, &j.Version); r != nil {
		return Deferred, r.Reason
	}
	if r := j.logged(load.Ignored, &j.Version); r != nil {
		return OK, "it holds no rows: " + r.Reason
	}
	if j.underWay() {
		return Pending, ""
	}
	switch {
	case j.Claim != nil:
		return Missing, "BigQuery took no rows of attempt " + j.Claim.Load.Attempt + ", and the file has not come again"
	case j.logged(load.Loaded, &j.Version) != nil:
		return Missing, "the load log has it as loaded, but there are no rows, and no claim in the ledger"
	case j.Copy == nil:
		return Missing, "it is not in landing: no notification of it has been handled"
	case j.Copy.Version != j.Version:
		return Missing, "landing has another version of it: no notification of this one has been handled"
	default:
		return Missing, "it is in landing since " + j.Copy.Created.UTC().Format(time.RFC3339) + ", and no load of it has ended"
	}
}

// claimed is about a file that an attempt has claimed: its rows, and no others, must be there.
func (j *judge) claimed() (Status, string) {
	claim := j.Claim.Load
	switch {
	case j.others.Rows > 0:
		return Duplicated, fmt.Sprintf("%d rows are of no attempt that the ledger knows: their loaded_at is %s, the claim's %s", j.others.Rows, stamp(j.others.LoadedAt), stamp(claim.LoadedAt))
	case j.own.Lines < j.own.Rows:
		return Duplicated, fmt.Sprintf("%d rows have a source_line that another one has too", j.own.Rows-j.own.Lines)
	case j.own.Rows > claim.Rows:
		return Duplicated, fmt.Sprintf("%d rows are more than the claim says", j.own.Rows-claim.Rows)
	case j.own.Rows < claim.Rows:
		return j.lacking()
	case claim.Version == j.Version:
		return OK, j.note()
	case j.logged(load.Changed, &j.Version) == nil && j.underWay():
		return Pending, "another version was stored"
	default:
		return Changed, j.change()
	}
}

// note is what there is to say of a file whose rows are as they should be.
func (j *judge) note() string {
	if j.Claim.Load.Rows > 0 && !j.recorded() && !j.underWay() {
		return "its rows are there; the load log has no record of the load"
	}
	return ""
}

// change says why the rows are not those of the file as it is.
func (j *judge) change() string {
	claim := j.Claim.Load
	text := fmt.Sprintf("the rows are those of version %s (%d bytes), loaded at %s; they stay", claim.Version.ETag, claim.Version.Size, stamp(claim.LoadedAt))
	if claim.SourceFile != j.Source.String() {
		text += ", under the name " + claim.SourceFile
	}
	if j.logged(load.Changed, &j.Version) == nil {
		text += "; no load of the present version has ended"
	}
	return text
}

// lacking is about a file with fewer rows than its claim says. Rows of one attempt become visible all
// at once: some of them missing means that they were there.
func (j *judge) lacking() (Status, string) {
	claim := j.Claim.Load
	was := j.own.Rows > 0 || j.logged(load.Loaded, &claim.Version) != nil
	if !was {
		if j.underWay() {
			return Pending, "it is being loaded"
		}
		return Unsettled, fmt.Sprintf("attempt %s claimed it at %s and its rows are not visible", claim.Attempt, stamp(j.Claim.WrittenAt))
	}
	text := fmt.Sprintf("%d of %d rows are there: the others were deleted, or a row-level access policy hides them", j.own.Rows, claim.Rows)
	if kept := j.expiration(); kept > 0 && time.UnixMicro(j.Claim.Partition.First).Add(kept).Before(j.now) {
		text = fmt.Sprintf("%d of %d rows are there: the table keeps partitions for %s, and some have expired", j.own.Rows, claim.Rows, days(kept))
	}
	return Short, text + "; rows that are gone do not come back by themselves"
}

func days(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.String()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "not set"
	}
	return t.UTC().Format("2006-01-02T15:04:05.999999Z07:00")
}
