package format

import (
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
)

func declareSpec(d Declaration) (*Format, error) {
	spec, err := d.Spec("")
	return &Format{Spec: spec}, err
}

// The table of files that say their own columns is partitioned alike whichever of them comes first, so that
// the partition column is NULL in no row of the others.
func TestOwnPartition(t *testing.T) {
	own := NewOwn(Declaration{}, declareSpec)
	for _, text := range []string{"time:TIMESTAMP a:STRING", "a:STRING", "ts:TIMESTAMP"} {
		f, err := own.Format(columns(text))
		if err != nil || f.Spec.PartitionBy != "loaded_at" {
			t.Errorf("%s: %+v, %v; want it by loaded_at", text, f, err)
		}
	}
	own = NewOwn(Declaration{PartitionBy: "ts"}, declareSpec)
	if f, err := own.Format(columns("a:STRING ts:TIMESTAMP")); err != nil || f.Spec.PartitionBy != "ts" {
		t.Errorf("%+v, %v; want it by the column that the source names", f, err)
	}
	if _, err := own.Format(columns("a:STRING")); !errkind.Is(err, errkind.Permanent) {
		t.Errorf("a file without the column that the source names: %v", err)
	}
}
