package s3

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
)

// An event that its queue does not take is tried again, in this process and the next, and then
// sent once.
func TestEventsOutliveTheProcess(t *testing.T) {
	b := serve(t, Options{})
	wantError(t, b.notify(conf("", "", anyCreated)), "")
	b.queue.fail(errors.New("no such queue"))
	b.put("a", "x")
	b.put("b", "x")
	b = b.restarted()
	b.put("c", "x")
	b.queue.fail(nil)
	seen := map[string]int{}
	for _, r := range b.queue.records(t, 4) {
		seen[r.S3.Object.Key]++
	}
	b = b.restarted()
	if len(b.queue.wait(t, 4)) != 4 || seen["a"] != 1 || seen["b"] != 1 || seen["c"] != 1 {
		t.Errorf("events %v, want each once", seen)
	}
}

// Sequencers rise across a restart, even if the clock goes back meanwhile.
func TestSequencersRise(t *testing.T) {
	now := fixed()
	b := serve(t, Options{Now: func() time.Time { return now }})
	wantError(t, b.notify(conf("", "", anyCreated)), "")
	last := ""
	for i := range 6 {
		b.put("k", strconv.Itoa(i))
		records := b.queue.records(t, i+2)
		seq := records[len(records)-1].S3.Object.Sequencer
		if seq <= last {
			t.Errorf("sequencer %s after %s", seq, last)
		}
		last = seq
		if i%2 == 1 {
			b.delete("k", "")
			now = now.Add(-time.Hour)
			b = b.restarted()
		}
	}
}

// A queue that is gone holds up no other, and is tried at growing distances, up to five seconds.
func TestOutboxBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var tries []time.Duration
		good := make(chan time.Duration, 1)
		done := make(chan []uint64, 2)
		notify := func(_ context.Context, queue, _ string) error {
			if queue == "good" {
				good <- time.Since(begun)
				return nil
			}
			tries = append(tries, time.Since(begun))
			if len(tries) < 9 {
				return errors.New("no such queue")
			}
			return nil
		}
		o := newOutbox(notify, func(ids []uint64) { done <- ids })
		defer o.close()
		o.add(event{ID: 1, Queue: "bad"}, event{ID: 2, Queue: "good"})
		if d := <-good; d != 0 {
			t.Errorf("the good queue waited %v", d)
		}
		<-done
		<-done
		for i, want := range []int64{0, 100, 300, 700, 1500, 3100, 6300, 11300, 16300} {
			if got := tries[i].Milliseconds(); got != want {
				t.Errorf("try %d after %d ms, want %d", i, got, want)
			}
		}
	})
}

func TestOutboxClosesWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(func(context.Context, string, string) error { return errors.New("never") }, func([]uint64) { t.Error("delivered") })
		o.add(event{ID: 1, Queue: "bad"})
		synctest.Wait()
		o.close()
		o.add(event{ID: 2, Queue: "late"})
	})
}

func TestUnreadableState(t *testing.T) {
	if _, err := New(Options{Dir: os.DevNull + "/x"}); err == nil {
		t.Error("New on a directory that cannot be made succeeded")
	}
	dir := t.TempDir()
	if err := os.MkdirAll(dir+"/s3.journal", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Dir: dir}); err == nil {
		t.Error("New on a journal that is a directory succeeded")
	}
}

// killDir makes this test binary a server that a test can kill.
const killDir = "S3_TEST_KILL_DIR"

// TestKill9 kills a server while it takes objects whose events nobody takes. Each object that it
// acknowledged must be there afterwards, whole, with its event.
func TestKill9(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		putForEver(t, dir)
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKill9$")
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[string]bool{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if key, ok := strings.CutPrefix(lines.Text(), "put "); ok {
			acknowledged[key] = true
		}
		if len(acknowledged) == 100 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the server ended by itself")
	}
	if len(acknowledged) < 100 {
		t.Fatalf("only %d objects were acknowledged before the kill", len(acknowledged))
	}
	b := serve(t, Options{Dir: dir})
	keys, _ := b.keys(&sdk.ListObjectsV2Input{})
	told := map[string]bool{}
	for _, r := range b.queue.records(t, len(keys)) {
		told[r.S3.Object.Key] = true
	}
	for key := range acknowledged {
		b.wantBody(key, key)
		if !told[key] {
			t.Errorf("%s was acknowledged and its event lost", key)
		}
	}
	if blobs := countBlobs(t, b); blobs != len(keys) {
		t.Errorf("%d blobs for %d objects", blobs, len(keys))
	}
}

func putForEver(t *testing.T, dir string) {
	taken := false // the test event only
	s, err := New(Options{Dir: dir, Notify: func(context.Context, string, string) error {
		if taken {
			return errors.New("nobody takes it")
		}
		taken = true
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket("bkt"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetNotification(t.Context(), "bkt", QueueConfiguration{QueueARN: queueARN, Events: []string{"s3:ObjectCreated:*"}}); err != nil {
		t.Fatal(err)
	}
	for worker := range 8 {
		go func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%d", worker, i)
				req := httptest.NewRequest(http.MethodPut, "/bkt/"+key, strings.NewReader(key))
				req.Header.Set("Content-Length", strconv.Itoa(len(key)))
				rec := httptest.NewRecorder()
				s.ServeHTTP(rec, req)
				if rec.Code != http.StatusOK {
					panic(rec.Body.String())
				}
				fmt.Println("put " + key)
			}
		}()
	}
	select {}
}

func BenchmarkPut(b *testing.B) {
	s, err := New(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateBucket("bkt"); err != nil {
		b.Fatal(err)
	}
	body := strings.Repeat("x", 10_000)
	b.SetBytes(int64(len(body)))
	b.SetParallelism(8)
	b.RunParallel(func(p *testing.PB) {
		for i := 0; p.Next(); i++ {
			req := httptest.NewRequest(http.MethodPut, fmt.Sprintf("/bkt/%p/%d", p, i), strings.NewReader(body))
			req.Header.Set("Content-Length", strconv.Itoa(len(body)))
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, req)
			if rec.Code != http.StatusOK {
				b.Error(rec.Body.String())
			}
		}
	})
}
