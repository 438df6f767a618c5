//go:build cgo

package loader

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
)

// The queries of the playbooks run, and find what they are to find: files that were loaded, records that
// could not be parsed, files that were rejected.
func TestPlaybookQueries(t *testing.T) {
	r := newServices(t)
	app, _ := r.configure(map[string][]byte{"": []byte(`{project: local, landing: "gs://landing", ledger: "gs://ledger", queue: "https://sqs.us-east-1.amazonaws.com/1/q",
sources: [{name: alb, match: "s3://logs/**", format: alb, table: logs.alb, max_reject_ratio: 0.5}]}`)})
	good := string(recent(t, "../../testdata/alb/vrl.log"))
	for name, want := range map[string]struct {
		data    string
		outcome load.Outcome
	}{
		"good": {good, load.Loaded}, "some": {good + "no line of a log\n", load.Loaded}, "broken": {"no line of a log\n", load.Rejected},
	} {
		res, err := app.load(t.Context(), r.putData(object.Source{Bucket: "logs", Key: name + ".log"}, []byte(want.data)))
		if err != nil || res.Outcome != want.outcome {
			t.Fatalf("%s: %+v, %v", name, res, err)
		}
	}
	client, err := bqquery.New(t.Context(), "local", bqquery.EmulatorOptions(r.bq.REST)...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	files, err := filepath.Glob("../../terraform/playbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	run := 0
	for _, file := range files {
		p := page{strings.TrimSuffix(filepath.Base(file), ".md"), string(formattest.Plain(t, file))}
		for _, query := range p.blocks("sql") {
			run++
			check(t, client, query, map[string]bool{"loaded_at": true, "visible_at": true})
		}
	}
	if run < 4 {
		t.Errorf("only %d queries in %d playbooks", run, len(files))
	}
}
