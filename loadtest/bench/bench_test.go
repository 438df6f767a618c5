package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/loadtest/corpus"
)

// Every way finds every record of every format: run fails where one does not.
func TestWays(t *testing.T) {
	t.Chdir("../..")
	b := &bench{progress: io.Discard, folder: t.TempDir()}
	var err error
	if b.db, err = openDuckDB(); err != nil {
		t.Fatal(err)
	}
	defer b.close()
	for _, name := range append(corpus.Names(), "parquet") {
		f, err := b.make(name, 64<<10)
		if err != nil {
			t.Fatal(err)
		}
		if f == nil {
			continue // without cgo there is no Parquet
		}
		r, err := (&plan{rounds: 1, usual: f.bytes}).run(f, b.db)
		if err != nil {
			t.Error(err)
			continue
		}
		for way, speed := range r.Speeds {
			missing := name == "parquet" && (way == wayInflate || way == wayUsual) || way == wayDuckDB && (b.db == nil || f.duck.reader == "")
			if (speed > 0) == missing {
				t.Errorf("%s, way %c: %v MB/s", name, 'a'+way, speed)
			}
		}
		if row := r.row(); strings.Count(row, "|") != 13 || !strings.HasPrefix(row, "| "+name+" |") {
			t.Errorf("row %q", row)
		}
	}
}

// A row costs no allocation in parse and encode.
func TestAllocations(t *testing.T) {
	t.Chdir("../..")
	b := &bench{progress: io.Discard, folder: t.TempDir()}
	for _, name := range corpus.Names() {
		small, err := b.make(name, 32<<10)
		if err != nil {
			t.Fatal(err)
		}
		large, err := b.make(name, 512<<10)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := encode(large); err != nil { // what grows has grown
			t.Fatal(err)
		}
		n, err := allocations(small, large)
		if err != nil || n > noAllocs {
			t.Errorf("%s: %v allocations a row, error %v", name, n, err)
		}
	}
}

// What is recorded is compared, and a ratio that has fallen by over a third is an error that names it.
func TestGuard(t *testing.T) {
	t.Chdir("../..")
	defer func(all []int) { attempts = all }(attempts)
	attempts = []int{1, 2, 3}
	path := filepath.Join(t.TempDir(), "recorded.json")
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := run(append(args, "-formats", "elb"), &out, io.Discard)
		return out.String(), err
	}
	if out, err := run("-record", path); err != nil || !strings.Contains(out, "elb") {
		t.Fatalf("%v: %s", err, out)
	}
	for recorded, want := range map[string]string{
		`{"elb":{"c_of_a":0.01,"c_of_d":0.1,"allocations_per_row":0}}`: "",
		`{"elb":{"c_of_a":99,"c_of_d":0.1,"allocations_per_row":0}}`:   "as fast as inflating alone, and were 99.00",
		`{"elb":{"c_of_a":0.01,"c_of_d":999,"allocations_per_row":0}}`: "as the usual way, and were 999.0 times",
		`{"alb":{}}`: "elb is not recorded: make bench-record",
	} {
		if err := os.WriteFile(path, []byte(recorded), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := run("-check", path)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", recorded, err, want)
		}
	}
	// A format that seems worse is measured again, and may then be as it was.
	calls := 0
	measure := func(string, int) (ratios, error) {
		calls++
		return ratios{Inflate: []float64{0.1, 0.5, 0.9}[calls-1], Usual: 9}, nil
	}
	was := map[string]ratios{"elb": {Inflate: 0.6, Usual: 9}}
	if now, err := attempt([]string{"elb"}, attempts, was, measure, io.Discard); err != nil || calls != 2 || now["elb"].Inflate != 0.5 {
		t.Errorf("after %d measurements: %v, %v", calls, now, err)
	}
	rounds := []speeds{{100, 0, 50}, {1, 0, 40}, {90, 0, 27}, {80, 0, 40}, {70, 0, 7}}
	if got := (&result{Speeds: rounds[0], Rounds: rounds}).share(wayEncode, wayInflate); got != 0.5 {
		t.Errorf("the median round says %v, want 0.5", got)
	}
	if (ratios{Allocs: 1}).worse(ratios{}) == "" || (ratios{Allocs: 1.2}).worse(ratios{Allocs: 1}) != "" {
		t.Error("allocations are compared wrongly")
	}
}
