package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/unmatched"
)

// What others put into the landing bucket is loaded under its own name, once with the S3 object whose
// copy it stands for; and what no source matches is on record, by prefix.
func TestObjectsOfOthers(t *testing.T) {
	t.Parallel()
	p := startPipeline(t, freePorts()...)
	p.startForwarder(t)
	p.startLoader(t)
	gcs := p.gcs(t)
	land := func(name string, data []byte) {
		w := gcs.Bucket("seneka-landing").Object(name).NewWriter(t.Context())
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	lines := realLines(t)[:3]
	await1 := func(outcome, file string) {
		await(t, outcome+" "+file, func() (bool, string) {
			found := p.ask(t, "SELECT CONCAT(outcome, ' ', source_file), reason FROM logs.seneka_loads")
			return found[outcome+" "+file] != nil, fmt.Sprint(found)
		})
	}

	const own, moved = "gs://seneka-landing/in/by hand.log", "gs://seneka-landing/logs/moved.log.gz"
	land("in/by hand.log", asText(lines))
	await1("loaded", own)
	land("in/by hand.log", asText(lines))
	await1("duplicate", own)
	land("in/by hand.log", asText(lines[:1]))
	await1("changed", own)
	land("in/broken.log", asText([]string{garbage}))
	await1("rejected", "gs://seneka-landing/in/broken.log")
	land("logs/moved.log.gz", gzipped(asText(lines))) // as a transfer of the S3 bucket lays it
	await1("loaded", moved)
	p.put(t, "moved.log.gz", gzipped(asText(lines)))
	await1("duplicate", p.file("moved.log.gz"))

	got := map[string]int64{}
	for file, v := range p.ask(t, "SELECT source_file, COUNT(*) FROM logs.alb GROUP BY 1") {
		got[file] = v[0].(int64)
	}
	if want := map[string]int64{own: 3, moved: 3}; !maps.Equal(got, want) {
		t.Errorf("rows of %v, want %v", got, want)
	}

	p.checkPreview(t, own, 1)
	p.checkPreview(t, p.file("moved.log.gz"), 3)

	p.put(t, "app/2026/03/01/a.txt", []byte("x"))
	p.put(t, "app/2026/03/02/b.txt", []byte("x"))
	p.put(t, "top.txt", []byte("x"))
	land("elsewhere/c.txt", []byte("x"))
	want := []string{"gs://seneka-landing elsewhere/", "s3://logs ", "s3://logs app/*/*/*/"}
	await(t, "records of what no source matches", func() (bool, string) {
		found := recorded(t, p)
		return slices.Equal(found, want), fmt.Sprintf("there are %q, want %q", found, want)
	})
	p.awaitEmpty(t)
	p.forwarder.stop(t, forwarderDrain)
	p.loader.stop(t, loaderDrain)
	for program, counts := range map[*process]string{p.forwarder: `"forwarded":1,"unmatched":3}`, p.loader: `"rejected":1,"unmatched":1}`} {
		if log := program.output(t); !bytes.Contains(log, []byte(counts)) {
			t.Errorf("%s does not say %s in the end; it wrote\n%s", program.name, counts, log)
		}
	}
}

// checkPreview checks that seneka preview finds so many rows in an object, and none where there is no object.
func (p *pipeline) checkPreview(t *testing.T, url string, rows int) {
	t.Helper()
	preview := func(url string) (text string, code int) {
		var stderr bytes.Buffer
		cmd := exec.Command("seneka", "preview", "--json", url)
		cmd.Env = []string{"HOME=" + t.TempDir()}
		for k, v := range p.ready.Environment() {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
		cmd.Stderr = &stderr
		_ = cmd.Run() // the exit code is looked at
		return stderr.String(), cmd.ProcessState.ExitCode()
	}
	if text, code := preview(url); code != 0 || !strings.Contains(text, fmt.Sprintf(`"format":"alb","why":"%d of its first %d records read as alb","rows":%d,`, rows, rows, rows)) {
		t.Errorf("preview of %s: exit code %d, %s", url, code, text)
	}
	if text, code := preview(url + "x"); code != 1 || text != "seneka: "+url+"x: no such object\n" {
		t.Errorf("preview of what is not there: exit code %d, %s", code, text)
	}
}

// recorded returns bucket and prefix of each record of unmatched files in the ledger.
func recorded(t *testing.T, p *pipeline) (found []string) {
	t.Helper()
	for name, data := range p.ledger(t, "unmatched/") {
		var record unmatched.Record
		if err := json.Unmarshal(data, &record); err != nil {
			t.Fatalf("%s: %v: %s", name, err, data)
		}
		found = append(found, record.Bucket+" "+record.Prefix)
	}
	slices.Sort(found)
	return found
}
