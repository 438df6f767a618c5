// Package contract is what Seneka relies on of the services it uses, as test suites. The fakes of the
// stages' tests pass them, and so do the adapters against the local stand-ins: what a test shows with
// a fake holds for the adapter, and neither can drift from the documentation that each case names.
//
// A suite knows no package of Seneka but the domain's, so that any test can import it.
package contract

import (
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
)

// clause is one sentence of a service's documentation as a test.
type clause[B any] struct {
	name   string
	source string // the page that says so
	run    func(t *testing.T, b B)
}

// run runs the cases, each on a service of its own.
func run[B any](t *testing.T, open func(t *testing.T) B, cases []clause[B]) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Log("the documentation:", c.source)
				}
			})
			c.run(t, open(t))
		})
	}
}

func wantKind(t *testing.T, what string, err error, want errkind.Kind) {
	t.Helper()
	if err == nil || !errkind.Is(err, want) {
		t.Errorf("%s: error %v of kind %v, want kind %v", what, err, errkind.Of(err), want)
	}
}

func mustDo(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
