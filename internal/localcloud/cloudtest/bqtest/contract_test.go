//go:build cgo

package bqtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/bqwrite"
	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

var (
	dataSpec = row.Spec{PartitionBy: "time", Columns: row.Schema{
		{Name: "time", Type: row.Timestamp}, {Name: "source_file", Type: row.String}, {Name: "loaded_at", Type: row.Timestamp},
	}}
	logSpec = row.Spec{PartitionBy: "loaded_at", Columns: row.Schema{
		{Name: "attempt", Type: row.String}, {Name: "source_file", Type: row.String}, {Name: "etag", Type: row.String}, {Name: "size", Type: row.Int64},
		{Name: "table_name", Type: row.String}, {Name: "outcome", Type: row.String}, {Name: "reason", Type: row.String},
		{Name: "row_count", Type: row.Int64}, {Name: "reject_count", Type: row.Int64},
		{Name: "loaded_at", Type: row.Timestamp}, {Name: "forwarded_at", Type: row.Timestamp},
	}}
	data = row.Table{Project: "local", Dataset: "logs", Name: "t"}
	logs = row.Table{Project: "local", Dataset: "logs", Name: "seneka_load_log"}
	none = row.Table{Project: "local", Dataset: "logs", Name: "none"}
)

// bench is a local BigQuery and both adapters to it.
type bench struct {
	*Server
	query *bqquery.Client
	write *bqwrite.Client
}

func newBench(t *testing.T) *bench {
	b := &bench{Server: Start(t)}
	var err error
	if b.query, err = bqquery.New(context.Background(), "local", bqquery.EmulatorOptions(b.REST)...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.query.Close() })
	if b.write, err = bqwrite.New(context.Background(), "local", bqwrite.EmulatorOptions(b.Storage)...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.write.Close() })
	b.Table("t", dataSpec)
	b.Table("seneka_load_log", logSpec)
	return b
}

// What is counted was written by the Storage Write API.
func TestCountsContract(t *testing.T) {
	contract.TestCounts(t, func(t *testing.T) *contract.Counts {
		b := newBench(t)
		enc, err := row.NewEncoder(dataSpec.Columns)
		if err != nil {
			t.Fatal(err)
		}
		encode := func(rows []contract.Row) (encoded [][]byte) {
			for _, r := range rows {
				rec := row.NewRecord(len(dataSpec.Columns))
				rec.Values[0].SetInt(r.Time)
				rec.Values[1].SetBytes([]byte(r.File))
				rec.Values[2].SetInt(r.LoadedAt)
				bytes, err := enc.Append(nil, rec)
				if err != nil {
					t.Error(err)
				}
				encoded = append(encoded, bytes)
			}
			return encoded
		}
		var pooled load.Stream
		offset := int64(0)
		return &contract.Counts{
			Append: func(t *testing.T, rows ...contract.Row) {
				if pooled == nil {
					if pooled, err = b.write.CreatePooled(t.Context(), data, enc.Descriptor()); err != nil {
						t.Error(err)
						return
					}
					t.Cleanup(pooled.Close)
				}
				if err := pooled.Append(t.Context(), offset, encode(rows)); err != nil {
					t.Error(err)
				}
				offset += int64(len(rows))
			},
			Stage: func(t *testing.T, rows ...contract.Row) func() {
				s, err := b.write.Create(t.Context(), data, enc.Descriptor())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(s.Close)
				if err := s.Append(t.Context(), 0, encode(rows)); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Finalize(t.Context()); err != nil {
					t.Fatal(err)
				}
				return func() {
					if state, err := b.write.Commit(t.Context(), data, []string{s.Name()}); err != nil || state != load.Committed {
						t.Errorf("Commit = %v, %v", state, err)
					}
				}
			},
			Record: func(_ *testing.T, attempt, outcome string, loadedAt int64) {
				at := time.UnixMicro(loadedAt).UTC()
				b.Insert(logs, []any{attempt, "s3://b/k", "v1", int64(1), data.String(), outcome, nil, int64(1), int64(0), at, at})
			},
			Count: func(ctx context.Context, q contract.CountQuery) (bool, int64, error) {
				table, log := data, logs
				if q.NoTable {
					table = none
				}
				if q.NoLog {
					log = none
				}
				return b.query.Count(ctx, load.CountQuery{
					Table: table, Log: log, Attempt: q.Attempt, SourceFile: q.File, LoadedAt: q.LoadedAt,
					PartitionBy: "time", First: q.Time, Last: q.Last,
				})
			},
		}
	})
}

func TestHistoryContract(t *testing.T) {
	contract.TestHistory(t, func(t *testing.T) *contract.History {
		b := newBench(t)
		return &contract.History{
			Record: func(_ *testing.T, records ...contract.Logged) {
				for _, r := range records {
					b.Insert(logs, []any{"a", r.File, r.ETag, int64(1), data.String(), r.Outcome, nil, int64(1), int64(0), r.LoadedAt, r.ForwardedAt})
				}
			},
			Loads: func(ctx context.Context, missing bool, first, last string, loadedSince, forwardedSince time.Time) (got []string, err error) {
				q := load.HistoryQuery{Log: logs, First: first, Last: last, LoadedSince: loadedSince, ForwardedSince: forwardedSince}
				if missing {
					q.Log = none
				}
				err = b.query.Loads(ctx, q, func(r load.Record) { got = append(got, fmt.Sprint(r.SourceFile, " ", r.Version.ETag, " ", r.Outcome)) })
				return got, err
			},
		}
	})
}
