//go:build cgo

package verify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seneka-io/seneka/functions/loader"
	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/forward"
	"github.com/seneka-io/seneka/internal/gcsstore"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest/bqtest"
	"github.com/seneka-io/seneka/internal/localcloud/gcs"
	standin "github.com/seneka-io/seneka/internal/localcloud/s3"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/internal/s3store"
	"github.com/seneka-io/seneka/testdata"
)

// cloud is the stand-ins of all services, the loader, and a Checker over the real adapters.
type cloud struct {
	*testing.T
	*Checker
	bq    *bqtest.Server
	app   *loader.App
	s3    *s3.Client
	store *storage.Client
	gcs   *gcsstore.Store
	query *bqquery.Client
	s3s   *s3store.Store
	lines []byte
}

const configuration = `{project: local, landing: "gs://landing", ledger: "gs://ledger", queue: "https://sqs.us-east-1.amazonaws.com/1/q", sources: [
	{name: alb, match: "s3://src/alb/**", format: alb, table: logs.alb},
	{name: app, match: "s3://src/app/**", format: ndjson, schema: app.json, table: logs.app},
	{name: others, match: "gs://landing/others/**", format: alb, table: logs.alb}]}`

// appSchema has a column of each type that is compared.
const appSchema = `[{"name":"time","type":"TIMESTAMP"},{"name":"n","type":"INTEGER"},{"name":"f","type":"FLOAT"},{"name":"price","type":"NUMERIC"},
	{"name":"big","type":"BIGNUMERIC"},{"name":"day","type":"DATE"},{"name":"at","type":"DATETIME"},{"name":"clock","type":"TIME"},{"name":"yes","type":"BOOLEAN"},
	{"name":"raw","type":"BYTES"},{"name":"text","type":"STRING"},{"name":"doc","type":"JSON"},{"name":"tags","type":"STRING","mode":"REPEATED"},
	{"name":"who","type":"RECORD","fields":[{"name":"name","type":"STRING"},{"name":"ids","type":"INTEGER","mode":"REPEATED"}]},
	{"name":"where","type":"GEOGRAPHY"}]`

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{T: t, bq: bqtest.Start(t)}
	objects, err := gcs.New(gcs.Options{Dir: t.TempDir()})
	c.must(err)
	t.Cleanup(func() { objects.Close() })
	for _, bucket := range []string{"landing", "ledger"} {
		c.must(objects.CreateBucket(bucket))
	}
	source, err := standin.New(standin.Options{Dir: t.TempDir()})
	c.must(err)
	t.Cleanup(func() { source.Close() })
	c.must(source.CreateBucket("src"))
	aws := cloudtest.AWS(t, cloudtest.Serve(t, source))
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(cloudtest.Serve(t, objects), "http://"))
	t.Setenv("BIGQUERY_EMULATOR_HOST", c.bq.REST)
	t.Setenv("BIGQUERY_STORAGE_EMULATOR_HOST", c.bq.Storage)
	dir := t.TempDir()
	t.Setenv("SENEKA_CONFIG", filepath.Join(dir, "seneka.yaml"))
	c.must(os.WriteFile(filepath.Join(dir, "seneka.yaml"), []byte(configuration), 0o600))
	c.must(os.WriteFile(filepath.Join(dir, "app.json"), []byte(appSchema), 0o600))

	c.app, err = loader.Open(t.Context(), os.Getenv, slog.New(slog.DiscardHandler))
	c.must(err)
	t.Cleanup(func() { c.app.Close() })
	c.store, err = storage.NewClient(t.Context())
	c.must(err)
	t.Cleanup(func() { c.store.Close() })
	c.gcs, err = gcsstore.New(t.Context())
	c.must(err)
	t.Cleanup(func() { c.gcs.Close() })
	c.query, err = bqquery.New(t.Context(), "local", bqquery.EmulatorOptions(c.bq.REST)...)
	c.must(err)
	t.Cleanup(func() { c.query.Close() })
	c.s3 = s3.NewFromConfig(aws, func(o *s3.Options) { o.UsePathStyle = true })
	c.s3s = s3store.New(aws)
	c.lines, err = testdata.ALB.ReadFile("alb/vrl.log")
	c.must(err)

	cfg, err := config.Load(t.Context(), os.Getenv("SENEKA_CONFIG"), c.gcs.OpenLive, formats.Known())
	c.must(err)
	route, err := loader.Router(t.Context(), cfg, c.gcs.OpenLive)
	c.must(err)
	c.Checker = &Checker{
		S3: c.s3s, Landing: c.gcs, Bucket: "landing", Ledger: c.gcs.Ledger("ledger"), Tables: c.query, Route: route,
		Logs: []row.Table{c.table("seneka_load_log")}, Now: time.Now,
	}
	return c
}

func (c *cloud) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *cloud) table(name string) row.Table {
	return row.Table{Project: "local", Dataset: "logs", Name: name}
}

// put stores an object in S3.
func (c *cloud) put(key string, content []byte) {
	c.Helper()
	_, err := c.s3.PutObject(c.Context(), &s3.PutObjectInput{Bucket: new("src"), Key: &key, Body: bytes.NewReader(content)})
	c.must(err)
}

// event is what a listing says of a key.
func (c *cloud) event(key string) object.Event {
	c.Helper()
	events, _, _, err := c.s3s.List(c.Context(), "src", key, "", true)
	c.must(err)
	if len(events) == 0 {
		c.Fatalf("no object %q", key)
	}
	return events[0]
}

// forward copies an object to landing.
func (c *cloud) forward(key string) {
	c.Helper()
	f := &forward.Forwarder{Matches: func(object.Source) bool { return true }, Source: c.s3s, Landing: c.gcs, Bucket: "landing", Now: time.Now, Compress: true}
	_, err := f.Forward(c.Context(), c.event(key), time.Now())
	c.must(err)
}

// load loads the copy of a key; it may fail.
func (c *cloud) load(key string) error {
	c.Helper()
	landed := object.Landed{Bucket: "landing", Name: "src/" + key}
	d, generation, err := c.gcs.Describe(c.Context(), landed)
	c.must(err)
	landed.Generation = generation
	attrs, err := object.AttrsOf(landed, d)
	c.must(err)
	_, err = c.app.Load(c.Context(), load.File{Landed: landed, Attrs: attrs})
	return err
}

// bring puts, copies and loads.
func (c *cloud) bring(key string, content []byte) {
	c.Helper()
	c.put(key, content)
	c.forward(key)
	c.must(c.load(key))
}

// exec changes tables as a person might.
func (c *cloud) exec(sql string) {
	c.Helper()
	c.must(c.bq.DB.Update(c.Context(), func(tx *engine.Tx) error { return tx.Exec(c.Context(), sql) }))
}

// removeClaim deletes the claim on a key.
func (c *cloud) removeClaim(key string) {
	c.Helper()
	target, _ := c.Route(object.Source{Bucket: "src", Key: key})
	c.must(c.store.Bucket("ledger").Object(target.ClaimName(object.Source{Bucket: "src", Key: key})).Delete(c.Context()))
}

// verify runs and returns the entries by what is behind the bucket in their files' names.
func (c *cloud) verify(o Options, s *Sampler) (map[string]Entry, *Result) {
	c.Helper()
	if o.Job.Bucket == "" {
		o.Job.Bucket = "src"
	}
	found := map[string]Entry{}
	last := ""
	result, err := c.Checker.Run(c.Context(), o, s, func(e Entry) error {
		if e.File < last {
			c.Errorf("%s comes behind %s", e.File, last)
		}
		last = e.File
		key := e.File[strings.LastIndexByte(e.File, '/')+1:]
		found[key] = e
		return nil
	}, func(Progress) {})
	c.must(err)
	return found, result
}

// What each status stands for, made to happen by what makes it happen: things left undone, calls that
// fail, people who delete, add and change.
func TestEveryStatus(t *testing.T) {
	c := newCloud(t)
	lines := bytes.SplitAfter(c.lines, []byte("\n"))
	for _, key := range []string{"ok", "short", "deleted", "twice", "added", "changed", "unseen", "unclaimed", "removed", "halfgone"} {
		c.bring("alb/2026/01/02/"+key, append([]byte(nil), c.lines...))
	}
	const file = "alb/2026/01/02/"
	c.put(file+"missing", c.lines)
	c.put(file+"landed", c.lines)
	c.forward(file + "landed")
	c.bring(file+"broken", []byte("this is no log\n"))
	c.bring(file+"control", []byte("Enable AccessLog for ELB: my-loadbalancer at 2018-10-16T18:13:24.123Z"))
	c.bring(file+"rejects", append(bytes.Repeat(c.lines, 4), "no line\n"...))
	c.put(file+"nothing/", nil)
	c.put("elsewhere", c.lines)

	// A load that dies between its claim and the commit.
	large := bytes.Repeat(c.lines, 600)
	c.put(file+"unsettled", large)
	c.forward(file + "unsettled")
	c.bq.Hook(func(_ context.Context, method string) error {
		if method == "BatchCommitWriteStreams" {
			return status.Error(codes.PermissionDenied, "killed")
		}
		return nil
	})
	if err := c.load(file + "unsettled"); err == nil {
		t.Fatal("the load was to die")
	}
	c.bq.Hook(nil)

	where := func(key string) string { return " WHERE source_file = 's3://src/" + file + key + "'" }
	table := `"local.logs"."alb"`
	c.exec("DELETE FROM " + table + where("short") + " AND source_line = 2")
	c.exec("DELETE FROM " + table + where("deleted"))
	c.exec("INSERT INTO " + table + " SELECT * FROM " + table + where("twice") + " AND source_line < 3")
	c.exec("INSERT INTO " + table + " SELECT * REPLACE (loaded_at + INTERVAL 1 SECOND AS loaded_at) FROM " + table + where("added") + " AND source_line = 1")
	c.put(file+"changed", lines[0])
	c.forward(file + "changed")
	c.must(c.load(file + "changed"))
	c.put(file+"unseen", lines[1])
	c.removeClaim(file + "unclaimed")
	for _, key := range []string{"removed", "halfgone"} {
		_, err := c.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: new("src"), Key: new(file + key)})
		c.must(err)
	}
	c.exec("DELETE FROM " + table + where("halfgone") + " AND source_line = 1")
	c.exec("INSERT INTO " + table + " SELECT * REPLACE ('s3://src/" + file + "ghost' AS source_file) FROM " + table + where("ok"))

	got, result := c.verify(Options{}, nil)
	want := map[string]struct {
		status Status
		reason string
	}{
		"ok": {OK, ""}, "rejects": {OK, ""}, "control": {OK, "it holds no rows: "},
		"missing": {Missing, "it is not in landing"}, "landed": {Missing, "it is in landing since"},
		"broken": {Rejected, "1 of 1 records could not be parsed"}, "unsettled": {Unsettled, "claimed it at"},
		"short":   {Short, fmt.Sprintf("%d of %d rows are there", len(lines)-2, len(lines)-1)},
		"deleted": {Short, fmt.Sprintf("0 of %d rows are there: the others were deleted", len(lines)-1)},
		"twice":   {Duplicated, "2 rows have a source_line that another one has too"}, "added": {Duplicated, "1 rows are of no attempt"},
		"changed": {Changed, "the rows are those of version"}, "unseen": {Changed, "no load of the present version has ended"},
		"unclaimed": {Unclaimed, "no claim stands for them"}, "removed": {Extra, "is not there any more"}, "halfgone": {Extra, "is not there any more"},
		"ghost": {Extra, "no load is known of"},
	}
	for key, w := range want {
		if e := got[key]; e.Status != w.status || !strings.Contains(e.Reason, w.reason) || e.Table != "local.logs.alb" || e.Day != "2026-01-02" {
			t.Errorf("%s: %s (%s) in %s on %s, want %s (%s)", key, e.Status, e.Reason, e.Table, e.Day, w.status, w.reason)
		}
		delete(got, key)
	}
	for key, e := range got {
		t.Errorf("not looked for: %s: %s", key, e.Status)
	}
	if result.Empty != 1 || result.Unmatched.Files != 1 || result.Example != "s3://src/elsewhere" || result.Totals.Differences() != 14 {
		t.Errorf("result %+v", result)
	}
	if result.Cost.BytesRead == 0 || result.Cost.ClaimReads < 15 || result.Cost.Lists != 1 {
		t.Errorf("cost %+v", result.Cost)
	}

	// What is young may be on its way; what is there twice or broken is not.
	got, _ = c.verify(Options{Grace: time.Hour}, nil)
	for key, w := range want {
		if slices.Contains([]Status{Missing, Unsettled, Unclaimed}, w.status) || key == "unseen" {
			w.status = Pending
		}
		if e := got[key]; e.Status != w.status {
			t.Errorf("within the grace: %s is %s (%s), want %s", key, e.Status, e.Reason, w.status)
		}
	}

	// A file that is gone with all its rows in place may be expected.
	got, _ = c.verify(Options{Gone: true}, nil)
	for key, w := range map[string]Status{"removed": Gone, "halfgone": Extra, "ghost": Extra} {
		if e := got[key]; e.Status != w {
			t.Errorf("files may be gone: %s is %s, want %s", key, e.Status, w)
		}
	}

	// A stretch at a time, all is found as it is at once.
	whole, _ := c.verify(Options{}, nil)
	for _, size := range []int{1, 2, 5} {
		c.chunk = size
		parts, r := c.verify(Options{}, nil)
		if len(parts) != len(whole) || r.Digest != result.Digest {
			t.Errorf("by %d: %d entries, digest %s; at once %d, %s", size, len(parts), r.Digest, len(whole), result.Digest)
		}
	}

	// Times: of the day, and of another.
	got, result = c.verify(Options{Job: backfill.Job{Bucket: "src", Since: time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC)}}, nil)
	if len(got) != 0 || result.Outside == 0 {
		t.Errorf("two days later %d entries, %d outside", len(got), result.Outside)
	}
}

// Rows are compared with lines value by value, in every type; what a person changed is found.
func TestDeep(t *testing.T) {
	c := newCloud(t)
	c.bring("alb/a.log", c.lines)
	record := func(n int, more string) string {
		return fmt.Sprintf(`{"time":"2026-01-02T03:04:05.%06dZ","n":%d,"f":1e-3,"price":"12.50","big":1e20,"day":"2026-01-02","at":"2026-01-02T03:04:05.5","clock":"03:04:05",`+
			`"yes":true,"raw":"AP8=","text":"日本 %d","doc":{"b":[1,2.0,{"c":null}],"a":"x"},"tags":["x","y"],"who":{"name":"w","ids":[1,2]},"where":"POINT(1 2)"%s}`+"\n", n, n, n, more)
	}
	content := record(1, "") + "no JSON\n" + record(2, `,"unknown":{"z":1,"a":1.50}`) + record(3, "") + strings.Repeat(record(4, ""), 10) + `{"n":5}` + "\n"
	c.bring("app/a.json", []byte(content))

	sampler := NewSampler(10, "seed")
	_, result := c.verify(Options{}, sampler)
	if n := result.Totals.Differences(); n != 0 {
		t.Fatalf("%d differences", n)
	}
	deep := &Deep{Most: 3, Rows: c.query.Rows, Open: func(ctx context.Context, f *Facts) (io.ReadCloser, error) { return c.s3s.Open(ctx, f.Event) }}
	compare := func() map[string]*Comparison {
		t.Helper()
		found := map[string]*Comparison{}
		for _, e := range sampler.Chosen() {
			got, err := deep.Compare(t.Context(), e)
			c.must(err)
			found[e.Source] = got
		}
		return found
	}
	got := compare()
	for source, rows := range map[string]int64{"alb": int64(bytes.Count(c.lines, []byte("\n"))), "app": 14} {
		g := got[source]
		if g == nil || g.Different != 0 || g.Rows != rows || g.Values < rows*15 {
			t.Errorf("%s: %+v", source, g)
		}
	}
	if g := got["app"]; g.Rejects != 1 || !slices.Equal(g.NotCompared, []string{"where"}) {
		t.Errorf("app: %+v", g)
	}

	for column, value := range map[string]string{
		"n": "7", "f": "2", "price": "1", "day": "DATE '2026-01-01'", "at": "TIMESTAMP '2026-01-01'", "clock": "TIME '01:00:00'", "yes": "false",
		"raw": `'\x00'::BLOB`, "text": "'x'", "doc": `'{"a":"x"}'`, "tags": "['x']", "extra": "NULL",
		"who": "{'name': 'v', 'ids': [1, 2]}",
	} {
		line, table := 1, `"local.logs"."app"`
		if column == "extra" {
			line = 3
		}
		saved := fmt.Sprintf("CREATE TABLE saved AS SELECT * FROM %s", table)
		c.exec(saved)
		c.exec(fmt.Sprintf(`UPDATE %s SET "%s" = %s WHERE source_line = %d`, table, column, value, line))
		g := compare()["app"]
		if g.Different != 1 || g.Differences[0].Column != column || g.Differences[0].Line != int64(line) || g.Differences[0].File == g.Differences[0].Table {
			t.Errorf("%s was changed: %+v", column, g)
		}
		c.exec("DELETE FROM " + table)
		c.exec("INSERT INTO " + table + " SELECT * FROM saved")
		c.exec("DROP TABLE saved")
	}

	// Rows under other lines: one lacks, and one is too many.
	c.exec(`UPDATE "local.logs"."alb" SET source_line = 1000 WHERE source_line = 2`)
	if g := compare()["alb"]; g.Different != 2 || g.Differences[0].Line != 1000 || g.Differences[1].Line != 2 || g.Differences[0].Column != "" {
		t.Errorf("a row of another line: %+v", g)
	}
}

// What others put into landing is verified by its own name; where it took the place of an S3 file, that
// file is in order if its rows stand under the other name, and is not counted twice.
func TestFilesOfOthers(t *testing.T) {
	c := newCloud(t)
	landed := func(name string, content []byte) {
		t.Helper()
		w := c.store.Bucket("landing").Object(name).NewWriter(t.Context())
		_, err := w.Write(content)
		c.must(err)
		c.must(w.Close())
		o := object.Landed{Bucket: "landing", Name: name}
		d, generation, err := c.gcs.Describe(t.Context(), o)
		c.must(err)
		o.Generation = generation
		attrs, err := object.AttrsOf(o, d)
		c.must(err)
		_, err = c.app.Load(t.Context(), load.File{Landed: o, Attrs: attrs})
		c.must(err)
	}
	landed("others/1.log", c.lines)
	landed("others/2.log", []byte("no log\n"))
	landed("src/alb/moved.log", c.lines)
	c.put("alb/moved.log", c.lines)
	c.bring("alb/usual.log", c.lines)

	got, result := c.verify(Options{Store: object.GCS, Job: backfill.Job{Bucket: "landing"}}, nil)
	if len(got) != 3 || got["1.log"].Status != OK || got["1.log"].File != "gs://landing/others/1.log" || got["2.log"].Status != Rejected || got["moved.log"].Status != OK || result.Copies != 1 {
		t.Errorf("landing: %+v, copies %d", got, result.Copies)
	}
	got, _ = c.verify(Options{}, nil)
	if e := got["moved.log"]; len(got) != 2 || e.Status != OK || e.File != "s3://src/alb/moved.log" || e.Rows != 13 {
		t.Errorf("S3: %+v", got)
	}
}
