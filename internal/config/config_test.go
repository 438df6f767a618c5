package config

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

var formats = Formats{"alb": false, "elb": false, "cloudtrail": false, "rows": true}

func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("seneka.yaml", []byte(text), formats)
	if err != nil {
		t.Fatalf("%v\nof\n%s", err, text)
	}
	return c
}

const head = `project: acme-logs
landing: gs://acme-landing
ledger: gs://acme-ledger
queue: https://sqs.ap-northeast-1.amazonaws.com/123456789012/seneka
`

func TestParse(t *testing.T) {
	c := parse(t, head+`sources:
  - name: alb
    match: s3://acme-elb-logs/**/elasticloadbalancing/*/*/*/*/*_app.*.log.gz
    format: alb
    table: logs.alb
  - name: trail
    match: s3://acme-trails/{account}/**.gz # {name} takes one segment
    format: cloudtrail
    table: logs.trail_{account}
    partition: {column: event_time, by: day}
    on_change: ignore
    max_reject_ratio: 0.25
`)
	for i, s := range c.Sources {
		if s.Match.String() == "" {
			t.Errorf("sources[%d] has no pattern", i)
		}
		c.Sources[i].Match = Pattern{}
	}
	want := &Config{
		Project: "acme-logs", Landing: "acme-landing", Ledger: "acme-ledger",
		Queue:    "https://sqs.ap-northeast-1.amazonaws.com/123456789012/seneka",
		Compress: true,
		Sources: []Source{
			{Name: "alb", Format: "alb", Table: "logs.alb", OnConflict: OnConflictReject, OnChange: OnChangeIgnore, MaxRejectRatio: DefaultMaxRejectRatio},
			{Name: "trail", Format: "cloudtrail", Table: "logs.trail_{account}", OnConflict: OnConflictReject, OnChange: OnChangeIgnore, MaxRejectRatio: 0.25,
				Partition: &Partition{Column: "event_time", By: "day"}},
		},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestParseExample(t *testing.T) {
	text, err := os.ReadFile("../../seneka.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, string(text))
	for key, want := range map[string]string{
		"payments/AWSLogs/1/elasticloadbalancing/eu-west-1/2026/01/02/a.log.gz": "acme-logs.payments_logs.alb",
		"web-shop/AWSLogs/1/elasticloadbalancing/eu-west-1/2026/01/02/a.log.gz": "acme-logs.logs.alb_web_shop",
	} {
		if m, ok := c.Match(object.Source{Bucket: "acme-elb-logs", Key: key}); !ok || m.Table.String() != want {
			t.Errorf("%s goes to %s, %v; want %s", key, m.Table, ok, want)
		}
	}
	upload := object.Source{Store: object.GCS, Bucket: "acme-seneka-landing", Key: "partner/a.log.gz"}
	if m, ok := c.Match(upload); !ok || m.Source.Name != "alb-partner" {
		t.Errorf("%s goes to %+v, %v", upload, m, ok)
	}
}

func TestParseRatios(t *testing.T) {
	for text, want := range map[string]float64{"0": 0, "1": 1, "0.5": 0.5, ".25": 0.25, "1e-2": 0.01, `"0.1"`: 0.1} {
		c := parse(t, head+"sources: [{name: a, match: 's3://b/**', format: alb, table: d.t, max_reject_ratio: "+text+"}]\n")
		if got := c.Sources[0].MaxRejectRatio; got != want {
			t.Errorf("%s is read as %v", text, got)
		}
	}
}

// The same configuration in the other ways that YAML has to write it.
func TestParseStyles(t *testing.T) {
	source := `{"name": "a", "match": "s3://b/**", "format": "alb", "table": "d.t"}`
	want := parse(t, head+"sources: ["+source+"]\n")
	tests := map[string]string{
		"block":         head + "sources:\n- name: a\n  match: s3://b/**\n  format: alb\n  table: d.t\n",
		"CRLF":          strings.ReplaceAll(head+"sources:\n- name: a\n  match: s3://b/**\n  format: alb\n  table: d.t\n", "\n", "\r\n"),
		"byte order":    "\ufeff" + head + "sources: [" + source + "]\n",
		"document mark": "---\n" + head + "sources: [" + source + "]\n...\n",
		"version":       "%YAML 1.2\n---\n" + head + "sources: [" + source + "]\n",
		"quotes":        head + "'sources':\n- 'name': \"a\"\n  match: 's3://b/**'\n  format: \"alb\"\n  table: d.t\n",
		"folded":        head + "sources:\n- name: a\n  match: >-\n    s3://b/**\n  format: |\n    alb\n  table: d.t\n",
		"tag":           head + "sources:\n- name: !!str a\n  match: s3://b/**\n  format: alb\n  table: d.t\n",
		"slash":         strings.Replace(head, "gs://acme-landing", "gs://acme-landing/", 1) + "sources: [" + source + "]\n",
		"JSON": `{"project": "acme-logs", "landing": "gs://acme-landing", "ledger": "gs://acme-ledger",` +
			`"queue": "https://sqs.ap-northeast-1.amazonaws.com/123456789012/seneka", "sources": [` + source + `]}`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			if got := parse(t, text); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestParseAnchors(t *testing.T) {
	c := parse(t, head+`sources:
  - &first
    name: a
    match: s3://b/a/**
    format: &format alb
    table: d.a
    max_reject_ratio: 0.5
  - <<: *first
    name: b
    match: s3://b/b/**
  - <<: [{table: d.c}, *first]
    name: c
    match: s3://b/c/**
    format: *format
`)
	for i, s := range c.Sources {
		if s.MaxRejectRatio != 0.5 {
			t.Errorf("sources[%d] has ratio %v", i, s.MaxRejectRatio)
		}
	}
	got := c.Summary()
	want := [][]string{
		{"a", "s3://b/a/**", "alb", "d.a"},
		{"b", "s3://b/b/**", "alb", "d.a"},
		{"c", "s3://b/c/**", "alb", "d.c"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseLimits(t *testing.T) {
	full := head + "sources: [{name: a, match: 's3://b/**', format: alb, table: d.t}]\n"
	full += strings.Repeat("#", MaxSize-len(full))
	parse(t, full)
	if _, err := Parse("f", []byte(full+"#"), formats); err == nil || err.Error() != "f:1:1: over 1048576 bytes; is this the right file?" {
		t.Errorf("a byte too many: %v", err)
	}
	for name, text := range map[string]string{
		"lists":         strings.Repeat("[", MaxSize),
		"mappings":      strings.Repeat("{a: ", MaxSize/4),
		"block lists":   strings.Repeat("- ", MaxSize/2),
		"explicit keys": strings.Repeat("? ", MaxSize/2),
		"steps":         steps(1400),
	} {
		_, err := Parse("f", []byte(text), formats)
		if err == nil || !strings.Contains(err.Error(), "not a configuration: nested too deeply") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// steps returns a mapping of n levels.
func steps(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestMatchTakesTheFirst(t *testing.T) {
	c := parse(t, head+`sources:
  - {name: narrow, match: "s3://logs/app/{service}/*.gz", format: alb, table: "apps.{service}_log"}
  - {name: wide, match: "s3://logs/**", format: alb, table: other.all}
  - {name: buckets, match: "s3://logs-{env}/**.gz", format: elb, table: "elb.of_{env}"}
`)
	tests := []struct {
		bucket, key, source string
		want                row.Table
	}{
		{"logs", "app/shop/1.gz", "narrow", row.Table{Project: "acme-logs", Dataset: "apps", Name: "shop_log"}},
		{"logs", "app/shop/1.txt", "wide", row.Table{Project: "acme-logs", Dataset: "other", Name: "all"}},
		{"logs", "app/a/b/1.gz", "wide", row.Table{Project: "acme-logs", Dataset: "other", Name: "all"}},
		{"logs-prod", "x/1.gz", "buckets", row.Table{Project: "acme-logs", Dataset: "elb", Name: "of_prod"}},
	}
	for _, tt := range tests {
		m, ok := c.Match(object.Source{Bucket: tt.bucket, Key: tt.key})
		if !ok || m.Source.Name != tt.source || m.Table != tt.want {
			t.Errorf("s3://%s/%s: %+v, %v; want %s of %s", tt.bucket, tt.key, m, ok, tt.want, tt.source)
		}
	}
	if m, ok := c.Match(object.Source{Bucket: "elsewhere", Key: "app/shop/1.gz"}); ok {
		t.Errorf("%+v matches another bucket", m)
	}
	if m, _ := c.Match(object.Source{Bucket: "logs", Key: "x"}); m.Source != &c.Sources[1] {
		t.Error("Match returns a copy of the source")
	}
}

// Objects that others put into the landing bucket go by their own name or as the S3 object whose copy
// has that name, whichever source comes first; files of S3 and other buckets are apart.
func TestMatchObjectsOfOthers(t *testing.T) {
	c := parse(t, head+`sources:
  - {name: first, match: "gs://acme-landing/logs/vip/**", format: alb, table: d.vip}
  - {name: copies, match: "s3://logs/{team}/**.gz", format: alb, table: "d.team_{team}"}
  - {name: incoming, match: "gs://acme-landing/{team}/**.gz", format: elb, table: "d.in_{team}"}
`)
	own := func(name string) object.Source {
		return object.Source{Store: object.GCS, Bucket: "acme-landing", Key: name}
	}
	tests := []struct {
		file         object.Source
		source, name string
		as           object.Source
	}{
		{own("logs/vip/1.gz"), "first", "vip", own("logs/vip/1.gz")},
		{own("logs/web/1.gz"), "copies", "team_web", object.Source{Bucket: "logs", Key: "web/1.gz"}},
		{own("logs/1.gz"), "incoming", "in_logs", own("logs/1.gz")},
		{own("other/a/1.gz"), "incoming", "in_other", own("other/a/1.gz")},
		{object.Source{Bucket: "logs", Key: "vip/1.gz"}, "copies", "team_vip", object.Source{Bucket: "logs", Key: "vip/1.gz"}},
		{own("logs/web/1.txt"), "", "", object.Source{}},
		{object.Source{Bucket: "acme-landing", Key: "logs/vip/1.gz"}, "", "", object.Source{}},
		{object.Source{Store: object.GCS, Bucket: "elsewhere", Key: "logs/web/1.gz"}, "", "", object.Source{}},
	}
	for _, tt := range tests {
		m, ok := c.Match(tt.file)
		if ok != (tt.source != "") || ok && (m.Source.Name != tt.source || m.Table.Name != tt.name) || m.As != tt.as {
			t.Errorf("%s: %+v, %v; want source %q, table %q, as %s", tt.file, m, ok, tt.source, tt.name, tt.as)
		}
	}
}

func TestCompress(t *testing.T) {
	for text, want := range map[string]bool{"": true, "compress: true\n": true, "compress: false\n": false, "compress: 'false'\n": false} {
		c := parse(t, head+text+"sources: [{name: a, match: 's3://b/**', format: alb, table: d.t}]\n")
		data, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if again := parse(t, string(data)); c.Compress != want || again.Compress != want {
			t.Errorf("%q: compress is %v, written and read again %v; want %v", text, c.Compress, again.Compress, want)
		}
	}
}

func TestEvents(t *testing.T) {
	for text, want := range map[string]string{"": "", "events: projects/acme-logs/topics/a.b_c-d~e+f%g\n": "projects/acme-logs/topics/a.b_c-d~e+f%g"} {
		c := parse(t, head+text+"sources: [{name: a, match: 's3://b/**', format: alb, table: d.t}]\n")
		data, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if again := parse(t, string(data)); c.Events != want || again.Events != want {
			t.Errorf("%q: events is %q, written and read again %q; want %q", text, c.Events, again.Events, want)
		}
	}
}

func TestErrorsUnwrap(t *testing.T) {
	_, err := Parse("f", []byte("project: acme-logs\nlanding: x\n"), formats)
	var all Errors
	var one *Error
	if !errors.As(err, &all) || len(all) != 4 || !errors.As(err, &one) || one.Path != "ledger" {
		t.Errorf("error %v holds %d errors, the first %+v", err, len(all), one)
	}
	if !errkind.Is(err, errkind.Permanent) {
		t.Errorf("kind %v", errkind.Of(err))
	}
}

func FuzzParse(f *testing.F) {
	f.Add(head + "sources:\n- name: a\n  match: s3://b/**\n  format: alb\n  table: d.t\n")
	f.Add(head + "sources: [&a {<<: *a, match: 's3://b/{x}', table: 'd.{x}'}, *a, *b]")
	f.Add("a: &a [*a, *a]\n<<: [*a, {<<: *a}]\n")
	f.Add("? a\n: b\n!!x c: |\n  d\n")
	f.Add("%YAML 1.2\n---\n'")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("f", []byte(text), formats)
		if err == nil {
			if c.Project == "" || c.Landing == "" || c.Ledger == "" || c.Queue == "" || len(c.Sources) == 0 {
				t.Errorf("incomplete and no error: %+v", c)
			}
			c.Match(object.Source{Bucket: "b", Key: text})
			return
		}
		var all Errors
		if !errors.As(err, &all) || len(all) == 0 {
			t.Fatalf("an error without places: %v", err)
		}
		for _, e := range all {
			if e.Line < 1 || e.Column < 1 || e.Problem == "" {
				t.Errorf("error without a place: %+v", e)
			}
		}
	})
}

func TestSchemaPath(t *testing.T) {
	for _, tt := range []struct{ config, schema, want string }{
		{"seneka.yaml", "schemas/app.json", "schemas/app.json"},
		{"/etc/seneka/seneka.yaml", "schemas/app.json", "/etc/seneka/schemas/app.json"},
		{"conf/seneka.yaml", "../app.json", "app.json"},
		{"conf/seneka.yaml", "/app.json", "/app.json"},
		{"conf/seneka.yaml", "gs://acme/app.json", "gs://acme/app.json"},
		{"gs://acme/seneka.yaml", "app.json", "gs://acme/app.json"},
		{"gs://acme/a/seneka.yaml", "schemas/app.json", "gs://acme/a/schemas/app.json"},
		{"gs://acme/a/seneka.yaml", "../../../app.json", "gs://acme/app.json"},
		{"gs://acme/a/seneka.yaml", "gs://other/app.json", "gs://other/app.json"},
	} {
		c, err := Parse(tt.config, []byte(head+"sources: [{name: app, match: 's3://app/**', format: rows, table: logs.app, schema: '"+tt.schema+"', on_conflict: extra}]"), formats)
		if err != nil {
			t.Fatal(err)
		}
		if s := c.Sources[0]; s.Schema != tt.want || s.OnConflict != OnConflictExtra {
			t.Errorf("%s in %s: schema %s, on_conflict %s", tt.schema, tt.config, s.Schema, s.OnConflict)
		}
	}
}
