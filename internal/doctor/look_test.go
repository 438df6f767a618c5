package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seneka-io/seneka/internal/facts"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// world is a deployment that answers as s says, and keeps what it was asked.
type world struct {
	s  *Seen
	mu sync.Mutex

	asked []string
}

func (w *world) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, what)
}

func (w *world) deployment() *Deployment {
	s := w.s
	return &Deployment{
		Config: s.Config, Formats: map[string]*format.Format{"alb": {Name: "alb", Spec: row.Spec{PartitionBy: "time"}}}, Visibility: s.Visibility, Limit: time.Second,
		Queue: func(context.Context) (facts.Queue, error) { return s.Queue.Value, s.Queue.Err },
		QueueOf: func(_ context.Context, arn string) (facts.Queue, error) {
			w.note(arn)
			return s.DeadQueue.Value, s.DeadQueue.Err
		},
		SourceBucket: func(_ context.Context, name string) (facts.SourceBucket, error) {
			a := s.SourceBuckets[name]
			return a.Value, a.Err
		},
		Bucket: func(_ context.Context, name string) (facts.Bucket, error) {
			if name == s.Config.Ledger {
				return s.Ledger.Value, s.Ledger.Err
			}
			return s.Landing.Value, s.Landing.Err
		},
		Topic: func(_ context.Context, name string) (facts.Topic, error) {
			w.note(name)
			return s.Topics[name].Value, s.Topics[name].Err
		},
		Subscription: func(_ context.Context, name string) (facts.Subscription, error) {
			a := s.Subscriptions[name]
			return a.Value, a.Err
		},
		Dataset: func(_ context.Context, _, name string) (string, error) { a := s.Datasets[name]; return a.Value, a.Err },
		Table: func(_ context.Context, t row.Table, spec row.Spec) (facts.Table, error) {
			w.note(t.String())
			return facts.Table{Name: t.String(), Exists: true, PartitionBy: spec.PartitionBy, PartitionOf: "DAY", ClusterBy: []string{"source_file"}}, nil
		},
		View:        func(_ context.Context, t row.Table) (facts.View, error) { w.note(t.String()); return facts.View{}, nil },
		RowPolicies: func(context.Context, row.Table) (int, error) { return 0, nil },
		SourceTables: func(_ context.Context, log row.Table) (map[string][]string, error) {
			w.note("ask " + log.String())
			return map[string][]string{"alb": {"acme.logs.alb_a", "acme.logs.alb_b", "acme.other.alb_c"}}, nil
		},
		Clock: func(context.Context) (time.Time, time.Time, error) {
			return time.Unix(1000, 0), time.Unix(1002, 0), nil
		},
		Permissions: []Permission{{Whose: Loader, On: "gs://ledger", Lacks: func(context.Context) ([]string, error) { return []string{"p"}, nil }}},
	}
}

// All there is to know is read, and what leads to something else is followed.
func TestLook(t *testing.T) {
	w := &world{s: healthy(t)}
	s, err := Look(t.Context(), w.deployment())
	if err != nil {
		t.Fatal(err)
	}
	if s.Queue.Value.ARN != queueARN || s.DeadQueue.Value.ARN != deadARN || len(s.SourceBuckets) != 1 || s.Ledger.Value.Name != "ledger" || len(s.Topics) != 2 || len(s.Subscriptions) != 2 ||
		s.Datasets["logs"].Value != "US" || len(s.Views) != 3 || s.Skew.Value != 2*time.Second || !errors.Is(s.Lineage.Err, errUnasked) || s.Lacks[0].Lacked.Value[0] != "p" || s.ViewVersion == 0 {
		t.Errorf("seen: %+v", s)
	}
	slices.Sort(w.asked)
	want := []string{"acme.logs.alb", "acme.logs.seneka_freshness", "acme.logs.seneka_load_log", "acme.logs.seneka_loads", "acme.logs.seneka_reject_log", "acme.logs.seneka_rejects", deadARN, dead, landed}
	if !slices.Equal(w.asked, want) {
		t.Errorf("asked about %q, want %q", w.asked, want)
	}
}

// Tables whose name depends on the file are those that the load log knows.
func TestLookPlaceholders(t *testing.T) {
	w := &world{s: healthy(t)}
	w.s.Config = parse(t, "  - {name: alb, match: 's3://logs/{team}/**', format: alb, table: 'logs.alb_{team}'}\n  - {name: alb2, match: 's3://logs2/{team}/**', format: alb, table: 'logs.alb_{team}'}\n")
	s, err := Look(t.Context(), w.deployment())
	var names []string
	for _, t := range s.Tables {
		names = append(names, t.Table.Name)
	}
	slices.Sort(names)
	if err != nil || !slices.Equal(names, []string{"alb_a", "alb_b", "seneka_load_log", "seneka_reject_log"}) {
		t.Errorf("tables %q, %v", names, err)
	}
	if n := len(slices.DeleteFunc(w.asked, func(a string) bool { return !strings.HasPrefix(a, "ask ") })); n != 1 {
		t.Errorf("the load log was asked %d times", n)
	}
	d := w.deployment()
	d.SourceTables = func(context.Context, row.Table) (map[string][]string, error) { return nil, errors.New("403") }
	if s, err = Look(t.Context(), d); err != nil || len(s.Unnamed) != 1 || s.Unnamed[0] != "tables of source alb: 403" {
		t.Errorf("without leave to query: %q, %v", s.Unnamed, err)
	}
}

// What is not there leads nowhere.
func TestLookIntoNothing(t *testing.T) {
	w := &world{s: &Seen{Config: parse(t, source), Queue: Answer[facts.Queue]{Err: gone}, Landing: Answer[facts.Bucket]{Err: gone}, Datasets: map[string]Answer[string]{"logs": {Err: gone}}}}
	s, err := Look(t.Context(), w.deployment())
	if err != nil || len(w.asked) != 0 || len(s.Tables) != 0 || !errors.Is(s.DeadQueue.Err, errNone) {
		t.Errorf("asked about %q, seen %+v, %v", w.asked, s, err)
	}
}

// A service that does not answer costs the limit of one question, not one for each, and is skipped.
func TestLookInBoundedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := (&world{s: healthy(t)}).deployment()
		hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		d.Queue = func(ctx context.Context) (facts.Queue, error) { return facts.Queue{}, hang(ctx) }
		d.Bucket = func(ctx context.Context, _ string) (facts.Bucket, error) { return facts.Bucket{}, hang(ctx) }
		d.SourceBucket = func(ctx context.Context, _ string) (facts.SourceBucket, error) {
			return facts.SourceBucket{}, hang(ctx)
		}
		begun := time.Now()
		s, err := Look(t.Context(), d)
		if took := time.Since(begun); err != nil || took != time.Second {
			t.Errorf("it took %s, %v; want a second", took, err)
		}
		for _, r := range Judge(s) {
			if r.State == Problem || r.State == Skipped && !strings.Contains(strings.Join(r.Skipped, " "), "no answer within 1s") && r.Check != "lineage" {
				t.Errorf("%+v", r)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, err := Look(ctx, d); !errors.Is(err, context.Canceled) {
			t.Errorf("told to stop: %v", err)
		}
	})
}
