package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
)

// streamLife is the documented life of an uncommitted stream: past it, what BigQuery does not know
// can no longer be committed by anybody.
// https://cloud.google.com/bigquery/docs/write-api-batch#batch_load_data_using_pending_type
const streamLife = 24 * time.Hour

// ErrTorn is an attempt of which BigQuery has some rows but not all, which the protocol rules out:
// somebody deleted rows, or a row-level access policy hides them. Nothing is done without a person.
var ErrTorn = errors.New("the table holds some rows of the attempt but not all")

// settle brings a claim to its end and tells which: settled (its rows are visible, once) or void
// (they never will be, and the claim may be replaced). It may be called by anybody, any number of
// times, at the same time.
//
// Dying inside it changes nothing: the next caller finds the claim as this one did, or settled.
func (l *Loader) settle(ctx context.Context, name string, c Claim) (settled bool, err error) {
	ctx, end := l.Step.begin(ctx, "settle")
	defer func() { end(err) }()
	switch {
	case c.Void:
		return false, nil
	case c.Pooled != nil:
		return l.settlePooled(ctx, name, c, false)
	case len(c.Streams) == 0:
		return true, nil
	}
	state, err := l.Streams.Commit(ctx, c.Table, c.Streams)
	if err != nil {
		return false, fmt.Errorf("commit the streams of attempt %s: %w", c.Load.Attempt, err)
	}
	switch state {
	case Committed, AlreadyCommitted:
		return true, nil
	case Unknown:
		return l.settleForgotten(ctx, c)
	default:
		return false, fmt.Errorf("commit of attempt %s: unexpected state %d", c.Load.Attempt, state)
	}
}

// courtesy is how long the attempt behind a claim over a pooled stream is left to itself. To cut it
// short is safe, but costs it its stream.
const courtesy = 10 * time.Second

// settlePooled settles a claim over a pooled stream. own says that the attempt is the caller's own,
// whose append had no answer.
//
// Finalize decides: after it nobody can append, and as a stream serves one file at a time, and is
// given up in doubt, rows behind the claim's offset are the claim's.
func (l *Loader) settlePooled(ctx context.Context, name string, c Claim, own bool) (settled bool, err error) {
	if !own {
		recorded, _, err := l.count(ctx, c)
		if err != nil || recorded {
			return recorded, err
		}
		if age := l.Now().Sub(c.WrittenAt); age < courtesy {
			return false, errkind.With(errkind.Transient, fmt.Errorf("attempt %s, %s old, is still at work, or died; it is decided once it is %s old", c.Load.Attempt, age.Round(time.Second), courtesy))
		}
	}
	rows, known, err := l.Streams.Finalize(ctx, c.Pooled.Stream)
	switch {
	case err != nil:
		return false, fmt.Errorf("finalize %s of attempt %s: %w", c.Pooled.Stream, c.Load.Attempt, ofService(err))
	case !known:
		return l.settleForgotten(ctx, c)
	case rows == c.Pooled.Offset && rows > 0:
		return false, nil
	case rows <= c.Pooled.Offset:
		// A stream that holds nothing, or less than was acknowledged, may be an answer without a
		// count. As nobody can append any more, and the rows of such a stream are visible at once,
		// the table tells.
		return l.settleByCount(ctx, c)
	}
	now, err := l.readClaim(ctx, name)
	if err != nil {
		return false, err
	}
	if now.Load.Attempt != c.Load.Attempt || now.Void {
		return false, errkind.With(errkind.Transient, fmt.Errorf("the claim of attempt %s has changed meanwhile; it is looked at again on the next delivery", c.Load.Attempt))
	}
	return true, nil
}

// count asks for the rows of a claim's attempt, and whether the load log has it as loaded.
func (l *Loader) count(ctx context.Context, c Claim) (recorded bool, rows int64, err error) {
	recorded, rows, err = l.Counter.Count(ctx, CountQuery{
		Table: c.Table, Log: logTable(c.Table), Attempt: c.Load.Attempt,
		SourceFile: c.Load.SourceFile, LoadedAt: c.Load.LoadedAt.UnixMicro(),
		PartitionBy: c.Partition.Column, First: c.Partition.First, Last: c.Partition.Last,
	})
	if err != nil {
		return false, 0, fmt.Errorf("count the rows of attempt %s: %w", c.Load.Attempt, err)
	}
	return recorded, rows, nil
}

// settleForgotten decides about a claim whose streams BigQuery does not know: committed long ago and
// forgotten, or expired uncommitted.
func (l *Loader) settleForgotten(ctx context.Context, c Claim) (settled bool, err error) {
	if age := l.Now().Sub(c.WrittenAt); age < streamLife {
		// BigQuery may still come to know the streams: too early to say that they are lost.
		return false, errkind.With(errkind.Transient, fmt.Errorf("BigQuery does not know the streams of attempt %s, whose claim is %s old; it is decided by a count once it is %s old", c.Load.Attempt, age.Round(time.Second), streamLife))
	}
	return l.settleByCount(ctx, c)
}

// settleByCount decides about a claim to whose streams nothing can be added any more.
func (l *Loader) settleByCount(ctx context.Context, c Claim) (settled bool, err error) {
	recorded, rows, err := l.count(ctx, c)
	switch {
	case err != nil:
		return false, err
	case recorded:
		return true, nil // rows that were deleted or have expired since must not come back
	case rows == c.Load.Rows:
		return true, nil
	case rows == 0:
		return false, nil
	default:
		return false, errkind.With(errkind.Permanent, fmt.Errorf("%w: %d of %d, attempt %s in %s; compare them with the file, then remove the attempt's rows or see that all are visible to the loader", ErrTorn, rows, c.Load.Rows, c.Load.Attempt, c.Table))
	}
}
