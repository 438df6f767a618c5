package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"strings"
	"time"

	"cloud.google.com/go/bigquery"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/localcloud/readyfile"
	"github.com/seneka-io/seneka/testdata"
)

func newDemo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "See real logs go from S3 to a SQL query, on this machine",
		Long: `Start a local cloud on free ports, put real load balancer logs into S3, show
each file's way to BigQuery with its times, run three queries, put the same
files again, and show that nothing is counted twice. Leaves nothing behind.

Exit codes: 0 every line counted once, 1 not so, or it could not run.`,
		Example: `  seneka demo
  make demo`,
		Args: args(cobra.NoArgs, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), cmd.OutOrStdout()) },
	}
}

// demoWait is how long the demo waits for a file before it gives up.
const demoWait = time.Minute

// demo is one run of the demo.
type demo struct {
	out    io.Writer
	start  time.Time
	s3     *s3.Client
	bucket string
	bq     *bqquery.Client
	events <-chan event
}

// demoQueries are what an analyst asks first.
var demoQueries = []struct{ question, sql string }{
	{"Which load balancers answer with errors?", `SELECT elb, COUNT(*) AS requests,
       COUNTIF(elb_status_code >= 500) AS errors_5xx,
       ROUND(SAFE_DIVIDE(COUNTIF(elb_status_code >= 400), COUNT(*)), 3) AS error_ratio
FROM logs.alb
WHERE time >= '2018-01-01'
GROUP BY elb ORDER BY requests DESC, elb`},
	{"Which targets are slow?", `SELECT target_ip, COUNT(*) AS requests,
       ROUND(AVG(target_processing_time), 4) AS mean_seconds,
       MAX(target_processing_time) AS max_seconds
FROM logs.alb
WHERE time >= '2018-01-01' AND target_processing_time >= 0
GROUP BY target_ip ORDER BY max_seconds DESC, target_ip LIMIT 5`},
	{"How fresh is each file, from S3 to a query?", `SELECT REGEXP_EXTRACT(source_file, r'_app\.([^.]+)\.') AS file, row_count,
       TIMESTAMP_DIFF(received_at, event_time, MILLISECOND) AS forwarder_ms,
       TIMESTAMP_DIFF(published_at, received_at, MILLISECOND) AS landing_ms,
       TIMESTAMP_DIFF(visible_at, published_at, MILLISECOND) AS table_ms
FROM logs.seneka_loads
WHERE outcome = 'loaded'
ORDER BY source_file`},
}

func runDemo(ctx context.Context, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "seneka-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	log, events := eventLog()
	d := &demo{out: out, start: time.Now(), events: events}
	d.say("Starting S3, SQS, GCS, Pub/Sub and BigQuery on this machine, forwarder and loader.")
	s, err := startStack(ctx, stackOptions{Data: dir, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := d.connect(ctx, s.Ready); err != nil {
		return err
	}
	defer d.bq.Close()
	files, err := demoFiles()
	if err != nil {
		return err
	}

	d.title("Real load balancer logs, put into s3://" + d.bucket)
	if err := d.upload(ctx, files, "loaded"); err != nil {
		return err
	}
	for _, q := range demoQueries {
		d.title(q.question)
		if err := d.query(ctx, q.sql); err != nil {
			return err
		}
	}
	before, err := d.counts(ctx)
	if err != nil {
		return err
	}
	d.title("The same files again")
	if err := d.upload(ctx, files, "present"); err != nil {
		return err
	}
	after, err := d.counts(ctx)
	if err != nil {
		return err
	}
	return d.verdict(before, after, files)
}

// connect makes the clients that put files and ask questions.
func (d *demo) connect(ctx context.Context, r readyfile.Ready) error {
	cfg, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	d.s3 = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	d.bucket = r.S3Bucket
	d.bq, err = bqquery.New(ctx, r.Project, bqquery.EmulatorOptions(readyfile.HostOf(r.BigQuery))...)
	return err
}

// demoFile is a log file under the key that a load balancer would give it.
type demoFile struct {
	key   string
	data  []byte
	lines int
}

// demoFiles returns the real logs of testdata.
func demoFiles() ([]demoFile, error) {
	var files []demoFile
	entries, err := fs.ReadDir(testdata.ALB, "alb")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		base, _, isLog := strings.Cut(e.Name(), ".log")
		if !isLog {
			continue
		}
		data, err := testdata.ALB.ReadFile(path.Join("alb", e.Name()))
		if err != nil {
			return nil, err
		}
		if data, err = gunzipped(data); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		key := fmt.Sprintf("AWSLogs/123456789012/elasticloadbalancing/us-east-1/2022/12/06/123456789012_elasticloadbalancing_us-east-1_app.%s.0123456789abcdef_20221206T1745Z_10.0.0.%d_2soosksi.log.gz", base, len(files)+1)
		files = append(files, demoFile{key: key, data: gzipped(data), lines: bytes.Count(data, []byte("\n"))})
	}
	return files, nil
}

// gunzipped returns what a sample holds, compressed or not.
func gunzipped(data []byte) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// gzipped compresses as a load balancer does: the same bytes each time.
func gzipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(data) // a buffer takes all
	_ = z.Close()
	return b.Bytes()
}

// upload puts the files and prints what happens to each until every one came to the end.
func (d *demo) upload(ctx context.Context, files []demoFile, end string) error {
	ctx, cancel := context.WithTimeout(ctx, demoWait)
	defer cancel()
	open := map[string]bool{}
	for _, f := range files {
		_, err := d.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &d.bucket, Key: &f.key, Body: bytes.NewReader(f.data), ContentLength: aws.Int64(int64(len(f.data)))})
		if err != nil {
			return err
		}
		d.hop(f.key, "put into S3, "+fmt.Sprint(len(f.data))+" bytes")
		open["s3://"+d.bucket+"/"+f.key] = true
	}
	for len(open) > 0 {
		select {
		case e := <-d.events:
			if !open[e.file] {
				continue
			}
			d.hop(e.file, e.text())
			if e.what == end {
				delete(open, e.file)
			}
		case <-ctx.Done():
			return fmt.Errorf("%d files did not arrive within %s: %w", len(open), demoWait, ctx.Err())
		}
	}
	return nil
}

// query prints a query and its answer.
func (d *demo) query(ctx context.Context, sql string) error {
	fmt.Fprintf(d.out, "%s\n", indent(sql))
	rows, err := d.bq.Query(ctx, sql)
	if err != nil {
		return err
	}
	return printTable(d.out, rows)
}

// counts returns how many rows the table has of each file.
func (d *demo) counts(ctx context.Context) (map[string]int64, error) {
	rows, err := d.bq.Query(ctx, "SELECT source_file, COUNT(*) AS n, COUNT(DISTINCT source_line) AS lines FROM logs.alb GROUP BY source_file")
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	err = each(rows, func(v []bigquery.Value) error {
		file, n, lines := v[0].(string), v[1].(int64), v[2].(int64)
		if n != lines {
			return fmt.Errorf("%s: %d rows of %d lines", file, n, lines)
		}
		counts[file] = n
		return nil
	})
	return counts, err
}

// verdict compares the counts with each other and with the files.
func (d *demo) verdict(before, after map[string]int64, files []demoFile) error {
	d.title("Rows per file, after the first and after the second time")
	var wrong []string
	for _, f := range files {
		file := "s3://" + d.bucket + "/" + f.key
		fmt.Fprintf(d.out, "  %-16s %3d lines   %3d rows   %3d rows\n", short(f.key), f.lines, before[file], after[file])
		if before[file] != after[file] || before[file] != int64(f.lines) {
			wrong = append(wrong, short(f.key))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("not every line is there once: %s", strings.Join(wrong, ", "))
	}
	fmt.Fprintf(d.out, "\nEvery line is there once. It took %.1f seconds. Run your own: seneka local\n", time.Since(d.start).Seconds())
	return nil
}

func (d *demo) say(text string)   { fmt.Fprintln(d.out, text) }
func (d *demo) title(text string) { fmt.Fprintf(d.out, "\n%s\n\n", text) }

// hop prints one event of a file with the time since the demo began.
func (d *demo) hop(file, text string) {
	fmt.Fprintf(d.out, "  %7.3f s  %-16s %s\n", time.Since(d.start).Seconds(), short(file), text)
}

// short returns the load balancer's name in a key.
func short(key string) string {
	_, rest, _ := strings.Cut(path.Base(key), "_app.")
	name, _, _ := strings.Cut(rest, ".")
	return cmp.Or(name, path.Base(key))
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n" }

// event is one line that the forwarder or the loader logged of a file.
type event struct {
	what, file, reason string
	rows               int64
}

// text says for people what happened.
func (e event) text() string {
	switch e.what {
	case "forwarded":
		return "copied to GCS by the forwarder"
	case "present":
		return "already in GCS: not copied again"
	case "loaded":
		return fmt.Sprintf("%d rows in BigQuery by the loader", e.rows)
	default:
		return strings.TrimSpace(e.what + " " + e.reason)
	}
}

// eventLog returns a logger whose lines about files come out of the channel.
func eventLog() (*slog.Logger, <-chan event) {
	events := make(chan event, 1000)
	return slog.New(&eventHandler{events: events}), events
}

type eventHandler struct{ events chan<- event }

// Enabled implements slog.Handler.
func (h *eventHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

// Handle implements slog.Handler. A line that nobody reads in time is dropped.
func (h *eventHandler) Handle(_ context.Context, r slog.Record) error {
	e := event{what: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "file":
			e.file = a.Value.String()
		case "rows":
			e.rows = a.Value.Int64()
		case "reason", "error":
			e.reason = a.Value.String()
		}
		return true
	})
	select {
	case h.events <- e:
	default:
	}
	return nil
}

// WithAttrs implements slog.Handler: what a demo shows stands in the line itself.
func (h *eventHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements slog.Handler.
func (h *eventHandler) WithGroup(string) slog.Handler { return h }
