package forward

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/object"
)

// What the tests show with the fakes holds for the adapters: both pass the same suite.
func TestFakesKeepTheContract(t *testing.T) {
	t.Run("source", func(t *testing.T) { contract.TestSource(t, fakeSource) })
	t.Run("landing", func(t *testing.T) { contract.TestLanding(t, fakeLanding) })
	t.Run("queue", func(t *testing.T) { contract.TestQueue(t, fakeQueue) })
}

func fakeSource(*testing.T) *contract.Source {
	c := newClouds()
	puts := 0
	return &contract.Source{
		Open: c.Open,
		Put: func(_ *testing.T, key, data string) object.Event {
			puts++
			return c.put(key, fmt.Sprint("v", puts), data, fmt.Sprint(puts))
		},
		Delete: func(_ *testing.T, key string) { delete(c.s3, object.Source{Bucket: "src", Key: key}) },
		Cut:    func() { c.cut = true },
	}
}

func fakeLanding(*testing.T) *contract.Landing {
	c := newClouds()
	return &contract.Landing{
		Copy: func(ctx context.Context, name string, r io.Reader, size int64, metadata map[string]string, generation int64) error {
			return c.Copy(ctx, "landing", name, r, size, metadata, generation)
		},
		Stat: func(ctx context.Context, name string) (map[string]string, int64, error) {
			return c.Stat(ctx, object.Landed{Bucket: "landing", Name: name})
		},
	}
}

func fakeQueue(*testing.T) *contract.Queue {
	q := &queue{}
	sent := 0
	id := func(receipt string) string { return receipt[:strings.LastIndexByte(receipt, '-')] }
	return &contract.Queue{
		Send: func(_ *testing.T, body string) { sent++; q.send(fmt.Sprint("m", sent), body) },
		Take: func(_ *testing.T, most int, visibility time.Duration) (got []contract.Message) {
			for _, m := range q.take(most, visibility) {
				got = append(got, contract.Message{Body: string(m.Body), Receipt: m.Receipt})
			}
			return got
		},
		Delete: func(ctx context.Context, receipt string) error {
			return q.Delete(ctx, Message{ID: id(receipt), Receipt: receipt})
		},
		Hide: func(ctx context.Context, receipt string, visibility time.Duration) error {
			return q.Hide(ctx, Message{ID: id(receipt), Receipt: receipt}, visibility)
		},
		Advance: func(d time.Duration) { q.ahead += d },
	}
}
