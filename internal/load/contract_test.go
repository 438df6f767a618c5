package load

import (
	"context"
	"testing"

	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/row"
)

// What the fault tests show with the fakes holds for the adapters: both pass the same suite.
func TestFakesKeepTheContract(t *testing.T) {
	t.Run("streams", func(t *testing.T) { contract.TestStreams(t, fakeStreams) })
	t.Run("ledger", func(t *testing.T) { contract.TestLedger(t, fakeLedger) })
	t.Run("counts", func(t *testing.T) { contract.TestCounts(t, fakeCounts) })
}

func fakeCounts(*testing.T) *contract.Counts {
	w := newWorld()
	log := logTable(target.Table)
	w.tables[target.Table], w.tables[log] = true, true
	p := &process{world: w}
	held := func(rows []contract.Row) (all []map[string]any) {
		for _, r := range rows {
			all = append(all, map[string]any{"time": r.Time, "source_file": r.File, "loaded_at": r.LoadedAt})
		}
		return all
	}
	locked := func(do func()) {
		w.mu.Lock()
		defer w.mu.Unlock()
		do()
	}
	return &contract.Counts{
		Append: func(_ *testing.T, rows ...contract.Row) { locked(func() { w.rows = append(w.rows, held(rows)...) }) },
		Stage: func(_ *testing.T, rows ...contract.Row) func() {
			w.streams["s"] = &pending{table: target.Table, rows: held(rows), final: true}
			return func() { w.commit(target.Table, []string{"s"}) }
		},
		Record: func(_ *testing.T, attempt, outcome string, _ int64) {
			locked(func() { w.logs[log] = append(w.logs[log], map[string]any{"attempt": attempt, "outcome": outcome}) })
		},
		Count: func(ctx context.Context, q contract.CountQuery) (bool, int64, error) {
			none := row.Table{Project: "p", Dataset: "d", Name: "none"}
			query := CountQuery{Table: target.Table, Log: log, Attempt: q.Attempt, SourceFile: q.File, LoadedAt: q.LoadedAt, PartitionBy: "time", First: q.Time, Last: q.Last}
			if q.NoTable {
				query.Table = none
			}
			if q.NoLog {
				query.Log = none
			}
			return p.Count(ctx, query)
		},
	}
}

func fakeStreams(t *testing.T) *contract.Streams {
	w := newWorld()
	w.tables[target.Table] = true
	p := &process{world: w}
	enc, err := row.NewEncoder(lines.Spec.Columns)
	if err != nil {
		t.Fatal(err)
	}
	desc := enc.Descriptor()
	return &contract.Streams{
		Pending: func(ctx context.Context) (contract.Stream, error) { return p.Create(ctx, target.Table, desc) },
		Pooled:  func(ctx context.Context) (contract.Stream, error) { return p.CreatePooled(ctx, target.Table, desc) },
		NoTable: func(ctx context.Context) (contract.Stream, error) {
			return p.Create(ctx, row.Table{Project: "p", Dataset: "d", Name: "none"}, desc)
		},
		Finalize: p.Finalize,
		Commit: func(ctx context.Context, streams ...string) (contract.Commit, error) {
			state, err := p.Commit(ctx, target.Table, streams)
			return map[CommitState]contract.Commit{Committed: contract.Committed, AlreadyCommitted: contract.AlreadyCommitted, Unknown: contract.Unknown}[state], err
		},
		Encode:  func(t *testing.T, values ...string) [][]byte { return encodeLines(t, enc, values) },
		Refused: []byte{0x12, 0xff}, // a text that ends before its end
		Visible: func(*testing.T) (texts []string) {
			for _, r := range w.rows {
				texts = append(texts, r["text"].(string))
			}
			return texts
		},
		Forget: func(stream string) { w.streams[stream].gone = true },
	}
}

func encodeLines(t *testing.T, enc *row.Encoder, values []string) (rows [][]byte) {
	t.Helper()
	rec := row.NewRecord(len(lines.Spec.Columns))
	for _, v := range values {
		rec.Values[0].SetInt(1)
		rec.Values[1].SetBytes([]byte(v))
		encoded, err := enc.Append(nil, rec)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, encoded)
	}
	return rows
}

func fakeLedger(*testing.T) *contract.Ledger {
	p := &process{world: newWorld()}
	return &contract.Ledger{
		Get: p.Get,
		Put: p.Put,
		Twice: func() {
			p.fault = func(int, string) fault { p.fault = nil; return retried }
		},
	}
}
