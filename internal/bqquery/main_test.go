//go:build cgo

package bqquery

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest/bqtest"
	"github.com/seneka-io/seneka/internal/row"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		// The metrics library of the client runs its worker to the end of the process.
		if err := goleak.Find(goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// bench is a stand-in and a client of it.
type bench struct {
	*testing.T
	*bqtest.Server
	client *Client
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, Server: bqtest.Start(t)}
	var err error
	if b.client, err = New(context.Background(), "local", EmulatorOptions(b.REST)...); err != nil {
		t.Fatal(err)
	}
	b.client.pause.Initial = time.Millisecond
	b.client.pause.Max = time.Millisecond
	t.Cleanup(func() {
		if err := b.client.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	b.Proxy.Calls()
	return b
}

func (b *bench) wantKind(err error, want errkind.Kind) {
	b.Helper()
	if !errkind.Is(err, want) {
		b.Errorf("error of kind %v, want %v: %v", errkind.Of(err), want, err)
	}
}

// wantCalls checks the requests since the last look: method and path's end, "POST tables".
func (b *bench) wantCalls(want ...string) {
	b.Helper()
	var got []string
	for _, call := range b.Proxy.Calls() {
		got = append(got, strings.Fields(call)[0]+" "+call[strings.LastIndexByte(call, '/')+1:])
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.Errorf("requests %q, want %q", got, want)
	}
}

func ref(name string) row.Table { return row.Table{Project: "local", Dataset: "logs", Name: name} }

func at(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
