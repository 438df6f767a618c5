package backfill

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// What the tests show with the fake load log holds for the real one: both pass the same suite.
func TestFakesKeepTheContract(t *testing.T) {
	contract.TestHistory(t, func(*testing.T) *contract.History {
		logs, none := row.Table{Project: "p", Dataset: "d", Name: "seneka_load_log"}, row.Table{Project: "p", Dataset: "none", Name: "seneka_load_log"}
		l := &loadLog{records: map[row.Table][]load.Record{}}
		return &contract.History{
			Record: func(_ *testing.T, records ...contract.Logged) {
				for _, r := range records {
					l.records[logs] = append(l.records[logs], load.Record{
						SourceFile: r.File, Version: object.Version{ETag: r.ETag}, Outcome: load.Outcome(r.Outcome), LoadedAt: r.LoadedAt, ForwardedAt: r.ForwardedAt,
					})
				}
			},
			Loads: func(ctx context.Context, missing bool, first, last string, loadedSince, forwardedSince time.Time) (got []string, err error) {
				q := load.HistoryQuery{Log: logs, First: first, Last: last, LoadedSince: loadedSince, ForwardedSince: forwardedSince}
				if missing {
					q.Log = none
				}
				err = l.Loads(ctx, q, func(r load.Record) { got = append(got, fmt.Sprint(r.SourceFile, " ", r.Version.ETag, " ", r.Outcome)) })
				return got, err
			},
		}
	})
}
