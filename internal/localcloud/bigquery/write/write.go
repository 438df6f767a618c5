// Package write is a gRPC server of google.cloud.bigquery.storage.v1.BigQueryWrite, the BigQuery
// Storage Write API, for the local cloud. It is as strict as the service's documentation, so that
// a client that works here has met the service's refusals.
//
// Rows of the default stream and of COMMITTED streams go into the table at once, in one
// transaction with the stream's next offset. Rows of a PENDING stream wait in a journal, a file
// of its own, until BatchCommitWriteStreams brings all of them into the table in the transaction
// that marks the streams as committed. A response is sent when what it says would survive a crash.
//
// Sources, cited in the tests case by case: the comments of google/cloud/bigquery/storage/v1
// storage.proto and stream.proto (package storagepb), and of https://cloud.google.com/bigquery/docs
// the pages write-api, write-api-streaming, write-api-batch, write-api-best-practices,
// supported-data-types and quotas. Where they leave a choice open the comment at the code says so.
// BUFFERED streams and Arrow rows are not served.
package write

import (
	"context"
	"sync"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc"

	"github.com/seneka-io/seneka/internal/row"
)

// Table is what the server has to know of a table.
type Table struct {
	row.Spec
	Created  time.Time
	Location string // of its dataset, such as "US"
}

// Store keeps the tables and the records of streams. It is safe for concurrent use.
type Store interface {
	// Table describes a table; an error of kind errkind.NotFound says that there is none.
	Table(ctx context.Context, ref row.Table) (Table, error)
	// Update runs fn in a transaction. Transactions run one after the other. When Update returns
	// nil, what fn did is durable and visible, all of it; when fn fails, nothing of it is.
	Update(ctx context.Context, fn func(tx Tx) error) error
}

// Tx is one transaction of a Store.
type Tx interface {
	// Table describes a table, which stays so until the transaction ends; errors as in Store.
	Table(ctx context.Context, ref row.Table) (Table, error)
	// Append adds rows to a table, each with a value for each column in schema order: nil, bool,
	// int64, float64, string, []byte, time.Time (UTC), time.Duration (TIME), row.IntervalValue, []any
	// (REPEATED, STRUCT in field order, RANGE as start and end). It may keep the values, but not rows, until Flush or the
	// transaction's end. An errkind.Permanent error means that the table cannot hold them.
	Append(ctx context.Context, t row.Table, rows [][]any) error
	// Flush makes what Append kept part of the transaction. Its error may be of any of these rows.
	Flush(ctx context.Context) error
	// Record returns the record of a stream, nil if there is none.
	Record(ctx context.Context, stream string) ([]byte, error)
	// AddRecord writes the record of a stream that has none. It fails if there is one.
	AddRecord(ctx context.Context, stream string, record []byte, expires time.Time) error
	// SetRecord replaces the record of a stream.
	SetRecord(ctx context.Context, stream string, record []byte, expires time.Time) error
	// Expire deletes the records whose time was up at t.
	Expire(ctx context.Context, t time.Time) error
}

// Options are the settings of a Server. Zero fields take the documented values.
type Options struct {
	// Dir holds the journals of PENDING streams. It is made when needed. Required.
	Dir string
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// PendingTTL is how long a PENDING stream lives without a commit. Default: 24 h
	// (write-api-batch: "Pending streams must be committed within 24 hours").
	PendingTTL time.Duration
	// CommittedTTL is how long a COMMITTED stream lives without an append, and a PENDING one after
	// its commit. Default: three days (write-api-streaming: "A committed stream has a TTL of three
	// days if there is no traffic"; for the second case no documentation was found).
	CommittedTTL time.Duration
	// Known returns the columns of a table as appends know them, of those that it has. The service
	// comes to know a change of them within minutes (write-api-best-practices: "on the order of
	// minutes"); nil: at once. For tests.
	Known func(t row.Table, columns row.Schema) row.Schema
}

// Server serves BigQueryWrite. Register it with storagepb.RegisterBigQueryWriteServer on a
// grpc.Server made with ServerOptions. It is safe for concurrent use and runs nothing in the
// background: stopping the grpc.Server is all there is to shutting it down. A Store and a Dir
// belong to one Server at a time.
type Server struct {
	storagepb.UnimplementedBigQueryWriteServer
	store Store
	group *group // of the transactions that write
	o     Options

	loading sync.Mutex // held while a stream that is not in streams is looked for; before mu

	mu      sync.Mutex // guards what follows
	streams map[streamName]*stream
	swept   time.Time
}

// New returns a Server of the tables in store. Streams of an earlier Server with the same store
// and Options.Dir go on where they were.
func New(store Store, o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.PendingTTL == 0 {
		o.PendingTTL = 24 * time.Hour
	}
	if o.CommittedTTL == 0 {
		o.CommittedTTL = 72 * time.Hour
	}
	return &Server{store: store, group: &group{store: store}, o: o, streams: map[streamName]*stream{}, swept: o.Now()}
}

// ServerOptions returns what the grpc.Server must be made with: gRPC's own limit of 4 MiB a
// message is below the 20 MB of an AppendRowsRequest.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.MaxRecvMsgSize(4 * maxRequest)}
}

// now is the clock as the API shows it, in whole microseconds.
func (s *Server) now() time.Time { return s.o.Now().UTC().Truncate(time.Microsecond) }
