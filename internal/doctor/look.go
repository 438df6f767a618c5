package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/facts"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// Answer is what was read of one thing, or why nothing was.
type Answer[T any] struct {
	Value T
	Err   error
}

// errUnasked is the answer of a service that there is no way to.
var errUnasked = errors.New("the local cloud and other stand-ins have no such service")

// errNone is the answer about what something else says is not there.
var errNone = errors.New("there is none")

// Deployment is what there is to look at, and how. A nil function: there is no such service here. All
// of them only read.
type Deployment struct {
	Config     *config.Config
	Formats    map[string]*format.Format // of the sources, by the source's name
	Visibility time.Duration             // that the forwarder asks for
	As         string                    // whose account this is: Forwarder, Loader, or empty for a person's

	Queue        func(ctx context.Context) (facts.Queue, error)
	QueueOf      func(ctx context.Context, arn string) (facts.Queue, error)
	SourceBucket func(ctx context.Context, name string) (facts.SourceBucket, error)
	Bucket       func(ctx context.Context, name string) (facts.Bucket, error)
	Topic        func(ctx context.Context, name string) (facts.Topic, error)
	Subscription func(ctx context.Context, name string) (facts.Subscription, error)
	Dataset      func(ctx context.Context, project, dataset string) (location string, err error)
	Table        func(ctx context.Context, t row.Table, s row.Spec) (facts.Table, error)
	View         func(ctx context.Context, t row.Table) (facts.View, error)
	RowPolicies  func(ctx context.Context, t row.Table) (int, error)
	SourceTables func(ctx context.Context, log row.Table) (map[string][]string, error)
	Lineage      func(ctx context.Context) (enabled bool, err error)
	Clock        func(ctx context.Context) (service, here time.Time, err error)
	Permissions  []Permission

	Limit time.Duration // of each question
}

// The accounts of a deployment.
const (
	Forwarder = "forwarder"
	Loader    = "loader"
)

// Permission is a question for what an account lacks.
type Permission struct {
	Whose string // Forwarder or Loader
	On    string
	Lacks func(ctx context.Context) ([]string, error)
}

// Seen is what was read.
type Seen struct {
	Config     *config.Config
	Visibility time.Duration
	As         string

	Queue         Answer[facts.Queue]
	DeadQueue     Answer[facts.Queue]
	SourceBuckets map[string]Answer[facts.SourceBucket]
	Landing       Answer[facts.Bucket]
	Ledger        Answer[facts.Bucket]
	Topics        map[string]Answer[facts.Topic]
	Subscriptions map[string]Answer[facts.Subscription]
	Datasets      map[string]Answer[string] // location by name
	Tables        []SeenTable
	Unnamed       []string // why a source's tables are not among them
	Views         []Answer[facts.View]
	ViewVersion   int
	Lineage       Answer[bool]
	Skew          Answer[time.Duration] // of this machine's clock, ahead of the service's
	Lacks         []SeenLack
}

// SeenTable is a table and what it should be.
type SeenTable struct {
	Table    row.Table
	Source   string // whose files go into it; empty: a log
	Spec     row.Spec
	Seen     Answer[facts.Table]
	Policies Answer[int]
}

// SeenLack is what an account lacks on something.
type SeenLack struct {
	Permission
	Lacked Answer[[]string]
}

// ask asks one question, for no longer than the limit.
func ask[T any](ctx context.Context, limit time.Duration, question func(ctx context.Context) (T, error)) (a Answer[T]) {
	inner, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	a.Value, a.Err = question(inner)
	if a.Err != nil && inner.Err() != nil && ctx.Err() == nil {
		a.Err = fmt.Errorf("no answer within %s: %w", limit, a.Err)
	}
	return a
}

// looking is a look under way.
type looking struct {
	*Deployment
	seen  *Seen
	mu    sync.Mutex
	group sync.WaitGroup
}

// Look reads all there is to know, several things at a time. An error is ctx's alone.
func Look(ctx context.Context, d *Deployment) (*Seen, error) {
	l := &looking{Deployment: d, seen: &Seen{
		Config: d.Config, Visibility: d.Visibility, As: d.As, SourceBuckets: map[string]Answer[facts.SourceBucket]{},
		Topics: map[string]Answer[facts.Topic]{}, Subscriptions: map[string]Answer[facts.Subscription]{}, Datasets: map[string]Answer[string]{},
		Lineage: Answer[bool]{Err: errUnasked}, Skew: Answer[time.Duration]{Err: errUnasked},
	}}
	l.group.Go(func() { l.queues(ctx) })
	for _, name := range sourceBuckets(d.Config) {
		l.group.Go(func() {
			a := ask(ctx, d.Limit, func(ctx context.Context) (facts.SourceBucket, error) { return d.SourceBucket(ctx, name) })
			l.keep(func() { l.seen.SourceBuckets[name] = a })
		})
	}
	l.group.Go(func() { l.landing(ctx) })
	l.group.Go(func() {
		l.seen.Ledger = ask(ctx, d.Limit, func(ctx context.Context) (facts.Bucket, error) { return d.Bucket(ctx, d.Config.Ledger) })
	})
	for _, name := range datasets(d.Config) {
		l.group.Go(func() { l.dataset(ctx, name) })
	}
	l.group.Go(func() { l.account(ctx) })
	for i := range d.Permissions {
		l.group.Go(func() {
			p := d.Permissions[i]
			a := ask(ctx, d.Limit, p.Lacks)
			l.keep(func() { l.seen.Lacks = append(l.seen.Lacks, SeenLack{p, a}) })
		})
	}
	l.group.Wait()
	return l.seen, ctx.Err()
}

func (l *looking) keep(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

func (l *looking) queues(ctx context.Context) {
	l.seen.Queue = ask(ctx, l.Limit, l.Queue)
	l.seen.DeadQueue = Answer[facts.Queue]{Err: errNone}
	if arn := l.seen.Queue.Value.DeadLetters; arn != "" {
		l.seen.DeadQueue = ask(ctx, l.Limit, func(ctx context.Context) (facts.Queue, error) { return l.QueueOf(ctx, arn) })
	}
}

// landing follows the landing bucket's notifications to the dead letters.
func (l *looking) landing(ctx context.Context) {
	l.seen.Landing = ask(ctx, l.Limit, func(ctx context.Context) (facts.Bucket, error) { return l.Bucket(ctx, l.Config.Landing) })
	var topics []string
	for _, n := range l.seen.Landing.Value.Notifications {
		topics = append(topics, n.Topic)
	}
	for len(topics) > 0 {
		name := topics[0]
		topics = topics[1:]
		if _, known := l.seen.Topics[name]; !known {
			topics = append(topics, l.topic(ctx, name)...)
		}
	}
}

// topic looks at a topic and its subscriptions, and returns their dead-letter topics.
func (l *looking) topic(ctx context.Context, name string) (dead []string) {
	a := ask(ctx, l.Limit, func(ctx context.Context) (facts.Topic, error) { return l.Topic(ctx, name) })
	l.seen.Topics[name] = a // these maps are this goroutine's
	for _, sub := range a.Value.Subscriptions {
		s := ask(ctx, l.Limit, func(ctx context.Context) (facts.Subscription, error) { return l.Subscription(ctx, sub) })
		l.seen.Subscriptions[sub] = s
		if s.Value.DeadLetterTopic != "" {
			dead = append(dead, s.Value.DeadLetterTopic)
		}
	}
	return dead
}

// account looks at what belongs to the project and to this machine.
func (l *looking) account(ctx context.Context) {
	if l.Lineage != nil {
		l.seen.Lineage = ask(ctx, l.Limit, l.Lineage)
	}
	if l.Clock != nil {
		l.seen.Skew = ask(ctx, l.Limit, func(ctx context.Context) (time.Duration, error) {
			service, here, err := l.Clock(ctx)
			return here.Sub(service), err
		})
	}
}

// dataset looks at a dataset, its logs and views, and the tables of the sources in it.
func (l *looking) dataset(ctx context.Context, name string) {
	location := ask(ctx, l.Limit, func(ctx context.Context) (string, error) { return l.Dataset(ctx, l.Config.Project, name) })
	l.keep(func() { l.seen.Datasets[name] = location })
	if location.Err != nil {
		return
	}
	in := row.Table{Project: l.Config.Project, Dataset: name}
	for t, spec := range load.LogSpecs(in) {
		l.table(ctx, SeenTable{Table: t, Spec: spec})
	}
	views, version := load.ViewNames(in)
	for _, v := range views {
		a := ask(ctx, l.Limit, func(ctx context.Context) (facts.View, error) { return l.View(ctx, v) })
		l.keep(func() { l.seen.Views, l.seen.ViewVersion = append(l.seen.Views, a), version })
	}
	l.sourceTables(ctx, in)
}

// sourceTables looks at the tables of the sources in a dataset. Where a table's name depends on the file,
// the load log knows which there are.
func (l *looking) sourceTables(ctx context.Context, in row.Table) {
	var logged Answer[map[string][]string]
	asked := false
	known := map[string]bool{}
	for i := range l.Config.Sources {
		s := &l.Config.Sources[i]
		dataset, name, _ := strings.Cut(s.Table, ".")
		f := l.Formats[s.Name]
		if dataset != in.Dataset || f == nil {
			continue
		}
		names := []string{name}
		if strings.Contains(name, "{") {
			if !asked {
				asked, logged = true, ask(ctx, l.Limit, func(ctx context.Context) (map[string][]string, error) { return l.SourceTables(ctx, load.LogTable(in)) })
			}
			if logged.Err != nil {
				l.keep(func() {
					l.seen.Unnamed = append(l.seen.Unnamed, fmt.Sprintf("tables of source %s: %v", s.Name, logged.Err))
				})
			}
			names = inDataset(logged.Value[s.Name], in)
		}
		for _, n := range names {
			if known[n+" "+f.Name] {
				continue
			}
			known[n+" "+f.Name] = true
			l.table(ctx, SeenTable{Table: row.Table{Project: in.Project, Dataset: in.Dataset, Name: n}, Source: s.Name, Spec: load.TableSpec(f)})
		}
	}
}

// inDataset returns the names of those of the tables, project.dataset.name each, that are in a dataset.
func inDataset(tables []string, in row.Table) (names []string) {
	for _, t := range tables {
		if name, ok := strings.CutPrefix(t, in.Project+"."+in.Dataset+"."); ok {
			names = append(names, name)
		}
	}
	return names
}

func (l *looking) table(ctx context.Context, t SeenTable) {
	t.Seen = ask(ctx, l.Limit, func(ctx context.Context) (facts.Table, error) { return l.Table(ctx, t.Table, t.Spec) })
	t.Policies = Answer[int]{Err: errNone}
	if t.Seen.Value.Exists {
		t.Policies = ask(ctx, l.Limit, func(ctx context.Context) (int, error) { return l.RowPolicies(ctx, t.Table) })
	}
	l.keep(func() { l.seen.Tables = append(l.seen.Tables, t) })
}

// sourceBuckets returns the buckets of S3 that sources name in full.
func sourceBuckets(c *config.Config) (names []string) {
	known := map[string]bool{}
	for i := range c.Sources {
		if bucket, named := bucketOf(&c.Sources[i]); named && !known[bucket] {
			known[bucket] = true
			names = append(names, bucket)
		}
	}
	return names
}

// wild are the characters of a pattern that stand for others.
const wild = "*?{}"

// bucketOf returns the bucket of a source of S3; named is false if the pattern leaves it open, or is of
// Cloud Storage.
func bucketOf(s *config.Source) (bucket string, named bool) {
	if s.Match.Store() != object.S3 {
		return "", false
	}
	bucket, _, _ = strings.Cut(strings.TrimPrefix(s.Match.String(), "s3://"), "/")
	return bucket, !strings.ContainsAny(bucket, wild)
}

// datasets returns the datasets of the sources' tables.
func datasets(c *config.Config) (names []string) {
	known := map[string]bool{}
	for i := range c.Sources {
		if name, _, _ := strings.Cut(c.Sources[i].Table, "."); !known[name] {
			known[name] = true
			names = append(names, name)
		}
	}
	return names
}
