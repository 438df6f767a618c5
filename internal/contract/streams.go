package contract

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
)

// Pages of the Storage Write API.
const (
	writeTypes  = "https://cloud.google.com/bigquery/docs/write-api#overview"
	writeOnce   = "https://cloud.google.com/bigquery/docs/write-api-streaming#exactly-once"
	writeBatch  = "https://cloud.google.com/bigquery/docs/write-api-batch"
	writeRPC    = "https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1"
	writeErrors = "https://cloud.google.com/bigquery/docs/write-api-best-practices#error-handling"
)

// Stream is one write stream, as load.Stream says.
type Stream interface {
	Name() string
	Append(ctx context.Context, offset int64, rows [][]byte) error
	Finalize(ctx context.Context) (int64, error)
	Close()
}

// Commit is the answer to a commit.
type Commit string

// The answers to a commit, as load.CommitState says.
const (
	Committed        Commit = "committed"
	AlreadyCommitted Commit = "already committed"
	Unknown          Commit = "unknown"
)

// Streams is a Storage Write API with one table.
type Streams struct {
	Pending, Pooled func(ctx context.Context) (Stream, error) // of the table
	NoTable         func(ctx context.Context) (Stream, error) // of a table that is not there
	Finalize        func(ctx context.Context, stream string) (rows int64, known bool, err error)
	Commit          func(ctx context.Context, streams ...string) (Commit, error)
	Encode          func(t *testing.T, values ...string) [][]byte
	Refused         []byte // a row that BigQuery refuses; nil if the service has none
	Visible         func(t *testing.T) []string
	Forget          func(stream string) // makes it a stream of days ago; nil if the service cannot
}

// TestStreams tests the Storage Write API that open returns.
func TestStreams(t *testing.T, open func(t *testing.T) *Streams) {
	run(t, open, []clause[*Streams]{
		{"pending rows are invisible until they are committed", writeTypes, pendingIsInvisible},
		{"committed rows are visible at once", writeTypes, committedIsVisible},
		{"a table that is missing is not found", writeRPC + "#createwritestreamrequest", noTable},
		{"an offset that is taken adds nothing", writeOnce, takenOffset},
		{"an offset beyond the end adds nothing", writeOnce, offsetBeyondEnd},
		{"a refused row refuses its request whole", writeErrors, refusedRow},
		{"nothing is added to a final stream", writeRPC + "#finalizewritestreamrequest", appendAfterFinalize},
		{"anybody can end a stream", writeRPC + "#finalizewritestreamrequest", finalizeByName},
		{"an end is said again", writeRPC + "#finalizewritestreamresponse", finalizeTwice},
		{"a stream that nobody made is not known", writeRPC + "#finalizewritestreamrequest", unknownStream},
		{"a stream that is not final is not committed", writeBatch, commitBeforeFinalize},
		{"a stream is committed once", writeBatch, commitTwice},
		{"streams are committed all or none", writeRPC + "#batchcommitwritestreamsresponse", commitAllOrNone},
		{"several streams are committed together", writeBatch, commitSeveral},
		{"a final stream holds after its connection", writeBatch, commitAfterClose},
		{"an uncommitted stream is forgotten", writeTypes, forgotten},
	})
}

func (s *Streams) pending(t *testing.T, values ...string) Stream {
	t.Helper()
	return s.filled(t, s.Pending, values)
}

func (s *Streams) filled(t *testing.T, create func(context.Context) (Stream, error), values []string) Stream {
	t.Helper()
	made, err := create(t.Context())
	mustDo(t, "create", err)
	t.Cleanup(made.Close)
	if len(values) > 0 {
		mustDo(t, "append", made.Append(t.Context(), 0, s.Encode(t, values...)))
	}
	return made
}

func (s *Streams) final(t *testing.T, values ...string) string {
	t.Helper()
	made := s.pending(t, values...)
	s.wantFinal(t, made, int64(len(values)))
	return made.Name()
}

func (s *Streams) wantFinal(t *testing.T, made Stream, want int64) {
	t.Helper()
	if n, err := made.Finalize(t.Context()); err != nil || n != want {
		t.Errorf("Finalize = %d, %v; want %d", n, err, want)
	}
}

func (s *Streams) wantVisible(t *testing.T, want ...string) {
	t.Helper()
	got := slices.Sorted(slices.Values(s.Visible(t)))
	slices.Sort(want)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("visible rows %q, want %q", got, want)
	}
}

func (s *Streams) wantCommit(t *testing.T, want Commit, streams ...string) {
	t.Helper()
	if got, err := s.Commit(t.Context(), streams...); err != nil || got != want {
		t.Errorf("Commit(%q) = %q, %v; want %q", streams, got, err, want)
	}
}

func pendingIsInvisible(t *testing.T, s *Streams) {
	name := s.final(t, "a", "b")
	s.wantVisible(t)
	s.wantCommit(t, Committed, name)
	s.wantVisible(t, "a", "b")
}

func committedIsVisible(t *testing.T, s *Streams) {
	pooled := s.filled(t, s.Pooled, []string{"a", "b"})
	s.wantVisible(t, "a", "b")
	mustDo(t, "append", pooled.Append(t.Context(), 2, s.Encode(t, "c")))
	s.wantVisible(t, "a", "b", "c")
	s.wantFinal(t, pooled, 3)
}

func noTable(t *testing.T, s *Streams) {
	_, err := s.NoTable(t.Context())
	wantKind(t, "create", err, errkind.NotFound)
}

// Of a file's own stream the rows at a taken offset are its own: no error. A pooled stream's may be
// another file's: an outcome in doubt.
func takenOffset(t *testing.T, s *Streams) {
	pooled := s.filled(t, s.Pooled, []string{"p"})
	wantKind(t, "append to a pooled stream", pooled.Append(t.Context(), 0, s.Encode(t, "p")), errkind.Transient)
	own := s.pending(t, "a", "b")
	mustDo(t, "append again", own.Append(t.Context(), 0, s.Encode(t, "a", "b")))
	s.wantFinal(t, own, 2)
	s.wantCommit(t, Committed, own.Name())
	s.wantVisible(t, "p", "a", "b")
}

func offsetBeyondEnd(t *testing.T, s *Streams) {
	for _, made := range []Stream{s.pending(t, "a"), s.filled(t, s.Pooled, []string{"p"})} {
		wantKind(t, "append", made.Append(t.Context(), 2, s.Encode(t, "c")), errkind.Transient)
		s.wantFinal(t, made, 1)
	}
	s.wantVisible(t, "p")
}

func refusedRow(t *testing.T, s *Streams) {
	if s.Refused == nil {
		return
	}
	for _, made := range []Stream{s.pending(t, "a"), s.filled(t, s.Pooled, []string{"p"})} {
		rows := append(s.Encode(t, "x", "y"), s.Refused)
		wantKind(t, "append", made.Append(t.Context(), 1, rows), errkind.Permanent)
		s.wantFinal(t, made, 1)
	}
	s.wantVisible(t, "p")
}

func appendAfterFinalize(t *testing.T, s *Streams) {
	for _, made := range []Stream{s.pending(t, "a"), s.filled(t, s.Pooled, []string{"p"})} {
		s.wantFinal(t, made, 1)
		wantKind(t, "append", made.Append(t.Context(), 1, s.Encode(t, "z")), errkind.Transient)
	}
	s.wantVisible(t, "p")
}

func finalizeByName(t *testing.T, s *Streams) {
	pooled := s.filled(t, s.Pooled, []string{"p", "q"})
	if rows, known, err := s.Finalize(t.Context(), pooled.Name()); err != nil || !known || rows != 2 {
		t.Errorf("Finalize = %d, %v, %v; want 2 rows", rows, known, err)
	}
	wantKind(t, "append", pooled.Append(t.Context(), 2, s.Encode(t, "z")), errkind.Transient)
	s.wantVisible(t, "p", "q")
}

func finalizeTwice(t *testing.T, s *Streams) {
	made := s.pending(t, "a", "b")
	s.wantFinal(t, made, 2)
	s.wantFinal(t, made, 2)
	s.wantCommit(t, Committed, made.Name())
	if rows, known, err := s.Finalize(t.Context(), made.Name()); err != nil || known && rows != 2 {
		t.Errorf("Finalize of a committed stream = %d, %v, %v; want 2 rows, or that it is not known", rows, known, err)
	}
}

func unknownStream(t *testing.T, s *Streams) {
	none := s.final(t) + "x"
	if _, known, err := s.Finalize(t.Context(), none); err != nil || known {
		t.Errorf("Finalize of no stream: known %v, %v", known, err)
	}
	s.wantCommit(t, Unknown, none)
}

func commitBeforeFinalize(t *testing.T, s *Streams) {
	made := s.pending(t, "a")
	s.wantCommit(t, Unknown, made.Name())
	s.wantVisible(t)
	s.wantFinal(t, made, 1)
	s.wantCommit(t, Committed, made.Name())
	s.wantVisible(t, "a")
}

func commitTwice(t *testing.T, s *Streams) {
	name := s.final(t, "a")
	s.wantCommit(t, Committed, name)
	s.wantCommit(t, AlreadyCommitted, name)
	s.wantVisible(t, "a")
}

func commitAllOrNone(t *testing.T, s *Streams) {
	one, open := s.final(t, "a"), s.pending(t, "b")
	s.wantCommit(t, Unknown, one, open.Name())
	s.wantCommit(t, Unknown, one, one+"x")
	s.wantVisible(t)
	s.wantCommit(t, Committed, one)
	s.wantVisible(t, "a")
}

func commitSeveral(t *testing.T, s *Streams) {
	names := []string{s.final(t, "a"), s.final(t, "b", "c"), s.final(t)}
	s.wantCommit(t, Committed, names...)
	s.wantCommit(t, AlreadyCommitted, names...)
	s.wantVisible(t, "a", "b", "c")
}

func commitAfterClose(t *testing.T, s *Streams) {
	made, err := s.Pending(t.Context())
	mustDo(t, "create", err)
	mustDo(t, "append", made.Append(t.Context(), 0, s.Encode(t, "a")))
	s.wantFinal(t, made, 1)
	made.Close()
	s.wantVisible(t) // closing commits nothing
	s.wantCommit(t, Committed, made.Name())
	s.wantVisible(t, "a")
}

func forgotten(t *testing.T, s *Streams) {
	if s.Forget == nil {
		return
	}
	name := s.final(t, "a")
	s.Forget(name)
	if _, known, err := s.Finalize(t.Context(), name); err != nil || known {
		t.Errorf("Finalize of a forgotten stream: known %v, %v", known, err)
	}
	s.wantCommit(t, Unknown, name)
	s.wantVisible(t)
}
