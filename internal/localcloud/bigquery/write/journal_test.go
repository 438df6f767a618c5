package write

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
)

func protoRows(rows ...string) *storagepb.ProtoRows {
	p := &storagepb.ProtoRows{}
	for _, r := range rows {
		p.SerializedRows = append(p.SerializedRows, []byte(r))
	}
	return p
}

func replayed(t *testing.T, j *journal) (rows, schemas []string) {
	t.Helper()
	err := j.replay(func(schema []byte, chunk [][]byte) error {
		for _, r := range chunk {
			rows, schemas = append(rows, string(r)), append(schemas, string(schema))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, schemas
}

func TestJournal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "when needed")
	name := newStreamName(logs)
	j := must(createJournal(dir, name, logsAt))
	for _, err := range []error{
		j.append([]byte("s1"), protoRows("a", "b")), j.append([]byte("s1"), protoRows("c")),
		j.append([]byte("s2"), protoRows("")), j.finalize(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got := must(openJournal(j.path))
	if got.name != name.String() || !got.created.Equal(logsAt) || got.rows != 4 || !got.finalized || got.size != j.size || string(got.schema) != "s2" {
		t.Errorf("read %+v, wrote %+v", got, j)
	}
	rows, schemas := replayed(t, got)
	if len(rows) != 4 || rows[2] != "c" || rows[3] != "" || schemas[2] != "s1" || schemas[3] != "s2" {
		t.Errorf("rows %q of schemas %q", rows, schemas)
	}
	got.remove()
	if _, err := openJournal(j.path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after remove: %v", err)
	}
}

// A journal cut anywhere, or with any byte changed, gives the whole frames before the damage and
// goes on after them.
func TestJournalDamage(t *testing.T) {
	dir := t.TempDir()
	j := must(createJournal(dir, newStreamName(logs), logsAt))
	head := j.size
	ends := []int64{head}
	for _, r := range []string{"first", "second", "third"} {
		if err := j.append([]byte("schema"), protoRows(r)); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, j.size)
	}
	whole := must(os.ReadFile(j.path))
	check := func(damaged []byte, at int64) {
		t.Helper()
		if err := os.WriteFile(j.path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := openJournal(j.path)
		if at < head {
			if err == nil {
				t.Fatalf("damage at %d: no error", at)
			}
			return
		}
		want := 0
		for want < 3 && ends[want+1] <= at {
			want++
		}
		if err != nil || got.rows != int64(want) {
			t.Fatalf("damage at %d: %d rows, %v; want %d", at, got.rows, err, want)
		}
		if err := got.append([]byte("schema"), protoRows("next")); err != nil {
			t.Fatal(err)
		}
		if rows, _ := replayed(t, got); len(rows) != want+1 || rows[want] != "next" {
			t.Fatalf("damage at %d: rows %q", at, rows)
		}
	}
	for at := range int64(len(whole)) {
		check(whole[:at], at)
		flipped := append([]byte{}, whole...)
		flipped[at] ^= 0x40
		check(flipped, at)
	}
}

func BenchmarkJournal(b *testing.B) {
	dir := b.TempDir()
	rows := &storagepb.ProtoRows{}
	for range 100 {
		rows.SerializedRows = append(rows.SerializedRows, make([]byte, 100))
	}
	for b.Loop() {
		j := must(createJournal(dir, newStreamName(logs), logsAt))
		if err := errors.Join(j.append(nil, rows), j.finalize()); err != nil {
			b.Fatal(err)
		}
		j.remove()
	}
}
