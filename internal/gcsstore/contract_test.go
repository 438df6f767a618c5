package gcsstore

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/object"
)

func TestLedgerContract(t *testing.T) {
	contract.TestLedger(t, func(t *testing.T) *contract.Ledger {
		b := newBench(t)
		l := b.ledger()
		return &contract.Ledger{
			Get:   l.Get,
			Put:   l.Put,
			Twice: func() { b.proxy.Disturb(once(method(http.MethodPost), falseReply)) },
		}
	})
}

func TestLandingContract(t *testing.T) {
	contract.TestLanding(t, func(t *testing.T) *contract.Landing {
		b := newBench(t)
		return &contract.Landing{
			Copy: func(ctx context.Context, name string, r io.Reader, size int64, metadata map[string]string, generation int64) error {
				return b.store.Copy(ctx, "landing", name, r, size, metadata, generation)
			},
			Stat: func(ctx context.Context, name string) (map[string]string, int64, error) {
				return b.store.Stat(ctx, object.Landed{Bucket: "landing", Name: name})
			},
			Open: func(ctx context.Context, name string, generation int64) (*object.Body, error) {
				return b.store.Open(ctx, object.Landed{Bucket: "landing", Name: name, Generation: generation})
			},
		}
	})
}
