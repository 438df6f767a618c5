package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// Two small files pass both programs whole: run fails where a line is not counted. The times are not looked at.
func TestLarge(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("this system does not tell what programs take: ", err)
	}
	t.Chdir("../..")
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-size", "400K", "-plain", "3M", "-json"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var all []*result
	if err := json.Unmarshal(out.Bytes(), &all); err != nil || len(all) != 2 {
		t.Fatal(err, len(all))
	}
	for _, r := range all {
		shrinks := r.Stored > 3*r.Landed
		if r.Rows < 1000 || r.Text < r.Size || r.Text < 5*r.Landed || shrinks == r.Gzipped || r.Gzipped && r.Landed != r.Stored || r.Written < r.Text/2 {
			t.Errorf("%s: %+v", r.Name, r)
		}
		if r.Forward <= 0 || r.Load <= 0 || r.Inflate <= 0 || r.Forwarder.Peak == 0 || r.Loader.Peak == 0 || r.StreamsCreated == 0 {
			t.Errorf("%s: not measured: %+v", r.Name, r)
		}
	}
	if text := report(all, time.Now()); strings.Count(text, "\n") != len(lines)+4 || strings.Contains(text, "%!") {
		t.Error(text)
	}
}

// What is written as one gzip member is one to Go's own reader, holds the lines that it says, and shrinks as logs do.
func TestText(t *testing.T) {
	t.Chdir("../..")
	made, err := makeText("alb", 256<<10, true)
	if err != nil {
		t.Fatal(err)
	}
	var packed, plain bytes.Buffer
	f, err := made.writeGzip(&packed, 512<<10)
	if err != nil {
		t.Fatal(err)
	}
	if f.stored != int64(packed.Len()) || f.stored < 512<<10 || f.text < 6*f.stored {
		t.Errorf("%+v of %d bytes", f, packed.Len())
	}
	z, err := gzip.NewReader(&packed)
	if err != nil {
		t.Fatal(err)
	}
	z.Multistream(false)
	got, err := io.ReadAll(z)
	if err != nil || packed.Len() > 0 || int64(len(got)) != f.text || int64(bytes.Count(got, []byte("\n"))) != f.rows {
		t.Errorf("%d bytes, %d behind them, %v; want %+v", len(got), packed.Len(), err, f)
	}
	if f, err = made.writePlain(&plain, f.text); err != nil || f.stored != f.text || !bytes.Equal(plain.Bytes(), got) {
		t.Errorf("the plain text is another: %+v, %v", f, err)
	}
	if bytes.Equal(made.blocks[0].plain, made.blocks[1].plain) {
		t.Error("all blocks are the same")
	}
}

func TestPasses(t *testing.T) {
	all, err := passesOf("1G", "")
	if err != nil || all[0].Size != 1<<30 || all[1].Size != 10<<30 {
		t.Errorf("%+v, %v", all, err)
	}
	for _, bad := range [][2]string{{"", ""}, {"1T", ""}, {"1M", "-1"}, {"x", ""}} {
		if _, err := passesOf(bad[0], bad[1]); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
