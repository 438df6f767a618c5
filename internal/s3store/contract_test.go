package s3store

import (
	"testing"

	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/object"
)

func TestContract(t *testing.T) {
	contract.TestSource(t, func(t *testing.T) *contract.Source {
		b := newBench(t)
		return &contract.Source{
			Open:      b.store.Open,
			Put:       func(_ *testing.T, key, data string) object.Event { return b.put(key, []byte(data)) },
			Delete:    func(_ *testing.T, key string) { b.remove(key) },
			Versioned: func(*testing.T) { b.versioned() },
			Cut:       func() { b.proxy.Disturb(cloudtest.Cut(1)) },
		}
	})
}
