//go:build cgo

package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"cloud.google.com/go/bigquery"
	"google.golang.org/api/iterator"
)

func TestQueryParameters(t *testing.T) {
	f := newFixture(t)
	tests := []struct {
		name   string
		sql    string
		params []bigquery.QueryParameter
		want   []bigquery.Value
	}{
		{"named", "SELECT @a + 1, @b", []bigquery.QueryParameter{{Name: "a", Value: 41}, {Name: "b", Value: "it's"}}, []bigquery.Value{int64(42), "it's"}},
		{"positional", "SELECT ?, ?", []bigquery.QueryParameter{{Value: ""}, {Value: true}}, []bigquery.Value{"", true}},
		{"NULL", "SELECT @a IS NULL", []bigquery.QueryParameter{{Name: "a", Value: bigquery.NullString{}}}, []bigquery.Value{true}},
		{"ARRAY", "SELECT ARRAY_LENGTH(@a)", []bigquery.QueryParameter{{Name: "a", Value: []string{"x", "y"}}}, []bigquery.Value{int64(2)}},
		{"STRUCT", "SELECT @a.X", []bigquery.QueryParameter{{Name: "a", Value: struct{ X int }{7}}}, []bigquery.Value{int64(7)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := f.client.Query(tt.sql)
			q.Parameters = tt.params
			it, err := q.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := f.all(it); !reflect.DeepEqual(got, [][]bigquery.Value{tt.want}) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// The client takes one path for a query that it can send by jobs.query, and jobs.insert for one
// that names its job.
func TestPagesOfResults(t *testing.T) {
	f := newFixture(t)
	table := f.numbers(25)
	byQuery := f.client.Query("SELECT n FROM logs.numbers ORDER BY n")
	byJob := f.client.Query("SELECT n FROM logs.numbers ORDER BY n")
	byJob.JobID = "mine"
	byDefault := f.client.Query("SELECT n FROM numbers ORDER BY n")
	byDefault.DefaultDatasetID = "logs"
	read := map[string]func() (*bigquery.RowIterator, error){
		"jobs.query":     func() (*bigquery.RowIterator, error) { return byQuery.Read(t.Context()) },
		"jobs.insert":    func() (*bigquery.RowIterator, error) { return byJob.Read(t.Context()) },
		"defaultDataset": func() (*bigquery.RowIterator, error) { return byDefault.Read(t.Context()) },
		"tabledata.list": func() (*bigquery.RowIterator, error) { return table.Read(t.Context()), nil },
	}
	for name, open := range read {
		for _, size := range []int{0, 1, 7, 25, 100} {
			if name == "jobs.insert" && size > 0 {
				continue // the name is taken
			}
			it, err := open()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			it.PageInfo().MaxSize = size
			got := f.all(it)
			if len(got) != 25 || it.TotalRows != 25 {
				t.Fatalf("%s, pages of %d: %d rows, TotalRows %d", name, size, len(got), it.TotalRows)
			}
			for i, values := range got {
				if values[0] != int64(i) {
					t.Fatalf("%s, pages of %d: row %d is %v", name, size, i, values)
				}
			}
		}
	}
	it := table.Read(t.Context())
	it.StartIndex = 20
	if got := f.all(it); len(got) != 5 || got[0][0] != int64(20) {
		t.Errorf("from row 20: %v", got)
	}
}

func TestJobs(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.numbers(3)
	q := f.client.Query("SELECT COUNT(*) FROM logs.numbers")
	q.JobID, q.Labels = "mine", map[string]string{"k": "v"}
	j, err := q.Run(ctx)
	f.must(err)
	st, err := j.Wait(ctx)
	f.must(err)
	f.must(st.Err())
	details := st.Statistics.Details.(*bigquery.QueryStatistics)
	if !st.Done() || details.StatementType != "SELECT" || len(details.ReferencedTables) != 1 || details.ReferencedTables[0].TableID != "numbers" {
		t.Errorf("status %+v, details %+v", st, details)
	}
	if _, err := q.Run(ctx); apiErrorOf(t, err).Code != http.StatusConflict || apiErrorOf(t, err).Errors[0].Reason != "duplicate" {
		t.Errorf("a second job of the same ID: %v", err)
	}
	again, err := f.client.JobFromID(ctx, "mine")
	f.must(err)
	config, err := again.Config()
	f.must(err)
	if c := config.(*bigquery.QueryConfig); c.Q != q.Q || c.Labels["k"] != "v" {
		t.Errorf("configuration %+v", c)
	}
	f.must(again.Cancel(ctx))
	it := f.client.Jobs(ctx)
	it.State = bigquery.Done
	if first, err := it.Next(); err != nil || first.ID() != "mine" {
		t.Errorf("list of jobs: %v, %v", first, err)
	}
	if _, err := it.Next(); !errors.Is(err, iterator.Done) {
		t.Errorf("a second job in the list: %v", err)
	}
}

func TestFailedJobSaysWhy(t *testing.T) {
	f := newFixture(t)
	q := f.client.Query("SELECT nope")
	q.JobID = "bad"
	j, err := q.Run(t.Context())
	f.must(err)
	if _, err := j.Wait(t.Context()); apiErrorOf(t, err).Errors[0].Reason != "invalidQuery" {
		t.Errorf("waiting for a failed job: %v", err)
	}
	st, err := j.Status(t.Context())
	f.must(err)
	var e *bigquery.Error
	if !errors.As(st.Err(), &e) || e.Reason != "invalidQuery" || !strings.Contains(e.Message, "nope") {
		t.Errorf("error %v", st.Err())
	}
	if _, err := j.Read(t.Context()); apiErrorOf(t, err).Code != http.StatusBadRequest {
		t.Errorf("results of a failed job: %v", err)
	}
}

func TestDryRun(t *testing.T) {
	f := newFixture(t)
	f.numbers(3)
	q := f.client.Query("SELECT n, n AS m FROM logs.numbers")
	q.DryRun = true
	j, err := q.Run(t.Context())
	f.must(err)
	st := j.LastStatus()
	details := st.Statistics.Details.(*bigquery.QueryStatistics)
	if !st.Done() || len(details.Schema) != 2 || st.Statistics.TotalBytesProcessed != 24 {
		t.Errorf("status %+v, details %+v", st.Statistics, details)
	}
	q.Q = "SELECT nope FROM logs.numbers"
	if _, err := q.Run(t.Context()); apiErrorOf(t, err).Errors[0].Reason != "invalidQuery" {
		t.Errorf("dry run of a bad query: %v", err)
	}
	if _, err := f.client.Jobs(t.Context()).Next(); !errors.Is(err, iterator.Done) {
		t.Errorf("a dry run left a job: %v", err)
	}
}

func TestCancelStopsAJob(t *testing.T) {
	f := newFixture(t)
	f.numbers(400) // 400^4 sums: long, but not for ever
	q := f.client.Query("SELECT COUNT(*) FROM logs.numbers a, logs.numbers b, logs.numbers c, logs.numbers d WHERE a.n + b.n + c.n + d.n < 0")
	q.JobID = "endless"
	j, err := q.Run(t.Context())
	f.must(err)
	if code, body := f.send("GET", "/projects/local/queries/endless?timeoutMs=0", ""); code != http.StatusOK || body["jobComplete"] != false {
		t.Errorf("results of a running job: %d %v", code, body)
	}
	f.must(j.Cancel(t.Context()))
	if _, err := j.Wait(t.Context()); apiErrorOf(t, err).Errors[0].Reason != "stopped" {
		t.Errorf("waiting for a cancelled job: %v", err)
	}
}

// send sends a request as it is and returns the status and the body, parsed.
func (f *fixture) send(method, path, body string) (int, map[string]any) {
	f.Helper()
	req, err := http.NewRequestWithContext(f.Context(), method, f.url+path, strings.NewReader(body))
	f.must(err)
	res, err := http.DefaultClient.Do(req)
	f.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	f.must(err)
	if len(text) == 0 {
		return res.StatusCode, nil
	}
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		f.Fatalf("%s %s: %v: %s", method, path, err, text)
	}
	return res.StatusCode, v
}

func TestRefusals(t *testing.T) {
	const p = "/bigquery/v2/projects/local"
	tests := []struct {
		name, method, path, body string
		code                     int
		reason, message          string
	}{
		{"unknown dataset", "GET", p + "/datasets/nope", "", 404, "notFound", "Not found: Dataset local:nope"},
		{"unknown table", "GET", p + "/datasets/logs/tables/nope", "", 404, "notFound", "Not found: Table local:logs.nope"},
		{"rows of an unknown table", "GET", p + "/datasets/logs/tables/nope/data", "", 404, "notFound", "Not found: Table local:logs.nope"},
		{"another case of a table", "GET", p + "/datasets/logs/tables/Numbers", "", 404, "notFound", "Numbers"},
		{"table in no dataset", "POST", p + "/datasets/nope/tables", `{"tableReference":{"tableId":"t"},"schema":{"fields":[{"name":"n","type":"INTEGER"}]}}`, 404, "notFound", "Dataset local:nope"},
		{"unknown job", "GET", p + "/jobs/nope", "", 404, "notFound", "Not found: Job local:US.nope"},
		{"results of an unknown job", "GET", p + "/queries/nope", "", 404, "notFound", "nope"},
		{"dataset again", "POST", p + "/datasets", `{"datasetReference":{"datasetId":"logs"}}`, 409, "duplicate", "Already Exists: Dataset local:logs"},
		{"table again", "POST", p + "/datasets/logs/tables", `{"tableReference":{"tableId":"numbers"},"schema":{"fields":[{"name":"n","type":"INTEGER"}]}}`, 409, "duplicate", "Already Exists: Table local:logs.numbers"},
		{"no dataset ID", "POST", p + "/datasets", `{}`, 400, "invalid", "datasetReference.datasetId"},
		{"no table ID", "POST", p + "/datasets/logs/tables", `{}`, 400, "invalid", "tableReference.tableId"},
		{"bad dataset ID", "POST", p + "/datasets", `{"datasetReference":{"datasetId":"a-b"}}`, 400, "invalid", "a-b"},
		{"no JSON", "POST", p + "/datasets", `{`, 400, "invalid", "JSON"},
		{"no schema", "POST", p + "/datasets/logs/tables", `{"tableReference":{"tableId":"t"}}`, 400, "invalid", "no columns"},
		{"unknown type", "POST", p + "/datasets/logs/tables", `{"tableReference":{"tableId":"t"},"schema":{"fields":[{"name":"n","type":"VARCHAR"}]}}`, 400, "invalid", "VARCHAR"},
		{"range of integers", "POST", p + "/datasets/logs/tables", `{"tableReference":{"tableId":"t"},"schema":{"fields":[{"name":"n","type":"RANGE","rangeElementType":{"type":"INT64"}}]}}`, 400, "invalid", "rangeElementType"},
		{"hourly partitions", "POST", p + "/datasets/logs/tables", `{"tableReference":{"tableId":"t"},"timePartitioning":{"type":"HOUR","field":"n"}}`, 400, "invalid", "HOUR"},
		{"ingestion time", "POST", p + "/datasets/logs/tables", `{"tableReference":{"tableId":"t"},"timePartitioning":{"type":"DAY"}}`, 400, "invalid", "timePartitioning.field"},
		{"external table", "POST", p + "/datasets/logs/tables", `{"tableReference":{"tableId":"t"},"externalDataConfiguration":{}}`, 400, "invalid", "external"},
		{"column removed", "PATCH", p + "/datasets/logs/tables/numbers", `{"schema":{"fields":[{"name":"m","type":"INTEGER"}]}}`, 400, "invalid", "Field n is missing in new schema"},
		{"type changed", "PATCH", p + "/datasets/logs/tables/numbers", `{"schema":{"fields":[{"name":"n","type":"STRING"}]}}`, 400, "invalid", "Field n has changed type"},
		{"required column added", "PATCH", p + "/datasets/logs/tables/numbers", `{"schema":{"fields":[{"name":"n","type":"INTEGER"},{"name":"m","type":"INTEGER","mode":"REQUIRED"}]}}`, 400, "invalid", "Cannot add required fields"},
		{"syntax", "POST", p + "/queries", `{"query":"SELEC 1","useLegacySql":false}`, 400, "invalidQuery", "SELEC"},
		{"division by zero", "POST", p + "/queries", `{"query":"SELECT 1/0","useLegacySql":false}`, 400, "invalidQuery", "division by zero"},
		{"unknown table in a query", "POST", p + "/queries", `{"query":"SELECT * FROM logs.nope","useLegacySql":false}`, 404, "notFound", "nope"},
		{"legacy SQL by default", "POST", p + "/queries", `{"query":"SELECT 1"}`, 400, "invalid", "useLegacySql"},
		{"no query", "POST", p + "/queries", `{"useLegacySql":false}`, 400, "invalid", "query"},
		{"destination table", "POST", p + "/jobs", `{"configuration":{"query":{"query":"SELECT 1","useLegacySql":false,"destinationTable":{"tableId":"t"}}}}`, 400, "invalid", "destination"},
		{"load job", "POST", p + "/jobs", `{"configuration":{"load":{}}}`, 501, "notImplemented", "query jobs only"},
		{"bad job ID", "POST", p + "/jobs", `{"jobReference":{"jobId":"a b"},"configuration":{"query":{"query":"SELECT 1","useLegacySql":false}}}`, 400, "invalid", "a b"},
		{"insertAll", "POST", p + "/datasets/logs/tables/numbers/insertAll", `{}`, 501, "notImplemented", "insertAll"},
		{"unknown method", "GET", p + "/datasets/logs/routines", "", 501, "notImplemented", "GET /projects/local/datasets/logs/routines"},
		{"unknown verb", "POST", p + "/datasets/logs", "", 501, "notImplemented", "POST"},
		{"page token", "GET", p + "/datasets/logs/tables/numbers/data?pageToken=x", "", 400, "invalid", "pageToken"},
		{"page size", "GET", p + "/datasets/logs/tables/numbers/data?maxResults=x", "", 400, "invalid", "maxResults"},
		{"start", "GET", p + "/datasets/logs/tables/numbers/data?startIndex=-1", "", 400, "invalid", "startIndex"},
		{"unknown field", "GET", p + "/datasets/logs/tables/numbers/data?selectedFields=x", "", 400, "invalid", "x"},
		{"timestamp format", "GET", p + "/datasets/logs/tables/numbers/data?formatOptions.timestampOutputFormat=x", "", 400, "invalid", "timestampOutputFormat"},
	}
	f := newFixture(t)
	f.numbers(1)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, body := f.send(tt.method, tt.path, tt.body)
			e, _ := body["error"].(map[string]any)
			if code != tt.code || e == nil {
				t.Fatalf("%d %v, want %d", code, body, tt.code)
			}
			first := e["errors"].([]any)[0].(map[string]any)
			if e["code"] != float64(tt.code) || first["reason"] != tt.reason || e["status"] == nil || first["domain"] != "global" {
				t.Errorf("error %v, want reason %s", e, tt.reason)
			}
			if message := fmt.Sprint(e["message"]); !strings.Contains(message, tt.message) || first["message"] != message {
				t.Errorf("message %q, want %q in it", message, tt.message)
			}
		})
	}
}

func TestAnswersAsTheAPIWritesThem(t *testing.T) {
	f := newFixture(t)
	const query = `SELECT TIMESTAMP '2026-03-04 05:06:07.123456+00' AS ts, 1.0 AS f, [1, 2] AS l, STRUCT('x' AS a) AS s, b'hi' AS b, CAST(NULL AS STRING) AS z`
	tests := []struct{ options, ts string }{
		{``, "1.772600767123456E9"},
		{`,"formatOptions":{"useInt64Timestamp":true}`, "1772600767123456"},
		{`,"formatOptions":{"timestampOutputFormat":"ISO8601_STRING"}`, "2026-03-04T05:06:07.123456Z"},
	}
	for _, tt := range tests {
		code, body := f.send("POST", "/projects/local/queries", fmt.Sprintf(`{"query":%q,"useLegacySql":false%s}`, query, tt.options))
		if code != http.StatusOK {
			t.Fatalf("%d %v", code, body)
		}
		got, err := json.Marshal(body["rows"])
		f.must(err)
		want := fmt.Sprintf(`[{"f":[{"v":%q},{"v":"1.0"},{"v":[{"v":"1"},{"v":"2"}]},{"v":{"f":[{"v":"x"}]}},{"v":"aGk="},{"v":null}]}]`, tt.ts)
		if string(got) != want {
			t.Errorf("rows %s\nwant %s", got, want)
		}
		if body["kind"] != "bigquery#queryResponse" || body["totalRows"] != "1" || body["jobComplete"] != true || body["cacheHit"] != false {
			t.Errorf("answer %v", body)
		}
	}
}

func TestRequestIDMakesOneJob(t *testing.T) {
	f := newFixture(t)
	const body = `{"query":"SELECT 1","useLegacySql":false,"requestId":"r1"}`
	_, first := f.send("POST", "/projects/local/queries", body)
	_, second := f.send("POST", "/projects/local/queries", body)
	if !reflect.DeepEqual(first["jobReference"], second["jobReference"]) {
		t.Errorf("two jobs: %v, %v", first["jobReference"], second["jobReference"])
	}
}

func TestSelectedFields(t *testing.T) {
	f := newFixture(t)
	f.numbers(1)
	code, body := f.send("GET", "/projects/local/datasets/logs/tables/numbers/data?selectedFields=n&maxResults=1", "")
	if code != http.StatusOK || len(body["rows"].([]any)) != 1 {
		t.Errorf("%d %v", code, body)
	}
}

// bq builds its calls from the discovery document: a call to what it does not list never leaves bq.
func TestDiscoveryListsWhatIsServed(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/discovery/v1/apis/bigquery/v2/rest", "/$discovery/rest?version=v2"} {
		code, doc := f.send("GET", path, "")
		if code != http.StatusOK || doc["rootUrl"] != f.url+"/" || doc["servicePath"] != "bigquery/v2/" {
			t.Fatalf("%s: %d %v", path, code, doc)
		}
		methods := doc["resources"].(map[string]any)["tabledata"].(map[string]any)["methods"].(map[string]any)
		list := methods["list"].(map[string]any)
		if list["path"] != "projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}/data" || list["httpMethod"] != "GET" {
			t.Errorf("tabledata.list is %v", list)
		}
		want := []any{"projectId", "datasetId", "tableId"}
		if !reflect.DeepEqual(list["parameterOrder"], want) {
			t.Errorf("order %v, want %v", list["parameterOrder"], want)
		}
	}
}

func TestProjects(t *testing.T) {
	f := newFixture(t)
	f.logs()
	code, body := f.send("GET", "/bigquery/v2/projects", "")
	if code != http.StatusOK || len(body["projects"].([]any)) != 1 {
		t.Errorf("%d %v", code, body)
	}
}
