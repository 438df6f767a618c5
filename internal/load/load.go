// Package load is stage 2: it brings one landing object into its table, each record exactly once.
//
// A large file's rows go into write streams of its own, invisible until they are committed, all at
// once; a small file's into a stream from a pool, by one atomic append. The ledger decides, by a
// compare-and-set on one object per file, whose rows those are.
//
// Load reads top to bottom like the protocol in ARCHITECTURE.md; settle.go is its other half. The
// package knows no SDK: what it needs of the clouds stands in ports.go.
package load

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// File is one landing object to load, as its notification and its metadata describe it.
type File struct {
	Landed object.Landed
	object.Attrs
	Published time.Time // when Pub/Sub took the notification
	// ReplacedBy is the generation that took Landed's place before its metadata could be read; else 0.
	// Then only the Source is known of Attrs, and nothing is left to load.
	ReplacedBy int64
}

// Result is how a load ended. It ended well in every case: nothing is to be retried.
type Result struct {
	Outcome Outcome
	Reason  string // where the outcome is not Loaded
	Target  Target
	Attempt string    // of a load that came to its own end; else empty
	Visible time.Time // when the rows of this load were visible; else zero
	Rows    int64     // visible by this load
	Rejects int64
	// Replaced is how many values of the rows had bytes that are no UTF-8 replaced by U+FFFD.
	Replaced int64
}

// Loader loads files. Safe for concurrent use; all fields are to be set before the first Load.
type Loader struct {
	Route   Router
	Landing Landing
	Ledger  Ledger
	Streams Streams
	Pool    *Pool // for small files; nil: each file has a stream of its own
	Log     Log
	Tables  *Ensured
	Counter Counter
	Events  Events           // hears of what is loaded; nil: nobody does
	Recent  *Recent          // what this process has ended; nil: it remembers nothing
	Now     func() time.Time // time.Now but in tests
	Step    Step
	Limit   time.Duration // for reading one file; longer is Deferred. 0: none

	Memory     *Memory // shared by the loads; nil: unbounded
	BatchMax   int     // bytes of encoded rows per append request; 0 means DefaultBatch
	MaxStreams int     // PENDING streams of a large file; 0 means DefaultStreams
}

// Step is told when a step of a load begins, settle, stage, commit or record. It returns the context that
// the step's calls are made in, and what is to be called with its error. nil: nobody is told.
type Step func(ctx context.Context, name string) (context.Context, func(error))

func (s Step) begin(ctx context.Context, name string) (context.Context, func(error)) {
	if s == nil {
		return ctx, func(error) {}
	}
	return s(ctx, name)
}

// rounds is how often one Load may lose the claim to rivals before it lets the message come again.
const rounds = 4

// Load brings f into its table. An error means that the outcome is open: the message must be
// delivered again; of the Result only the Target is known then. Nothing is dropped silently: every other
// end has an Outcome.
func (l *Loader) Load(ctx context.Context, f File) (Result, error) {
	target, ok := l.Route(f.Source)
	if !ok {
		return Result{Outcome: Ignored, Reason: "no source of the configuration matches the key"}, nil
	}
	res, err := l.load(ctx, f, target)
	switch {
	case errkind.Is(err, errkind.NotFound):
		// A table that was removed, most likely: the next delivery makes it anew.
		l.Tables.forget(target)
		err = errkind.With(errkind.Transient, err)
	case errors.Is(err, ErrSchema):
		// A table that was changed, by a loader just now or by a person: the next delivery looks
		// at it again.
		l.Tables.refused(target)
		if l.Pool != nil {
			l.Pool.drop(ctx, target.Table)
		}
		err = errkind.With(errkind.Transient, err)
	}
	if err != nil {
		return Result{Target: target}, fmt.Errorf("load %s (%s) into %s: %w", f.Source, f.Landed, target.Table, err)
	}
	res.Target = target
	return res, nil
}

func (l *Loader) load(ctx context.Context, f File, target Target) (Result, error) {
	if err := l.Tables.dataset(ctx, target); err != nil {
		return Result{}, err
	}
	if f.ReplacedBy != 0 {
		return l.replaced(ctx, f, target)
	}
	name := target.ClaimName(f.Source)
	for range rounds {
		// L1. A claim that is there is settled first, whatever its version: until then nobody
		// can know whether its rows are, or will be, visible.
		old, err := l.readClaim(ctx, name)
		if err != nil {
			return Result{}, err
		}
		if old.generation != 0 && old.Table != target.Table {
			return Result{}, errkind.With(errkind.Permanent, fmt.Errorf("claim %s is of table %s: two projects share the ledger; give each a bucket of its own", name, old.Table))
		}
		if old.generation != 0 {
			settled := l.Recent.has(old.Load.Attempt)
			if !settled {
				settled, err = l.settle(ctx, name, old.Claim)
			}
			if err != nil {
				return Result{}, err
			}
			if settled {
				return l.known(ctx, f, target, old.Claim)
			}
		}
		res, lost, err := l.attempt(ctx, f, target, name, old)
		if err != nil || !lost {
			return res, err
		}
	}
	return Result{}, errkind.With(errkind.Transient, fmt.Errorf("lost the claim to other loaders %d times; it is tried again on the next delivery", rounds))
}

// attempt tries once to load f in place of the void claim old, or of none. lost means that another
// attempt's claim was there first: this one's streams expire by themselves, nobody ever names them.
func (l *Loader) attempt(ctx context.Context, f File, target Target, name string, old held) (res Result, lost bool, err error) {
	a := l.begin(f, target, old)
	if a.memory, err = l.Memory.enter(ctx, a.patience()); err != nil {
		return Result{}, false, err
	}
	defer a.memory.leave()
	if err := a.inspect(ctx, old); err != nil {
		res, err = a.giveUp(ctx, err)
		return res, false, err
	}

	// L2, L3. Dying up to here leaves PENDING streams that nobody can see and that expire.
	staged, err := a.stageWithin(ctx)
	if err != nil {
		res, err = a.giveUp(ctx, err)
		return res, false, err
	}
	// L4. Dying here leaves rejects of an attempt that did not count; the view shows them once.
	if err := a.flushRejects(ctx); err != nil {
		return Result{}, false, err
	}
	claim, lost, err := a.commit(ctx, staged, name, old)
	if errors.Is(err, errRefused) {
		res, err = a.giveUp(ctx, err)
		return res, false, err
	}
	if err != nil || lost {
		return Result{}, lost, err
	}
	// L7. Dying before it leaves the load record unwritten, and nobody told: whoever settles the claim
	// does it.
	rec, err := l.recordLoaded(ctx, target.Table, claim)
	if err != nil {
		return Result{}, false, err
	}
	return Result{Outcome: Loaded, Attempt: rec.Attempt, Visible: rec.VisibleAt, Rows: rec.Rows, Rejects: rec.Rejects, Replaced: rec.Replaced}, false, nil
}

// commit claims the staged rows and makes them visible: L5 and L6. A file whose rows are one append
// request goes by a pooled stream.
func (a *attempt) commit(ctx context.Context, s staged, name string, old held) (claim Claim, lost bool, err error) {
	ctx, end := a.Step.begin(ctx, "commit")
	defer func() { end(err) }()
	if len(s.rows) > 0 {
		return a.commitPooled(ctx, s.rows, name, old)
	}
	// L5. Dying after it leaves a claim over final streams: whoever comes next commits them.
	claim = a.claim(s)
	won, err := a.writeClaim(ctx, name, claim, old)
	if err != nil || !won {
		return Claim{}, !won, err
	}
	// L6. Dying after it leaves the rows visible: whoever comes next finds them committed.
	settled, err := a.settle(ctx, name, claim)
	return claim, !settled, err
}

// known ends a load whose file has a settled claim. The claim's own load record is written again, and its
// event told again: the loader that should have done it may have died, and the log's view shows it once.
func (l *Loader) known(ctx context.Context, f File, target Target, c Claim) (Result, error) {
	rec := l.newRecord(f, target)
	rec.Outcome, rec.Reason = Duplicate, "this version was loaded by attempt "+c.Load.Attempt
	if c.Load.Version != f.Version {
		rec.Outcome = Changed
		rec.Reason = fmt.Sprintf("the rows of version %s (%d bytes) stay: loaded by attempt %s", c.Load.Version.ETag, c.Load.Version.Size, c.Load.Attempt)
	}
	if c.Load.SourceFile != rec.SourceFile {
		rec.Reason += " as " + c.Load.SourceFile
	}
	var err error
	if l.Recent.has(c.Load.Attempt) { // this process has written its record, and told of it
		err = l.record(ctx, target.Table, rec)
	} else {
		_, err = l.recordLoaded(ctx, target.Table, c, rec)
	}
	if err != nil {
		return Result{}, err
	}
	return Result{Outcome: rec.Outcome, Reason: rec.Reason}, nil
}

// replaced ends a load whose file was replaced before anything of it was read: the event of what came
// in its place follows, or has been handled.
func (l *Loader) replaced(ctx context.Context, f File, target Target) (Result, error) {
	rec := l.newRecord(f, target)
	rec.Outcome, rec.Reason = Superseded, fmt.Sprintf("generation %d took its place before it was read", f.ReplacedBy)
	if err := l.record(ctx, target.Table, rec); err != nil {
		return Result{}, err
	}
	return Result{Outcome: rec.Outcome, Reason: rec.Reason}, nil
}

// visible returns the load record of a settled claim.
func (l *Loader) visible(c Claim) Record {
	rec := c.Load
	rec.VisibleAt, rec.Streams = l.Now(), c.made()
	return rec
}

// newRecord returns what is known of a load when it starts.
func (l *Loader) newRecord(f File, target Target) Record {
	now := l.Now().UTC().Truncate(time.Microsecond)
	return Record{
		Attempt: newAttempt(), Source: target.Source, Format: target.Format.Name,
		SourceFile: f.Source.String(), Version: f.Version, VersionID: f.VersionID,
		Table: target.Table.String(), Landing: f.Landed.String(),
		LoadedAt: now, StartedAt: now,
		EventTime: f.Time, ReceivedAt: f.Received, ForwardedAt: f.Forwarded, PublishedAt: f.Published,
	}
}

// newAttempt returns the random identity of one try.
func newAttempt() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: the program ends if it cannot be done
	return hex.EncodeToString(b[:])
}

// record writes load records, at least once.
func (l *Loader) record(ctx context.Context, t row.Table, records ...Record) (err error) {
	ctx, end := l.Step.begin(ctx, "record")
	defer func() { end(err) }()
	if err = appendLog(ctx, l.Log, logTable(t), loadLogSpec.Columns, loadFields, records); err != nil {
		return fmt.Errorf("write the load record: %w", err)
	}
	return nil
}

func appendLog[T any](ctx context.Context, log Log, t row.Table, s row.Schema, fields []field[T], records []T) error {
	enc, rows, err := encode(s, fields, records)
	if err != nil {
		return err
	}
	return ofService(log.Append(ctx, t, enc.Descriptor(), rows))
}

// ofService returns err, an error of something that knows nothing of the file, so that it cannot
// make the file a rejected one.
func ofService(err error) error {
	if errkind.Is(err, errkind.Permanent) {
		return errkind.With(errkind.Transient, err)
	}
	return err
}
