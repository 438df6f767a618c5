package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Both programs copy every object whole: run fails where one does not. The forwarder asks for each object once,
// writes it once, and empties the queue.
func TestCopies(t *testing.T) {
	t.Chdir("../..")
	args := []string{"-json", "-objects", "1K:20,9M:2", "-large", "", "-rounds", "1", "-workers", "4"}
	programs := []string{"forwarder", "rclone"}
	if _, err := exec.LookPath("rclone"); errors.Is(err, exec.ErrNotFound) {
		args, programs = append(args, "-without-rclone"), programs[:1]
	}
	var out bytes.Buffer
	if err := run(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var all []*result
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 2*len(programs) {
		t.Fatalf("%d results: %s", len(all), &out)
	}
	for i, r := range all {
		small := i < len(programs)
		if r.Program != programs[i%len(programs)] || r.Workers != 4 || len(r.Rounds) != 1 || (r.Objects == 20) != small || (r.Ratio > 0) != (i%2 == 0 && len(programs) == 2) {
			t.Errorf("result %+v", r)
		}
		m := r.Median
		if m.Seconds <= 0 || m.CPU <= 0 || m.StandIns <= 0 || m.Peak < 1<<20 || m.S3 < int64(r.Objects) || m.GCS < int64(r.Objects) {
			t.Errorf("%s: %+v", r.Program, m)
		}
		if r.Program == "forwarder" && (m.S3 != int64(r.Objects) || small && m.GCS != int64(r.Objects) || m.SQS < 2) {
			t.Errorf("the forwarder's requests: %+v", m)
		}
		if row := r.row(); strings.Count(row, "|") != 14 || !strings.Contains(row, " | "+r.Program+" | ") {
			t.Errorf("row %q", row)
		}
	}
}

// What did not come to landing, or is not what S3 has, fails the run, and so does what nobody put there.
func TestCheck(t *testing.T) {
	t.Chdir("../..")
	objects, err := makeObjects(1<<10, 3)
	if err != nil {
		t.Fatal(err)
	}
	copyAll := func(edit func(name string, data []byte) (string, []byte)) error {
		target, err := openTarget(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer target.close()
		for _, o := range objects {
			if name, data := edit(sourceBucket+"/"+o.key, o.member); name != "" {
				if err := target.upload(t.Context(), name, data); err != nil {
					t.Fatal(err)
				}
			}
		}
		return target.check(t.Context(), objects)
	}
	first := sourceBucket + "/" + objects[0].key
	for want, edit := range map[string]func(string, []byte) (string, []byte){
		"":                                       func(name string, data []byte) (string, []byte) { return name, data },
		"1 objects of 3 did not come to landing": func(name string, data []byte) (string, []byte) { return strings.TrimPrefix(name, first), data },
		"CRC32C": func(name string, data []byte) (string, []byte) {
			return name, append([]byte{'x'}, data[1:]...)
		},
		"bytes of CRC32C": func(name string, data []byte) (string, []byte) { return name, data[1:] },
		"nobody's copy":   func(name string, data []byte) (string, []byte) { return name + ".partial", data },
	} {
		if err := copyAll(edit); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// upload puts an object into the landing bucket.
func (t *target) upload(ctx context.Context, name string, data []byte) error {
	client, err := t.client(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	w := client.Bucket(landingBucket).Object(name).NewWriter(ctx)
	if _, err := w.Write(data); err != nil {
		return err
	}
	return w.Close()
}

// Where there is no rclone, the command says what to do.
func TestNoRclone(t *testing.T) {
	_, err := findRclone(t.Context(), filepath.Join(t.TempDir(), "rclone"))
	if err == nil || !strings.Contains(err.Error(), "apt-get install rclone") || !strings.Contains(err.Error(), "-without-rclone") {
		t.Errorf("error %v", err)
	}
}

func TestCases(t *testing.T) {
	o := options{objects: "1K:7,4M:2", large: "1G", workers: 5, rounds: 9}
	got, err := o.cases()
	want := []scenario{{1 << 10, 7, 5, 9}, {4 << 20, 2, 5, 9}, {1 << 30, 3, 5, 3}, {1 << 30, 8, 64, 1}}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v, error %v", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
	for _, bad := range []options{{objects: "1K"}, {objects: "1K:0"}, {objects: "1:5"}, {objects: "K:5"}, {objects: "1T:5"}, {large: "x"}} {
		if got, err := bad.cases(); err == nil {
			t.Errorf("%+v: %v", bad, got)
		}
	}
}

func TestSizes(t *testing.T) {
	for n, want := range map[int64]string{1041: "1.02 KiB", 64_600: "63.1 KiB", 1_045_000: "1.00 MiB", 1 << 30: "1.00 GiB", 300 << 20: "300 MiB"} {
		if got := sizeText(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestMedian(t *testing.T) {
	m := median([]round{{Seconds: 3, CPU: 1, Peak: 5, S3: 2}, {Seconds: 1, CPU: 9, Peak: 7, S3: 2}, {Seconds: 2, CPU: 4, Peak: 6, S3: 9}})
	if m.Seconds != 2 || m.CPU != 4 || m.Peak != 7 || m.S3 != 2 {
		t.Errorf("%+v", m)
	}
}
