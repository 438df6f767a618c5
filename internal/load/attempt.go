package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/internal/spool"
)

// attempt is one try to load a file.
type attempt struct {
	*Loader
	file     File
	target   Target
	rec      Record // grows as the attempt goes on
	enc      *row.Encoder
	columns  int // of the format; Seneka's own come behind them
	partBy   int // index of the partition column, or -1
	partType row.Type
	fallback int64 // value of the partition column where a record has none
	rng      Range
	read     time.Time // when bytes of the file came last
	memory   *share
	rejects  []RejectRecord // not written yet
	pending  int            // bytes of them
	raw      int            // bytes of all rejects
}

// begin starts an attempt. Its loaded_at is later than that of the claim it replaces, so that a
// count by loaded_at speaks of one attempt only.
func (l *Loader) begin(f File, target Target, old held) *attempt {
	rec := l.newRecord(f, target)
	if !rec.LoadedAt.After(old.Load.LoadedAt) {
		rec.LoadedAt = old.Load.LoadedAt.Add(time.Microsecond)
	}
	a := &attempt{Loader: l, file: f, target: target, rec: rec, columns: len(target.Format.Spec.Columns)}
	a.partBy, a.partType, a.fallback = partitionOf(target.Format, f.Event)
	if a.partType == row.Timestamp { // a count is by this column only if it compares with times
		a.rng.Column = target.Format.Spec.PartitionBy
	}
	return a
}

// FillPartition sets the partition column of a record of e, whose first values are the format's columns,
// where the record has no time of its own: the same value as a load does.
func FillPartition(f *format.Format, e object.Event, values []row.Value) {
	at, _, fallback := partitionOf(f, e)
	if at >= 0 && at < len(f.Spec.Columns) && values[at].IsNull() {
		values[at].SetInt(fallback)
	}
}

// partitionOf returns the place of the partition column among those of the table, -1 for none, and its
// value in a record of e that has none.
func partitionOf(f *format.Format, e object.Event) (at int, typ row.Type, fallback int64) {
	spec := TableSpec(f)
	if at = spec.Columns.Index(spec.PartitionBy); at >= 0 {
		typ = spec.Columns[at].Type
	}
	fallback = fileTime(e, f).UnixMicro()
	if typ == row.Date {
		fallback = floorDiv(fallback, microsPerDay)
	}
	return at, typ, fallback
}

const microsPerDay = 24 * 60 * 60 * 1_000_000

func floorDiv(a, b int64) int64 {
	if a < 0 {
		a -= b - 1
	}
	return a / b
}

// partition returns the time of the record's partition column in µs since 1970-01-01 UTC.
func (a *attempt) partition(rec *row.Record) int64 {
	n := rec.Values[a.partBy].Int()
	if a.partType == row.Date {
		return n * microsPerDay
	}
	return n
}

// fileTime is the time of records that carry none: the one in the file's name, else S3's.
func fileTime(f object.Event, format *format.Format) time.Time {
	if format.FileTime != nil {
		if t, ok := format.FileTime(f.Key); ok {
			return t
		}
	}
	return f.Time
}

// errGone says that the landing object has no such generation any more.
var errGone = errors.New("the copy is gone")

// staged is a file that was read to its end: its rows lie complete in final streams that nobody can
// see yet or, if they are few, here.
type staged struct {
	streams []string
	rows    [][]byte // encoded; one append request
}

// errTooSlow is a file that could not be read within the limit.
var errTooSlow = errors.New("the time of one delivery is over")

// patience is how long the attempt waits for memory; 0: as long as it takes.
func (a *attempt) patience() time.Duration {
	if a.Limit <= 0 {
		return 0
	}
	return patience
}

// stalled is how long nothing is read of a file when a service is in the way, and not its size. A
// stream that cannot take more stops the reading too.
const stalled = time.Minute

// stageWithin is stage within Limit. What a delivery cannot finish no delivery can, unless it was
// held up.
func (a *attempt) stageWithin(ctx context.Context) (s staged, err error) {
	ctx, end := a.Step.begin(ctx, "stage")
	defer func() { end(err) }()
	if a.Limit <= 0 {
		return a.stage(ctx)
	}
	limited, cancel := context.WithTimeoutCause(ctx, a.Limit, errTooSlow)
	defer cancel()
	s, err = a.stage(limited)
	if err != nil && ctx.Err() == nil && !errors.Is(err, errBusy) && errors.Is(context.Cause(limited), errTooSlow) && a.Now().Sub(a.read) < stalled {
		err = fmt.Errorf("not read within %s: load it with seneka backfill --direct: %w", a.Limit, errTooSlow)
	}
	return s, err
}

// stage reads the landing object and puts its rows into a PENDING stream: L2 and L3. What it
// leaves behind on an error is invisible and expires by itself.
func (a *attempt) stage(ctx context.Context) (staged, error) {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	body, err := a.open(reading, a.file)
	if err != nil {
		return staged{}, err
	}
	defer body.Close()
	checked := newCheckedReader(body)
	checked.progress = func() { a.read = a.Now() }

	if a.enc, err = a.memory.scratch.encoder(a.target.Format); err != nil {
		return staged{}, err
	}
	out := a.newWriter(ctx)
	defer func() {
		out.close()
		a.rec.Streams = int64(len(out.lanes))
	}()

	err = a.copyRecords(ctx, checked, out, stop)
	if err == nil || errkind.Is(err, errkind.Permanent) {
		// Bytes that were lost on the way look like a broken file: the check comes first.
		if sumErr := checked.verify(); sumErr != nil {
			return staged{}, errkind.With(errkind.Transient, errors.Join(sumErr, err))
		}
	}
	if err != nil {
		return staged{}, err
	}
	if err := a.checkRatio(); err != nil {
		return staged{}, err
	}
	a.rec.Replaced = a.enc.Replaced()
	if len(out.lanes) == 0 && a.Pool != nil {
		return staged{rows: out.filling.slices()}, nil
	}
	streams, err := out.finish(ctx)
	if err != nil {
		return staged{}, err
	}
	return staged{streams: streams}, nil
}

// aheadLeast is how many bytes a file has, as it is stored, for which another goroutine is worth while.
const aheadLeast = 16 << 10

// copyRecords parses the file and hands its rows to out, while another goroutine reads and decompresses what
// comes next. stop ends the reading of a file of which nothing more is wanted.
func (a *attempt) copyRecords(ctx context.Context, r *checkedReader, out *writer, stop func()) (err error) {
	room := func(n int64) error { return a.memory.room(ctx, n) }
	plain, err := format.DecompressWithin(r, format.Bounds{Size: a.file.Size, Room: room})
	if err != nil {
		return err
	}
	defer plain.Close()
	text := io.Reader(plain)
	if r.body.Size >= aheadLeast && runtime.GOMAXPROCS(0) > 1 {
		ahead := format.ReadAhead(plain, a.memory.scratch.readAhead())
		defer func() {
			if err != nil && !errkind.Is(err, errkind.Permanent) {
				stop() // nobody will look at the rest
			}
			ahead.Close()
		}()
		text = ahead
	}
	counted := &countingReader{r: &roomyReader{text, room}}
	var kept spool.Spool
	defer kept.Close()
	options := a.memory.scratch.options()
	options.Spool = kept.Keep
	dec := a.target.Format.New(counted, options)
	rec := row.NewRecord(a.columns + len(metaColumns))
	sourceFile := []byte(a.file.Source.String())
	ascii := row.IsASCII(sourceFile)
	for {
		switch err := dec.Next(rec); {
		case errors.Is(err, io.EOF):
			a.rec.Bytes = counted.n
			return nil
		case err != nil:
			var bad *format.Reject
			if !errors.As(err, &bad) {
				return err
			}
			if err := a.reject(ctx, bad); err != nil {
				return err
			}
			continue
		}
		a.setMeta(rec, sourceFile, ascii)
		if err := a.addRow(ctx, rec, out); err != nil {
			return err
		}
	}
}

// setMeta fills Seneka's own columns, and the partition column of a record without a time. A decoder may have
// touched any value of the record.
func (a *attempt) setMeta(rec *row.Record, sourceFile []byte, ascii bool) {
	if a.partBy >= 0 && rec.Values[a.partBy].IsNull() {
		rec.Values[a.partBy].SetInt(a.fallback)
	}
	meta := rec.Values[a.columns:]
	meta[0].SetText(sourceFile, ascii)
	meta[1].SetInt(rec.Line)
	meta[2].SetInt(a.rec.LoadedAt.UnixMicro())
}

// addRow encodes one record into out. A value that BigQuery would refuse makes the record a
// reject, for one bad row refuses a whole append request.
func (a *attempt) addRow(ctx context.Context, rec *row.Record, out *writer) error {
	refuse := func(reason string) error {
		return a.reject(ctx, &format.Reject{Line: rec.Line, Offset: rec.Offset, Reason: reason, Raw: bytes.Clone(rec.Raw[:min(len(rec.Raw), format.MaxRaw)])})
	}
	if reason := a.outsidePartitions(rec); reason != "" {
		return refuse(reason)
	}
	size, err := out.add(ctx, func(buf []byte) ([]byte, error) { return a.enc.Append(buf, rec) })
	var bad *row.ValueError
	switch {
	case errors.As(err, &bad):
		return refuse(bad.Error())
	case errors.Is(err, errRowTooLong):
		return refuse(fmt.Sprintf("the row is %d bytes long encoded, and an append request takes %d", size, maxRow))
	case err != nil:
		return err
	}
	if a.partBy >= 0 {
		a.rng.include(a.partition(rec), a.rec.Rows)
	}
	a.rec.Rows++
	return nil
}

// BigQuery takes rows streamed into a table partitioned by a column only between ten years ago and
// a year ahead.
// https://cloud.google.com/bigquery/docs/write-api#time-unit_column_partitioning
func (a *attempt) outsidePartitions(rec *row.Record) string {
	if a.partBy < 0 {
		return ""
	}
	now, t := a.rec.LoadedAt, time.UnixMicro(a.partition(rec)).UTC()
	if t.Before(now.AddDate(-10, 0, 0)) || t.After(now.AddDate(1, 0, 0)) {
		return fmt.Sprintf("column %s: %s is more than ten years past or a year ahead, which BigQuery refuses to stream", a.target.Format.Spec.PartitionBy, t.Format(time.RFC3339))
	}
	return ""
}

// claim is what the ledger is to say of the staged attempt.
func (a *attempt) claim(s staged) Claim {
	rec := a.rec
	rec.Outcome = Loaded
	return Claim{Streams: s.streams, Table: a.target.Table, Partition: a.rng, WrittenAt: a.Now().UTC(), Load: rec}
}

// giveUp ends an attempt that staged nothing: with an outcome where trying again would end the
// same, with the error where it may not.
func (a *attempt) giveUp(ctx context.Context, cause error) (Result, error) {
	rec := a.rec
	rec.Rows, rec.Replaced = 0, 0
	switch {
	case errors.Is(cause, errTooSlow):
		rec.Outcome = Deferred
	case errors.Is(cause, format.ErrControl):
		rec.Outcome = Ignored
	case errors.Is(cause, errGone):
		live, err := a.Landing.Live(ctx, a.file.Landed.Bucket, a.file.Landed.Name)
		if err != nil {
			return Result{}, errkind.With(errkind.Transient, errors.Join(cause, err))
		}
		if live <= a.file.Landed.Generation {
			return Result{}, errkind.With(errkind.Transient, fmt.Errorf("%w, and the object has no newer generation", cause))
		}
		rec.Outcome = Superseded
	case errkind.Is(cause, errkind.Permanent):
		rec.Outcome = Rejected
	default:
		return Result{}, cause
	}
	rec.Reason = cause.Error()
	if err := a.flushRejects(ctx); err != nil {
		return Result{}, err
	}
	if err := a.record(ctx, a.target.Table, rec); err != nil {
		return Result{}, err
	}
	return Result{Outcome: rec.Outcome, Reason: rec.Reason, Attempt: rec.Attempt, Rejects: rec.Rejects}, nil
}

const (
	// rejectBatch is how many bytes of rejects are held before they are written. Their encodings and
	// the request take about as much each.
	rejectBatch = 256 << 10
	// So many rejects, or bytes of them, are kept before their ratio is looked at while the file is
	// read: one of another format must not fill the reject log.
	ratioRejects = 10_000
	ratioBytes   = 16 << 20
)

// reject keeps a record that could not be parsed for the reject log.
func (a *attempt) reject(ctx context.Context, bad *format.Reject) error {
	a.rec.Rejects++
	a.rejects = append(a.rejects, RejectRecord{
		Attempt: a.rec.Attempt, Source: a.rec.Source, SourceFile: a.rec.SourceFile, Version: a.rec.Version,
		Table: a.rec.Table, Line: bad.Line, Offset: bad.Offset, Reason: bad.Reason, Raw: bad.Raw, LoadedAt: a.rec.LoadedAt,
	})
	size := len(bad.Raw) + len(bad.Reason)
	a.pending += size
	a.raw += size
	if a.rec.Rejects >= ratioRejects || a.raw >= ratioBytes {
		if err := a.checkRatio(); err != nil {
			return fmt.Errorf("given up after %d bytes of it: %w", bad.Offset, err)
		}
	}
	if a.pending < rejectBatch && len(a.rejects) < 1000 {
		return nil
	}
	return a.flushRejects(ctx)
}

// flushRejects writes the rejects that are held. They may be of an attempt that comes to nothing, or
// of bytes that turn out to be lost on the way: the view seneka_rejects shows only those of attempts
// that the load log has as loaded or rejected.
func (a *attempt) flushRejects(ctx context.Context) error {
	if len(a.rejects) == 0 {
		return nil
	}
	if err := appendLog(ctx, a.Log, rejectTable(a.target.Table), rejectLogSpec.Columns, rejectFields, a.rejects); err != nil {
		return fmt.Errorf("write the rejects: %w", err)
	}
	a.rejects, a.pending = a.rejects[:0], 0
	return nil
}

// checkRatio makes a file of which too much could not be parsed a rejected one: most likely it is
// not of its format at all.
func (a *attempt) checkRatio() error {
	bad, all := a.rec.Rejects, a.rec.Rejects+a.rec.Rows
	if bad == 0 || float64(bad) <= a.target.MaxRejectRatio*float64(all) {
		return nil
	}
	return errkind.With(errkind.Permanent, fmt.Errorf("%d of %d records could not be parsed as %s, more than max_reject_ratio %g allows; see seneka_rejects for each", bad, all, a.target.Format.Name, a.target.MaxRejectRatio))
}
