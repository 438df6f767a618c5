package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seneka-io/seneka/loadtest/generate"
)

var soakFlag = flag.Duration("soak", time.Minute, "for how long the soak test puts files")

// soak is a pipeline under load, and what was put into it.
type soak struct {
	*pipeline
	seed  uint64
	gen   *generate.Generator
	notes *notes
	stop  context.CancelFunc // of the putting
	work  sync.WaitGroup

	begun, done atomic.Int64 // files
	put, bytes  atomic.Int64 // versions of them, and their bytes

	mu    sync.Mutex
	files map[string][]version // by the name that tables have for the file
	kills map[string]int
}

// version is one content that was put under a key.
type version struct {
	generate.File
	etag string
}

// TestSoak loads files for the time of -soak while forwarder, loader and cloud are killed every few
// seconds: small and large ones, broken ones, some announced again, some put again, some overwritten.
// In the end each file's rows are those of one version, whole.
func TestSoak(t *testing.T) {
	rng := newRand(t)
	s := &soak{seed: rng.Uint64(), files: map[string][]version{}, kills: map[string]int{}}
	s.pipeline = startPipeline(t, ports(func() int { return freePort(t) })...)
	var err error
	if s.gen, err = generate.New(generate.Options{Seed: s.seed, Until: time.Now().Truncate(24 * time.Hour), Large: 0.004, Bad: 0.05}); err != nil {
		t.Fatal(err)
	}
	s.notes = s.collectNotes(t)
	s.startForwarder(t)
	s.startLoader(t)

	s.startPutting(t)
	for end := time.Now().Add(*soakFlag); time.Now().Before(end); {
		time.Sleep(time.Second + time.Duration(rng.IntN(3000))*time.Millisecond)
		s.killOne(t, rng)
		s.count(t)
	}
	s.stop()
	s.work.Wait()
	t.Logf("%d files in %d versions, %d MB put; killed %v", len(s.files), s.put.Load(), s.bytes.Load()>>20, s.kills)

	s.settle(t)
	s.check(t)
	s.forwarder.stop(t, forwarderDrain)
	s.loader.stop(t, loaderDrain)
	s.cloud.stop(t, cloudDrain)
}

// killOne kills a program, or two, and starts it again.
func (s *soak) killOne(t *testing.T, rng *rand.Rand) {
	t.Helper()
	n := rng.IntN(10)
	if n == 0 || n >= 8 {
		s.cloud.kill()
		s.startCloud(t)
		s.kills["cloud"]++
	}
	if n <= 3 {
		s.forwarder.kill()
		s.startForwarder(t)
		s.kills["forwarder"]++
	}
	if n >= 3 && n <= 7 {
		s.loader.kill()
		s.startLoader(t)
		s.kills["loader"]++
	}
}

// backlog is how many files may be on their way: with more of them the end is only further off.
const backlog = 300

// count asks how many files have come to an outcome.
func (s *soak) count(t *testing.T) {
	found := s.ask(t, "SELECT 'files', COUNT(DISTINCT source_file) FROM logs.seneka_load_log")
	if v := found["files"]; v != nil {
		s.done.Store(v[0].(int64))
	}
}

// startPutting puts files until stop.
func (s *soak) startPutting(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	t.Cleanup(stop)
	var next atomic.Int64
	for range 4 {
		s.work.Go(func() {
			for ctx.Err() == nil {
				if s.begun.Load()-s.done.Load() > backlog {
					time.Sleep(10 * time.Millisecond)
					continue
				}
				s.putFile(t, int(next.Add(1)))
			}
		})
	}
	s.work.Go(func() { s.announceAgain(ctx) })
}

// announceAgain publishes notifications of the landing bucket again, late and in any order.
func (s *soak) announceAgain(ctx context.Context) {
	rng := rand.New(rand.NewPCG(s.seed, 1))
	for ctx.Err() == nil {
		fresh := s.notes.fresh()
		shuffle(rng, fresh)
		for _, m := range fresh[:len(fresh)/8] {
			_ = s.tryPublish(ctx, m) // where the cloud is away it is one copy less
		}
		time.Sleep(time.Duration(rng.IntN(3000)) * time.Millisecond)
	}
}

// putFile puts the i-th file and does with it what its seed says: nothing more; announce it again, up
// to twice; put it again; or overwrite it, at once or when it may be loaded.
func (s *soak) putFile(t *testing.T, i int) {
	rng := rand.New(rand.NewPCG(s.seed, uint64(i)<<1))
	f := s.putVersion(t, i, 0)
	s.begun.Add(1)
	switch rng.IntN(12) {
	case 0, 1:
		for range 1 + rng.IntN(2) {
			event := eventCopy(t, rng, s.ready.S3Bucket, logFile{key: f.Key, data: f.Data}, trimQuotes(f.etag))
			s.later(t, rng, func() {
				s.again(t, func(ctx context.Context) error { return s.trySend(ctx, event) })
			})
		}
	case 2:
		s.later(t, rng, func() { s.putVersion(t, i, 0) })
	case 3:
		s.later(t, rng, func() { s.putVersion(t, i, 1) })
	}
}

// later does something at once or within a few seconds.
func (s *soak) later(t *testing.T, rng *rand.Rand, do func()) {
	pause := time.Duration(rng.IntN(2)*rng.IntN(5000)) * time.Millisecond
	s.work.Go(func() {
		select {
		case <-time.After(pause):
		case <-t.Context().Done():
		}
		do()
	})
}

// putVersion puts a version of the i-th file, however long it takes.
func (s *soak) putVersion(t *testing.T, i, n int) version {
	v := version{File: s.gen.File(i, n)}
	s.again(t, func(ctx context.Context) (err error) {
		v.etag, err = s.tryPut(ctx, v.Key, v.Data)
		return err
	})
	s.put.Add(1)
	s.bytes.Add(int64(len(v.Data)))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[s.file(v.Key)] = append(s.files[s.file(v.Key)], v)
	return v
}

// again calls do until it succeeds: the cloud may be away.
func (s *soak) again(t *testing.T, do func(ctx context.Context) error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := do(t.Context())
		if err == nil || t.Context().Err() != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("the cloud is away for %s: %v", patience, err)
			return
		}
	}
}

// settle waits until every file has come to its outcome, and nothing is on its way.
func (s *soak) settle(t *testing.T) {
	t.Helper()
	start := time.Now()
	var missing []string
	defer func() {
		if len(missing) > 0 {
			t.Logf("seed of the files: %d\n%s", s.seed, s.history(t, missing))
		}
	}()
	awaitFor(t, patience+*soakFlag, 500*time.Millisecond, "an outcome of each file", func() (bool, string) {
		ended := s.ask(t, "SELECT source_file, STRING_AGG(DISTINCT outcome) FROM logs.seneka_load_log WHERE outcome IN ('loaded', 'rejected') GROUP BY 1")
		missing = nil
		for file := range s.files {
			if ended[file] == nil {
				missing = append(missing, file)
			}
		}
		return len(missing) == 0, fmt.Sprintf("%d of %d files have none, such as %q", len(missing), len(s.files), missing[:min(3, len(missing))])
	})
	awaitFor(t, patience, 200*time.Millisecond, "empty queues", func() (bool, string) {
		state := stateOf(t, s.ready.Dashboard)
		idle := state.Queue.Waiting+state.Queue.InFlight+state.Push.Waiting+state.Push.InFlight == 0
		return idle, fmt.Sprintf("SQS %+v, Pub/Sub %+v", state.Queue, state.Push)
	})
	t.Logf("settled within %s", time.Since(start).Round(time.Second))
}
