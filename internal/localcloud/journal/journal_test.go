package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a journal of strings and returns what it held.
func open(t *testing.T, path string) (*Journal, []string) {
	t.Helper()
	var held []string
	j, err := Open(path, func(rec []byte) error {
		var s string
		err := json.Unmarshal(rec, &s)
		held = append(held, s)
		return err
	}, func(emit func(any) error) error {
		for _, s := range held {
			if err := emit(s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return j, held
}

func put(t *testing.T, j *Journal, records ...string) {
	t.Helper()
	for _, r := range records {
		if err := j.Wait(j.Append(r)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRecordsSurviveInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	want := []string{"a", "line\nbreak", "<&>\u2028", ""}
	j, held := open(t, path)
	if len(held) != 0 {
		t.Fatalf("a new journal holds %q", held)
	}
	put(t, j, want...)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time reads what the first one rewrote
		j, held = open(t, path)
		if !slices.Equal(held, want) {
			t.Errorf("read back %q, want %q", held, want)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What Wait has acknowledged is in the file, whatever happens to the process.
func TestAcknowledgedIsInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j, _ := open(t, path)
	defer j.Close()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { put(t, j, strconv.Itoa(i)) })
	}
	wg.Wait()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(copied, data, 0o600); err != nil {
		t.Fatal(err)
	}
	k, held := open(t, copied)
	defer k.Close()
	if len(held) != 50 {
		t.Errorf("the file held %d of 50 acknowledged records", len(held))
	}
}

// A process may die within any write: every prefix of the file must open, with all whole records.
func TestTornTailIsDropped(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "j")
	j, _ := open(t, path)
	put(t, j, "first", "second", "third")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) + 1 {
		cut := filepath.Join(dir, "cut")
		if err := os.WriteFile(cut, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		k, held := open(t, cut)
		if want := bytes.Count(whole[:n], []byte{'\n'}); len(held) != want {
			t.Errorf("cut at %d: %d records, want %d", n, len(held), want)
		}
		put(t, k, "after")
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
		k, again := open(t, cut)
		if !slices.Equal(again, append(held, "after")) {
			t.Errorf("cut at %d: a record written after the cut was lost: %q", n, again)
		}
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedRecordEndsTheJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j, _ := open(t, path)
	put(t, j, "first", "second")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(data, []byte("second"), []byte("sEcond"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	j, held := open(t, path)
	defer j.Close()
	if !slices.Equal(held, []string{"first"}) {
		t.Errorf("held %q, want only the first", held)
	}
}

func TestFailedWriteIsReported(t *testing.T) {
	j, _ := open(t, filepath.Join(t.TempDir(), "j"))
	j.file.Close()
	for range 2 {
		if err := j.Wait(j.Append("lost")); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Wait after a failed write: %v", err)
		}
	}
	if err := j.Close(); err == nil {
		t.Error("Close hid the failed write")
	}
}

func TestAppendAfterClose(t *testing.T) {
	j, _ := open(t, filepath.Join(t.TempDir(), "j"))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if err := j.Wait(j.Append("late")); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
}

func TestReplayErrorStopsOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j, _ := open(t, path)
	put(t, j, "x")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	_, err := Open(path, func([]byte) error { return boom }, func(func(any) error) error { return nil })
	if !errors.Is(err, boom) {
		t.Errorf("Open = %v, want the error of replay", err)
	}
	j, held := open(t, path)
	defer j.Close()
	if !slices.Equal(held, []string{"x"}) {
		t.Errorf("a failed Open changed the journal: %q", held)
	}
}

func TestNilKeepsNothing(t *testing.T) {
	var j *Journal
	if err := j.Wait(j.Append("x")); err != nil {
		t.Error(err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

func BenchmarkAppendWait(b *testing.B) {
	j, err := Open(filepath.Join(b.TempDir(), "j"), nil, func(func(any) error) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	record := string(bytes.Repeat([]byte("x"), 1000))
	b.SetParallelism(16)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := j.Wait(j.Append(record)); err != nil {
				b.Error(err)
			}
		}
	})
}
