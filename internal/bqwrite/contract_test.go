//go:build cgo

package bqwrite

import (
	"context"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

func TestContract(t *testing.T) { contract.TestStreams(t, newContract) }

func newContract(t *testing.T) *contract.Streams {
	b := newBench(t)
	return &contract.Streams{
		Pending: func(ctx context.Context) (contract.Stream, error) { return b.client.Create(ctx, b.table, b.desc()) },
		Pooled: func(ctx context.Context) (contract.Stream, error) {
			return b.client.CreatePooled(ctx, b.table, b.desc())
		},
		NoTable: func(ctx context.Context) (contract.Stream, error) {
			return b.client.Create(ctx, row.Table{Project: "local", Dataset: "logs", Name: "none"}, b.desc())
		},
		Finalize: b.client.Finalize,
		Commit: func(ctx context.Context, streams ...string) (contract.Commit, error) {
			state, err := b.client.Commit(ctx, b.table, streams)
			return map[load.CommitState]contract.Commit{
				load.Committed: contract.Committed, load.AlreadyCommitted: contract.AlreadyCommitted, load.Unknown: contract.Unknown,
			}[state], err
		},
		Encode:  func(_ *testing.T, values ...string) [][]byte { return b.encode(1, values...) },
		Refused: []byte{0x10, 1}, // without its REQUIRED column
		Visible: func(*testing.T) (names []string) {
			for _, r := range b.Rows(b.table) {
				names = append(names, r[0].(string))
			}
			return names
		},
		Forget: func(string) { b.Advance(4 * 24 * time.Hour) },
	}
}
