package load

import (
	"cmp"
	"context"
	"errors"

	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// Landing reads the landing bucket. Safe for concurrent use.
type Landing interface {
	// Open reads one generation of an object; errkind.NotFound if that generation is gone.
	Open(ctx context.Context, o object.Landed) (*object.Body, error)
	// Live returns the generation that an object's name has now; errkind.NotFound if none.
	Live(ctx context.Context, bucket, name string) (int64, error)
}

// Ledger keeps the claims, one small object each. Safe for concurrent use.
type Ledger interface {
	// Get returns a claim and its generation by one read; errkind.NotFound if there is none.
	Get(ctx context.Context, name string) (data []byte, generation int64, err error)
	// Put writes a claim if the object is at that generation, or does not exist for 0; else it is
	// errkind.Exists, which may also be the answer to one's own write, retried by the client.
	Put(ctx context.Context, name string, data []byte, generation int64) error
}

// Streams is the Storage Write API of BigQuery. Safe for concurrent use.
type Streams interface {
	// Create makes a PENDING stream of its own for rows encoded by desc; errkind.NotFound if there
	// is no such table.
	Create(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto) (Stream, error)
	// CreatePooled makes a COMMITTED stream, whose rows are visible once they are appended. Its
	// connection lives until Close, not only as long as ctx. errkind.NotFound as above.
	CreatePooled(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto) (Stream, error)
	// Finalize ends a stream, whoever made it: from here on nobody can append to it. It returns how
	// many rows the stream holds; known is false if BigQuery does not know the stream any more.
	Finalize(ctx context.Context, stream string) (rows int64, known bool, err error)
	// Commit makes the rows of all the streams visible, or of none. The client may retry, so that
	// the first call too may say AlreadyCommitted. An error means that the outcome is unknown.
	Commit(ctx context.Context, t row.Table, streams []string) (CommitState, error)
}

// Stream takes the rows of one file. For one goroutine.
type Stream interface {
	// Name is what Commit takes.
	Name() string
	// Append adds encoded rows at the offset, counted in rows, and waits for BigQuery's answer;
	// rows it keeps no reference to. A row that BigQuery refuses is errkind.Permanent; a request
	// that the table as BigQuery knows it does not take, whatever its rows, is ErrSchema.
	Append(ctx context.Context, offset int64, rows [][]byte) error
	// Finalize ends the stream and returns how many rows it holds.
	Finalize(ctx context.Context) (int64, error)
	// Close releases the connection, whatever state the stream is in. It never commits.
	Close()
}

// CommitState is BigQuery's word on a commit.
type CommitState uint8

const (
	// Committed says that this call made the rows visible.
	Committed CommitState = iota + 1
	// AlreadyCommitted says that an earlier call did, for every stream.
	AlreadyCommitted
	// Unknown says that BigQuery does not know at least one of the streams, or not as final.
	Unknown
)

// Log appends rows to long-lived tables, at least once. Safe for concurrent use; concurrent calls
// share requests.
type Log interface {
	// Append returns once the rows are visible. It keeps no reference to them.
	Append(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto, rows [][]byte) error
}

// ErrSchema means that a table does not take the rows that are made for it. Just after it was made
// or changed that passes by itself: BigQuery comes to know its columns within minutes.
var ErrSchema = errors.New("the table does not take these columns, or not yet")

// Tables makes what is missing in a dataset. Safe for concurrent use, by several processes too.
type Tables interface {
	// EnsureTable makes the table, or adds the columns that it lacks, NULLABLE. A table that rows of
	// s cannot go into, such as one with a column of another type, is errkind.Permanent: the error
	// says which column, and what to do.
	EnsureTable(ctx context.Context, t row.Table, s row.Spec) error
	// EnsureView makes the view, or gives it the query if it is of an older version. Anything else
	// of that name stays.
	EnsureView(ctx context.Context, t row.Table, query string, version int) error
}

// Counter answers by a query what nothing cheaper can tell. Safe for concurrent use.
type Counter interface {
	// Count returns, by one query of one snapshot and without the cache, whether the load log has
	// the attempt as loaded, and how many of its rows the table has.
	Count(ctx context.Context, q CountQuery) (recorded bool, rows int64, err error)
}

// CountQuery asks for one attempt at one file.
type CountQuery struct {
	Table       row.Table
	Log         row.Table // the load log
	Attempt     string
	SourceFile  string
	LoadedAt    int64  // µs since 1970-01-01 UTC
	PartitionBy string // column that First and Last bound; empty: none
	First, Last int64  // µs since 1970-01-01 UTC, both inclusive
}

// Target says where the rows of a file go and how to read it.
type Target struct {
	Source         string // name of the rule that matched
	Format         *format.Format
	Table          row.Table
	MaxRejectRatio float64 // of the records, 0 to 1; more make the whole file rejected
	// As is the file whose claim counts: of an object that others put where the copy of an S3 object
	// would lie, that S3 object, so that its lines come once by whichever way. Zero: the file itself.
	As object.Source
}

// ClaimName returns the name in the ledger of the claim on s, a file with this target.
func (t Target) ClaimName(s object.Source) string {
	return object.ClaimName(cmp.Or(t.As, s), t.Table.Dataset+"."+t.Table.Name)
}

// Router finds the target of a source file; ok is false if no source matches.
type Router func(s object.Source) (t Target, ok bool)
