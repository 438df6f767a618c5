package explain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/internal/verify"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// clouds are all that an explanation is made of.
type clouds struct {
	objects map[string]string // of S3, by address: the content
	landing map[string]object.Description
	claims  map[string]string
	records []load.Record
	rejects []load.RejectRecord
	held    []load.Held
	fails   error // of every call
}

func (c *clouds) List(_ context.Context, bucket, prefix, _ string, _ bool) (events []object.Event, folders []string, more bool, err error) {
	for address := range c.objects {
		if strings.HasPrefix(address, "s3://"+bucket+"/"+prefix) {
			events = append(events, c.event(address))
		}
	}
	slices.SortFunc(events, func(a, b object.Event) int { return strings.Compare(a.Key, b.Key) })
	return events, nil, false, c.fails
}

func (c *clouds) event(address string) object.Event {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(address, "s3://"), "/")
	content := c.objects[address]
	return object.Event{Source: object.Source{Bucket: bucket, Key: key}, Version: object.Version{ETag: "v1", Size: int64(len(content))}, Time: noon.Add(-time.Hour)}
}

// landing is the landing bucket; its listing is not asked for.
type landing struct{ *clouds }

func (l landing) List(context.Context, string, string, string, bool) ([]object.Copy, []string, bool, error) {
	return nil, nil, false, errors.New("not asked for")
}

func (l landing) Describe(_ context.Context, o object.Landed) (object.Description, int64, error) {
	if d, ok := l.landing[o.Name]; ok {
		return d, 7, l.fails
	}
	return object.Description{}, 0, errkind.With(errkind.NotFound, errors.New("none"))
}

func (c *clouds) Get(_ context.Context, name string) ([]byte, int64, error) {
	if claim, ok := c.claims[name]; ok {
		return []byte(claim), 1, nil
	}
	return nil, 0, errkind.With(errkind.NotFound, errors.New("none"))
}

func (c *clouds) Held(_ context.Context, _ load.FilesQuery, each func(load.Held)) (int64, error) {
	for _, h := range c.held {
		each(h)
	}
	return 0, nil
}

func (c *clouds) Loads(_ context.Context, _ load.HistoryQuery, each func(load.Record)) error {
	for _, r := range c.records {
		each(r)
	}
	return nil
}

func (c *clouds) Expiration(context.Context, row.Table) (time.Duration, error) { return 0, nil }

func (c *clouds) FileRecords(context.Context, row.Table, string, int) ([]load.Record, error) {
	return c.records, nil
}

func (c *clouds) FileRejects(context.Context, row.Table, string, int) ([]load.RejectRecord, error) {
	return c.rejects, nil
}

func (c *clouds) Rows(_ context.Context, q load.RowsQuery, each func(row.Schema, *row.Record) error) error {
	rec := row.NewRecord(1)
	rec.Values[0].SetInt(int64(q.Limit))
	return each(row.Schema{{Name: "limit", Type: row.Int64}}, rec)
}

func newExplainer(t *testing.T, c *clouds) *Explainer {
	t.Helper()
	cfg, err := config.Parse("seneka.yaml", []byte(`project: acme-logs
landing: gs://landing
ledger: gs://ledger
queue: https://sqs.us-east-1.amazonaws.com/123456789012/seneka
sources:
  - {name: a, match: "s3://logs/a/*.log", format: alb, table: d.a}
  - {name: b, match: "s3://logs/b/**", format: alb, table: d.b}
  - {name: own, match: "gs://landing/own/**", format: alb, table: d.b}
`), formats.Known())
	if err != nil {
		t.Fatal(err)
	}
	alb, _ := formats.Lookup("alb")
	route := func(s object.Source) (load.Target, bool) {
		m, ok := cfg.Match(s)
		if !ok {
			return load.Target{}, false
		}
		return load.Target{Source: m.Source.Name, Format: alb, Table: m.Table, As: m.As}, true
	}
	return &Explainer{
		Config: cfg, Logs: c, Grace: time.Minute, Show: 2,
		Checker: &verify.Checker{S3: c, Landing: landing{c}, Bucket: "landing", Ledger: c, Tables: c, Route: route,
			Logs: []row.Table{{Project: "acme-logs", Dataset: "d", Name: "seneka_load_log"}}, Now: func() time.Time { return noon }},
		Open: func(_ context.Context, e object.Event) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(c.objects[e.Source.String()])), nil
		},
	}
}

const line = `http 2018-07-02T22:23:00.186641Z app/lb/1 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - arn:aws:x "Root=1-5" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"` + "\n"

func explained(t *testing.T, x *Explainer, s object.Source) *Explanation {
	t.Helper()
	e, err := x.Explain(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// A file that was never seen: what would become of it, and whether it is there at all.
func TestExplainUnseen(t *testing.T) {
	c := &clouds{objects: map[string]string{"s3://logs/b/1.log": line + "broken\n" + line + line, "s3://logs/b/1.log.more": line, "s3://logs/c": "x", "s3://logs/b/junk.gz": "\x1f\x8bjunk"}}
	x := newExplainer(t, c)
	e := explained(t, x, object.Source{Bucket: "logs", Key: "b/1.log"})
	if e.Status != verify.Missing || e.Source != "b" || e.Format != "alb" || e.Table != "acme-logs.d.b" || !e.Would || len(e.First) != 2 || e.Object.ETag != "v1" || e.Cost != nil || e.Hops != nil {
		t.Errorf("%+v", e)
	}
	if len(e.Rejects) != 1 || e.Rejects[0].Line != 2 || string(e.Rejects[0].Raw) != "broken" || e.First[1].Line != 3 {
		t.Errorf("preview: rejects %+v, rows %+v", e.Rejects, e.First)
	}
	if len(e.Sources) != 2 || e.Sources[0].Matched || e.Sources[0].Why == "" || !e.Sources[1].Matched {
		t.Errorf("sources %+v", e.Sources)
	}
	if e := explained(t, x, object.Source{Bucket: "logs", Key: "b/junk.gz"}); e.Status != verify.Missing || len(e.First) != 0 || len(e.Rejects) != 1 {
		t.Errorf("junk: %+v", e)
	}
	if e := explained(t, x, object.Source{Bucket: "logs", Key: "c"}); e.Status != Unmatched || len(e.Sources) != 3 || e.Nearest == "" || e.Object == nil || e.Table != "" {
		t.Errorf("no source's: %+v", e)
	}
	if e := explained(t, x, object.Source{Bucket: "logs", Key: "b/1"}); e.Status != Unknown || e.Object != nil || e.Source != "b" {
		t.Errorf("not there: %+v", e)
	}
	x.Show = 0
	if e := explained(t, x, object.Source{Bucket: "logs", Key: "b/1.log"}); len(e.First) != 0 || len(e.Rejects) != 0 {
		t.Errorf("nothing is to be shown: %+v", e)
	}
}

// A file that was loaded: its way, its claim, its rows, and what it cost.
func TestExplainLoaded(t *testing.T) {
	c := &clouds{objects: map[string]string{"s3://logs/b/1.log": line}, landing: map[string]object.Description{}, claims: map[string]string{}}
	x := newExplainer(t, c)
	s := object.Source{Bucket: "logs", Key: "b/1.log"}
	event := c.event(s.String())
	attrs := object.Attrs{Event: event, Received: noon, Forwarded: noon.Add(time.Second)}
	c.landing["logs/b/1.log"] = object.Description{Size: 100, Metadata: attrs.Metadata(), Created: noon.Add(-time.Hour)}
	loaded := load.Record{Attempt: "a1", Outcome: load.Loaded, SourceFile: s.String(), Version: event.Version, Table: "acme-logs.d.b", Rows: 1, Rejects: 1, Bytes: 300,
		LoadedAt: noon.Add(-time.Minute), EventTime: event.Time, ReceivedAt: event.Time.Add(time.Second), ForwardedAt: event.Time.Add(3 * time.Second),
		StartedAt: event.Time.Add(4 * time.Second), VisibleAt: event.Time.Add(5 * time.Second)}
	again := load.Record{Attempt: "a2", Outcome: load.Duplicate, SourceFile: s.String(), Version: event.Version, Table: "acme-logs.d.b", VisibleAt: noon}
	c.records = []load.Record{loaded, again}
	c.rejects = []load.RejectRecord{{Line: 2, Offset: 300, Reason: "short", Raw: []byte("x")}}
	c.held = []load.Held{{SourceFile: s.String(), LoadedAt: loaded.LoadedAt, Rows: 1, Lines: 1}}
	claim := func(where string) {
		target, _ := x.Checker.Route(s)
		c.claims[target.ClaimName(s)] = fmt.Sprintf(`{"streams":null,%s"table":{"Project":"acme-logs","Dataset":"d","Name":"b"},"partition":{"column":"time","first":1,"last":2},`+
			`"written_at":"2026-01-02T11:59:00Z","load":{"attempt":"a1","source_file":%q,"version":{"etag":"v1","size":%d},"rows":1,"rejects":1,"bytes":300,"loaded_at":"2026-01-02T11:59:00Z"}}`,
			where, s, event.Size)
	}
	claim(`"pooled":{"stream":"s1","offset":5},`)
	e := explained(t, x, s)
	if e.Status != verify.OK || e.Claim == nil || e.Claim.Kind != "pooled" || e.Claim.Offset != 5 || e.Claim.Streams[0] != "s1" || e.Claim.As != "" || e.Landing.Object != "gs://landing/logs/b/1.log#7" {
		t.Errorf("%+v, claim %+v, landing %+v", e, e.Claim, e.Landing)
	}
	if len(e.Rows) != 1 || !e.Rows[0].Claimed || len(e.History) != 2 || len(e.Rejects) != 1 || e.Would || len(e.First) != 1 || e.First[0].Values[0].Int() != 2 {
		t.Errorf("%+v", e)
	}
	way := ""
	for _, h := range e.Hops {
		way += fmt.Sprintf("%s +%g, ", h.Name, h.Seconds)
	}
	if way != "stored +0, received from the queue +1, copy begun +2, load begun +1, visible +1, " {
		t.Errorf("way: %s", way)
	}
	asked := func(e *Explanation) (asked string) {
		for _, r := range e.Cost.Requests {
			asked += fmt.Sprintf("%d %s%s, ", r.Times, r.Name, r.Class)
		}
		return asked
	}
	if got := asked(e); got != "1 GetObject, 1 objects.insert (copy)A, 1 objects.get (copy)B, 1 objects.insert (claim)A, 1 AppendRows, 1 objects.get (claim, deliveries again)B, " || e.Cost.Copied != 100 || e.Cost.Parsed != 300 ||
		e.Cost.Dollars < 9e-6 || e.Cost.Dollars > 2e-5 { // two operations of class A are 10 dollars a million
		t.Errorf("cost: %s, %+v", got, e.Cost)
	}

	// The copy is asked for: the file is meant.
	copied := explained(t, x, object.Source{Store: object.GCS, Bucket: "landing", Key: "logs/b/1.log"})
	if !copied.CopyOf || copied.File != s.String() || copied.Status != verify.OK {
		t.Errorf("its copy: %+v", copied)
	}

	// By streams of its own.
	claim(`"streams":["s1","s2"],`)
	if e := explained(t, x, s); e.Claim.Kind != "streams" || !strings.Contains(asked(e), "2 CreateWriteStream, 2 FinalizeWriteStream, 1 BatchCommitWriteStreams") {
		t.Errorf("streams: %+v", e.Claim)
	}
	claim(`"void":true,"streams":["s1"],`)
	c.held, c.records = nil, nil
	if e := explained(t, x, s); e.Claim.Kind != "void" || e.Status != verify.Missing {
		t.Errorf("void: %s, %+v", e.Status, e.Claim)
	}

	// It is gone from S3, and its claim stands.
	c.objects = nil
	claim(`"streams":["s1"],`)
	c.held = []load.Held{{SourceFile: s.String(), LoadedAt: loaded.LoadedAt, Rows: 1, Lines: 1}}
	if e := explained(t, x, s); e.Status != verify.Gone || e.Object != nil {
		t.Errorf("gone: %s (%s)", e.Status, e.Reason)
	}
}

// What others put into landing is a file of its own.
func TestExplainLanded(t *testing.T) {
	c := &clouds{landing: map[string]object.Description{"own/1": {Size: 5, MD5: []byte("0123456789abcdef"), Created: noon.Add(-time.Hour)}}}
	x := newExplainer(t, c)
	x.Open = func(context.Context, object.Event) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(line)), nil
	}
	e := explained(t, x, object.Source{Store: object.GCS, Bucket: "landing", Key: "own/1"})
	if e.File != "gs://landing/own/1" || e.Source != "own" || e.Status != verify.Missing || e.Landing == nil || len(e.First) != 1 {
		t.Errorf("%+v", e)
	}
	if e := explained(t, x, object.Source{Store: object.GCS, Bucket: "landing", Key: "own/2"}); e.Status != Unknown {
		t.Errorf("not there: %+v", e)
	}
}

// A service that fails is an error, not an answer.
func TestExplainFails(t *testing.T) {
	c := &clouds{objects: map[string]string{"s3://logs/b/1.log": line}}
	x := newExplainer(t, c)
	broken := errors.New("broken")
	x.Open = func(context.Context, object.Event) (io.ReadCloser, error) { return nil, broken }
	if _, err := x.Explain(t.Context(), object.Source{Bucket: "logs", Key: "b/1.log"}); !errors.Is(err, broken) {
		t.Errorf("a file that cannot be read: %v", err)
	}
	c.fails = broken
	if _, err := x.Explain(t.Context(), object.Source{Bucket: "logs", Key: "b/1.log"}); !errors.Is(err, broken) {
		t.Errorf("a listing that fails: %v", err)
	}
}
