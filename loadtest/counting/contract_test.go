package counting

import (
	"context"
	"slices"
	"testing"

	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/bqwrite"
	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

var (
	app  = row.Table{Project: "local", Dataset: "logs", Name: "app"}
	spec = row.Spec{Columns: row.Schema{{Name: "name", Type: row.String, Mode: row.Required}}}
)

// The server holds the contract that adapters and stand-ins hold, but for two cases that are left out:
//   - "a refused row refuses its request whole": it does not look at what a row holds, and refuses none;
//   - "an uncommitted stream is forgotten": it lives for minutes, and forgets none.
//
// What is visible the test remembers, and the server says how much of it is.
func TestContract(t *testing.T) { contract.TestStreams(t, newContract) }

func newContract(t *testing.T) *contract.Streams {
	s := start(t, Options{})
	client := connect(t, s)
	enc := encoder(t)
	sent := memory{}
	create := func(of func(context.Context, row.Table, *descriptorpb.DescriptorProto) (load.Stream, error), table row.Table) func(context.Context) (contract.Stream, error) {
		return func(ctx context.Context) (contract.Stream, error) {
			made, err := of(ctx, table, enc.Descriptor())
			if err != nil {
				return nil, err
			}
			return &remembered{made, sent}, nil
		}
	}
	return &contract.Streams{
		Pending:  create(client.Create, app),
		Pooled:   create(client.CreatePooled, app),
		NoTable:  create(client.Create, row.Table{Project: "local", Dataset: "logs", Name: "none"}),
		Finalize: client.Finalize,
		Commit: func(ctx context.Context, streams ...string) (contract.Commit, error) {
			state, err := client.Commit(ctx, app, streams)
			return map[load.CommitState]contract.Commit{
				load.Committed: contract.Committed, load.AlreadyCommitted: contract.AlreadyCommitted, load.Unknown: contract.Unknown,
			}[state], err
		},
		Encode:  encode,
		Visible: func(t *testing.T) []string { return sent.visible(t, s) },
	}
}

// memory holds the rows that were sent to each stream, by its name and their offsets.
type memory map[string]map[int64]string

// remembered is a stream whose rows are remembered.
type remembered struct {
	contract.Stream
	sent memory
}

func (r *remembered) Append(ctx context.Context, offset int64, rows [][]byte) error {
	err := r.Stream.Append(ctx, offset, rows)
	if err != nil {
		return err
	}
	if r.sent[r.Name()] == nil {
		r.sent[r.Name()] = map[int64]string{}
	}
	for i, encoded := range rows {
		r.sent[r.Name()][offset+int64(i)] = string(encoded[2:]) // behind a tag and a length
	}
	return nil
}

// visible returns as many rows of each stream as the server counts.
func (m memory) visible(t *testing.T, s *Server) (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, st := range s.streams {
		if st.pending && !st.committed {
			continue
		}
		for at := range st.Rows {
			all = append(all, m[name][at])
		}
	}
	if n := s.tables[app].Rows; n != int64(len(all)) {
		t.Errorf("the table counts %d rows, its streams %d", n, len(all))
	}
	return slices.Clip(all)
}

// start returns a server with the table local.logs.app.
func start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	query := tables(t, s)
	if err := query.EnsureDataset(t.Context(), app.Project, app.Dataset); err != nil {
		t.Fatal(err)
	}
	if err := query.EnsureTable(t.Context(), app, spec); err != nil {
		t.Fatal(err)
	}
	return s
}

func tables(t testing.TB, s *Server) *bqquery.Client {
	t.Helper()
	c, err := bqquery.New(context.Background(), "local", bqquery.EmulatorOptions(s.REST)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func connect(t testing.TB, s *Server) *bqwrite.Client {
	t.Helper()
	c, err := bqwrite.New(context.Background(), "local", bqwrite.EmulatorOptions(s.Storage)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func encoder(t testing.TB) *row.Encoder {
	t.Helper()
	enc, err := row.NewEncoder(spec.Columns)
	if err != nil {
		t.Fatal(err)
	}
	return enc
}

func encode(t *testing.T, values ...string) (rows [][]byte) {
	enc := encoder(t)
	rec := row.NewRecord(1)
	for _, v := range values {
		rec.Values[0].SetBytes([]byte(v))
		encoded, err := enc.Append(nil, rec)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, encoded)
	}
	return rows
}
