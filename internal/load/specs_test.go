package load

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/row"
)

// made keeps what a load makes beside a table.
type made struct {
	tables map[row.Table]row.Spec
	views  map[row.Table]int // version
}

func (m *made) EnsureTable(_ context.Context, t row.Table, s row.Spec) error {
	m.tables[t] = s
	return nil
}

func (m *made) EnsureView(_ context.Context, t row.Table, _ string, version int) error {
	m.views[t] = version
	return nil
}

// What is said to stand beside a table is what a load makes there.
func TestWhatStandsBesideTables(t *testing.T) {
	m := &made{map[row.Table]row.Spec{}, map[row.Table]int{}}
	in := row.Table{Project: "p", Dataset: "d", Name: "t"}
	if err := NewEnsured(m, time.Now).logs(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if want := LogSpecs(in); !reflect.DeepEqual(m.tables, want) || len(want) != 2 {
		t.Errorf("logs %v, want %v", m.tables, want)
	}
	names, version := ViewNames(in)
	for _, v := range names {
		if m.views[v] != version || version == 0 {
			t.Errorf("%s is of version %d, want %d", v, m.views[v], version)
		}
	}
	if len(names) != len(m.views) {
		t.Errorf("views %v, want %v", names, m.views)
	}
}
