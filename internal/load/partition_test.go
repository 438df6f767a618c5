package load

import (
	"encoding/json"
	"io"
	"reflect"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// partitionedBy is lines with a table whose time is of another type, or that is partitioned by
// another column.
func partitionedBy(column string, typ row.Type) *format.Format {
	f := *lines
	f.Spec.PartitionBy = column
	f.Spec.Columns = row.Schema{{Name: "time", Type: typ}, {Name: "text", Type: row.String}}
	if typ == row.Date {
		f.New = func(r io.Reader, o format.Options) format.Decoder { return days{lines.New(r, o)} }
	}
	return &f
}

// days makes the times of lines days.
type days struct{ format.Decoder }

func (d days) Next(rec *row.Record) error {
	err := d.Decoder.Next(rec)
	if err == nil && !rec.Values[0].IsNull() {
		rec.Values[0].SetInt(rec.Values[0].Int() / microsPerDay)
	}
	return err
}

// loadPartitioned loads a file of f into an empty world, and returns the file, the times of its rows
// and its claim.
func loadPartitioned(t *testing.T, f *format.Format, text string) (file File, times []any, c Claim) {
	t.Helper()
	w := newWorld()
	file = w.file("k", "v1", text)
	mustLoad(t, (&process{world: w, to: Target{Source: "app", Format: f, Table: target.Table, MaxRejectRatio: 1}}).loader(), file, Loaded)
	for _, r := range w.rows {
		times = append(times, r["time"])
	}
	for _, claim := range w.claims {
		if err := json.Unmarshal(claim.data, &c); err != nil {
			t.Fatal(err)
		}
	}
	return file, times, c
}

// A table may be partitioned by a DATE: the file's day stands in for one that is missing, and one
// too far off is a reject. A count does without it, for it compares with times.
func TestLoadPartitionedByDate(t *testing.T) {
	file, times, c := loadPartitioned(t, partitionedBy("time", row.Date), "a\nat 2026-02-03T04:05:06Z\nat 2001-01-01T00:00:00Z\n")
	want := []any{int32(file.Time.Unix() / 86400), int32(time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC).Unix() / 86400)}
	if !reflect.DeepEqual(times, want) || c.Load.Rejects != 1 || c.Partition.Column != "" {
		t.Errorf("days %v, want %v; %d rejects, range %+v", times, want, c.Load.Rejects, c.Partition)
	}
}

func TestLoadPartitionedByDatetime(t *testing.T) {
	_, times, c := loadPartitioned(t, partitionedBy("time", row.Datetime), "a\nat 2026-02-03T04:05:06Z\nat 2001-01-01T00:00:00Z\n")
	if len(times) != 2 || times[0] == nil || times[1] == nil || c.Load.Rejects != 1 || c.Partition.Column != "" {
		t.Errorf("times %v, %d rejects, range %+v", times, c.Load.Rejects, c.Partition)
	}
}

// A table without an event time is partitioned by when it was loaded.
func TestLoadPartitionedByLoad(t *testing.T) {
	_, times, c := loadPartitioned(t, partitionedBy("loaded_at", row.Timestamp), "a\nat 2001-01-01T00:00:00Z\n")
	at := c.Load.LoadedAt.UnixMicro()
	if len(times) != 2 || c.Load.Rejects != 0 || c.Partition != (Range{Column: "loaded_at", First: at, Last: at}) {
		t.Errorf("times %v, claim %+v of %d", times, c.Partition, at)
	}
}

func TestFloorDiv(t *testing.T) {
	for _, tt := range [][3]int64{{0, 10, 0}, {9, 10, 0}, {10, 10, 1}, {-1, 10, -1}, {-10, 10, -1}, {-11, 10, -2}} {
		if got := floorDiv(tt[0], tt[1]); got != tt[2] {
			t.Errorf("%d / %d = %d, want %d", tt[0], tt[1], got, tt[2])
		}
	}
}
