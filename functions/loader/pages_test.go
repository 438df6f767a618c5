//go:build cgo

package loader

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
)

// pageSamples are the files that lie at the keys of each page of docs/formats, in their order; of
// several for one key, one behind the other. Those of declared schemas stand on the page itself.
var pageSamples = map[string][]string{
	"load-balancers": {
		"../../internal/format/elb/testdata/alb_connection/awsdocs.log",
		"../../internal/format/elb/testdata/alb_healthcheck/awsdocs.log",
		"../../testdata/alb/vrl.log",
		"../../internal/format/elb/testdata/nlb/lambda-promtail.log.gz",
		"../../testdata/elb/plaso.log",
	},
	"cloudtrail":       {"../../internal/format/cloudtrail/testdata/cloudtrail/invictus-UljXNp9xLp8nsAGc.json.gz"},
	"cloudfront":       {"../../internal/format/cloudfront/testdata/cloudfront/opensearch.log", "testdata/cloudfront-v2.json"},
	"vpc-flow":         {"../../internal/format/vpcflow/testdata/vpcflow/otel_vpc_flow_log_multi.log", "../../internal/format/vpcflow/testdata/vpcflow/otel_tgw_flow_log.log"},
	"s3-access":        {"../../internal/format/s3access/testdata/s3access/logstash.log", "../../internal/format/s3access/testdata/s3access/ncbi.log"},
	"waf":              {"../../internal/format/waf/testdata/waf/opensearch.log ../../internal/format/waf/testdata/waf/lambda-promtail.log.gz"},
	"route53-resolver": {"../../internal/format/route53/testdata/route53resolver/awsdocs.json"},
	"cloudwatch":       {"../../internal/format/cloudwatch/testdata/cloudwatch/vrl.json.gz ../../internal/format/cloudwatch/testdata/cloudwatch/lambda-promtail-event.json.gz"},
	"firelens":         {"../../internal/format/firelens/testdata/firelens/aws-samples.jsonl"},
	"ndjson-csv":       {"jsonl", "csv", "tsv"},
	"parquet":          {"../../internal/format/parquet/testdata/parquet/alltypes_plain.parquet"},
}

// page is a page of docs/formats.
type page struct{ name, text string }

func pages(t *testing.T) (all []page) {
	t.Helper()
	files, err := filepath.Glob("../../docs/formats/*.md")
	if err != nil || len(files) != len(pageSamples)+1 {
		t.Fatalf("%d pages, %v; want one for each family, and the index", len(files), err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".md"); name != "README" {
			all = append(all, page{name, string(formattest.Plain(t, file))})
		}
	}
	return all
}

// blocks returns the contents of the page's blocks of code in a language.
func (p page) blocks(language string) (all []string) {
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(p.text, -1) {
		all = append(all, m[1])
	}
	return all
}

// keys returns the sample keys.
func (p page) keys() []string { return strings.Fields(strings.Join(p.blocks("text"), "")) }

// sources returns the rules.
func (p page) sources() string {
	return strings.ReplaceAll(strings.Join(p.blocks("yaml"), ""), "sources:\n", "")
}

// schemas returns the schema files that the rules name, which stand in the page's blocks of JSON.
func (p page) schemas(t *testing.T) map[string][]byte {
	t.Helper()
	var names []string
	for _, m := range regexp.MustCompile(`schema: (\S+)`).FindAllStringSubmatch(p.sources(), -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	texts := p.blocks("json")
	if len(texts) != len(names) {
		t.Fatalf("%s: %d schemas for the files %q", p.name, len(texts), names)
	}
	files := map[string][]byte{}
	for i, name := range names {
		files[name] = []byte(texts[i])
	}
	return files
}

// sample returns the contents of the file at a key of the page, moved to yesterday.
func (p page) sample(t *testing.T, i int) []byte {
	t.Helper()
	name := pageSamples[p.name][i]
	switch {
	case name == "tsv":
		return recentText([]byte(strings.ReplaceAll(p.blocks("csv")[0], ",", "\t")))
	case !strings.Contains(name, "."):
		return recentText([]byte(p.blocks(name)[0]))
	}
	var data []byte
	for file := range strings.FieldsSeq(name) {
		data = append(data, recent(t, file)...)
	}
	return data
}

var keyDate = regexp.MustCompile(`20\d\d/\d\d/\d\d`)

// recentKey moves the folders of a key that are a date to yesterday: it is the time of records
// without one.
func recentKey(key string) string {
	return keyDate.ReplaceAllString(key, time.Now().UTC().AddDate(0, 0, -1).Format("2006/01/02"))
}

// The pages of docs/formats are true: together their rules are one configuration, in which each sample
// key belongs to its rule; a file there loads into the table, and the queries find rows in it.
func TestFormatPages(t *testing.T) {
	r := newServices(t)
	cfg := "project: local\nlanding: gs://landing\nledger: gs://ledger\nqueue: https://sqs.us-east-1.amazonaws.com/1/q\nsources:\n"
	files := map[string][]byte{}
	all := pages(t)
	for _, p := range all {
		cfg += p.sources()
		for name, schema := range p.schemas(t) {
			files[name] = schema
		}
	}
	files[""] = []byte(cfg)
	app, parsed := r.configure(files)
	client, err := bqquery.New(t.Context(), "local", bqquery.EmulatorOptions(r.bq.REST)...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	index := string(formattest.Plain(t, "../../docs/formats/README.md"))
	shown := map[string]bool{} // formats
	for _, p := range all {
		t.Run(p.name, func(t *testing.T) {
			partitions := map[string]bool{}
			for i, key := range p.keys() {
				src := p.load(t, r, app, parsed, i, key)
				shown[src.Format] = true
				if !strings.Contains(index, fmt.Sprintf("| `%s` |", src.Format)) {
					t.Errorf("the index does not have %s", src.Format)
				}
				f, err := formatOf(t.Context(), src, nil)
				if err != nil {
					t.Fatal(err)
				}
				partitions[cmp.Or(f.Spec.PartitionBy, "loaded_at")] = true
			}
			if !strings.Contains(index, "]("+p.name+".md)") {
				t.Error("the index does not lead to the page")
			}
			queries := p.blocks("sql")
			if len(queries) < 3 {
				t.Errorf("%d queries, want three or more", len(queries))
			}
			for _, query := range queries {
				check(t, client, query, partitions)
			}
		})
	}
	for _, name := range formats.Names() {
		if !shown[name] {
			t.Errorf("no page has a rule and a key for format %s", name)
		}
	}
	t.Run("sql", func(t *testing.T) { checkAnalysts(t, r, app, client) })
}

// checkAnalysts runs the queries of docs/sql.md over what the pages have loaded, a file that is no log and one
// with a broken line.
func checkAnalysts(t *testing.T, r *requests, app *App, client *bqquery.Client) {
	t.Helper()
	const folder = "AWSLogs/123456789012/elasticloadbalancing/us-east-2/2026/05/01/"
	good := recent(t, "../../testdata/alb/vrl.log")
	for name, tt := range map[string]struct {
		data []byte
		want load.Outcome
	}{
		"1_app.no-log.log.gz": {[]byte("no line of a log\n"), load.Rejected},
		"1_app.broken.log.gz": {append(slices.Clone(good), "no line of a log\n"...), load.Loaded},
	} {
		source := object.Source{Bucket: "acme-elb-logs", Key: recentKey(folder + name)}
		if res, err := app.load(t.Context(), r.putData(source, tt.data)); err != nil || res.Outcome != tt.want {
			t.Fatalf("%s: %+v, %v; want %s", name, res, err, tt.want)
		}
	}
	queries := page{"sql", string(formattest.Plain(t, "../../docs/sql.md"))}.blocks("sql")
	if len(queries) < 20 {
		t.Errorf("%d queries, want twenty or more", len(queries))
	}
	for _, query := range queries {
		check(t, client, query, map[string]bool{"time": true, "event_time": true, "start": true, "timestamp": true, "query_timestamp": true, "loaded_at": true})
	}
}

// load loads a file at the page's key i, and returns the page's rule that it belongs to.
func (p page) load(t *testing.T, r *requests, app *App, parsed *config.Config, i int, key string) *config.Source {
	t.Helper()
	bucket, name, _ := strings.Cut(strings.TrimPrefix(recentKey(key), "s3://"), "/")
	source := object.Source{Bucket: bucket, Key: name}
	match, ok := parsed.Match(source)
	if !ok || !strings.Contains(p.sources(), "- name: "+match.Source.Name+"\n") {
		t.Fatalf("%s: no rule of the page takes it, but %+v, %v", key, match.Source, ok)
	}
	if f, _ := formats.Lookup(match.Source.Format); f.Key != nil && !f.Key.MatchString(key) {
		t.Errorf("%s is not what keys of %s look like", key, f.Name)
	}
	data := p.sample(t, i)
	res, err := app.load(t.Context(), r.putData(source, data))
	if err != nil || res.Outcome != load.Loaded || res.Rejects != 0 || res.Rows == 0 || res.Target.Source != match.Source.Name {
		t.Fatalf("%s: %+v, %v", key, res, err)
	}
	if f, why, err := formats.Detect(key, data[:min(len(data), formats.Head)]); err != nil || f.Name != match.Source.Format {
		t.Errorf("%s: taken for %+v, %s, %v", key, f, why, err)
	}
	return match.Source
}

// check runs a query, which is to read few partitions and to find something.
func check(t *testing.T, client *bqquery.Client, query string, partitions map[string]bool) {
	t.Helper()
	filtered := false
	for column := range partitions {
		filtered = filtered || regexp.MustCompile(`(?:WHERE|AND) (?:\w+\.)?`+column+` >= `).MatchString(query)
	}
	if !filtered {
		t.Errorf("no filter by partition, of %v:\n%s", partitions, query)
	}
	rows, err := client.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%v:\n%s", err, query)
	}
	if _, ok, err := rows.Next(); err != nil || !ok {
		t.Errorf("no row, %v:\n%s", err, query)
	}
}
