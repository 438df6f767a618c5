package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/loadtest/program"
)

// pass is one file through both programs.
type pass struct {
	Name    string `json:"name"`
	Format  string `json:"format"` // and the table's name
	Size    int64  `json:"size"`   // bytes in S3, or a few more
	Gzipped bool   `json:"gzipped"`
}

// usage is what a program took.
type usage struct {
	CPU  float64 `json:"cpu_seconds"`
	Peak int64   `json:"peak_bytes"`
}

// result is what a pass took.
type result struct {
	pass
	Rows           int64   `json:"rows"`
	Text           int64   `json:"text_bytes"`
	Stored         int64   `json:"stored_bytes"`  // in S3
	Landed         int64   `json:"landed_bytes"`  // gzipped
	Written        int64   `json:"written_bytes"` // of encoded rows
	Forward        float64 `json:"forward_seconds"`
	Load           float64 `json:"load_seconds"`
	Inflate        float64 `json:"inflate_seconds"` // alone, of the copy in landing
	InflateCPU     float64 `json:"inflate_cpu_seconds"`
	Forwarder      usage   `json:"forwarder"`
	Loader         usage   `json:"loader"`
	StreamsCreated int64   `json:"streams"`
}

// run lets one file through fresh services and fresh programs, in a folder that is removed.
func (b *bench) run(ctx context.Context, p pass) (_ *result, err error) {
	folder, err := os.MkdirTemp(b.folder, p.Format)
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // as is the folder above, in the end
	c, err := openCloud(ctx, folder)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.close() }() // nobody asks any more
	made, err := makeText(p.Format, p.Size, p.Gzipped)
	if err != nil {
		return nil, err
	}
	programs, err := b.start(ctx, c, folder)
	if err != nil {
		return nil, err
	}
	defer programs.kill()
	write, key := made.writePlain, p.Format+"/file.log"
	if p.Gzipped {
		write, key = made.writeGzip, key+".gz"
	}
	f, err := c.upload(ctx, key, func(w io.Writer) (written, error) { return write(w, p.Size) })
	if err != nil {
		return nil, err
	}
	ended, err := programs.await(ctx, c, p.Format, f.rows)
	if err != nil {
		return nil, err
	}
	announced, landed := c.times()
	r := &result{
		pass: p, Rows: f.rows, Text: f.text, Stored: f.stored, Written: c.count(p.Format).Bytes, StreamsCreated: c.bq.Counts().Streams,
		Forward: landed.Sub(announced).Seconds(), Load: ended.Sub(landed).Seconds(),
	}
	if err := programs.stop(r); err != nil {
		return nil, err
	}
	if n := c.count(p.Format).Rows; n != f.rows {
		return nil, fmt.Errorf("%s: %d rows are visible of %d lines", p.Name, n, f.rows)
	}
	return r, r.inflate(ctx, c.gcs, key)
}

// programs are a forwarder and a loader.
type programs struct {
	forwarder, loader *program.Program
}

// start starts both programs, and has landing's notifications pushed to the loader.
func (b *bench) start(ctx context.Context, c *cloud, folder string) (p *programs, err error) {
	config := fmt.Sprintf("project: %s\nlanding: gs://%s\nledger: gs://%s\nqueue: %s\nsources:\n", project, landing, ledger, c.queueURL)
	for _, format := range []string{"alb", "elb"} {
		config += fmt.Sprintf("  - name: %[1]s\n    match: s3://%[2]s/%[1]s/**\n    format: %[1]s\n    table: %[3]s.%[1]s\n", format, bucket, dataset)
	}
	name := filepath.Join(folder, "seneka.yaml")
	if err := os.WriteFile(name, []byte(config), 0o600); err != nil {
		return nil, err
	}
	ports, err := program.FreePorts(1)
	if err != nil {
		return nil, err
	}
	env := map[string]string{
		"SENEKA_CONFIG": name, "SENEKA_LISTEN": "127.0.0.1", "PORT": ports[0],
		"AWS_ENDPOINT_URL_S3": c.s3, "AWS_ENDPOINT_URL_SQS": c.sqs, "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
		"STORAGE_EMULATOR_HOST": c.gcs, "BIGQUERY_EMULATOR_HOST": c.bq.REST, "BIGQUERY_STORAGE_EMULATOR_HOST": c.bq.Storage,
	}
	p = &programs{}
	if p.loader, err = program.Start(filepath.Join(b.folder, "loader"), env, filepath.Join(folder, "loader.log")); err != nil {
		return nil, err
	}
	url := "http://127.0.0.1:" + ports[0] + "/"
	if err := p.loader.Await(ctx, url+"healthz"); err != nil {
		p.kill()
		return nil, err
	}
	if err := c.push(url); err != nil {
		p.kill()
		return nil, err
	}
	if p.forwarder, err = program.Start(filepath.Join(b.folder, "forwarder"), env, filepath.Join(folder, "forwarder.log")); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

func (p *programs) kill() {
	for _, one := range []*program.Program{p.forwarder, p.loader} {
		if one != nil {
			one.Kill()
		}
	}
}

// tooLong is how long a file may take: a delivery is limited to ten minutes, and so is a copy here.
const tooLong = 20 * time.Minute

// await returns when rows are visible. A file that ends in another way than loaded is an error that says how.
func (p *programs) await(ctx context.Context, c *cloud, table string, rows int64) (ended time.Time, err error) {
	ctx, stop := context.WithTimeout(ctx, tooLong)
	defer stop()
	for {
		done, recorded := c.count(table).Rows, c.count("seneka_load_log").Rows
		switch {
		case done >= rows:
			return time.Now(), nil
		case recorded > 0 && done == 0:
			log, _ := p.loader.Output() // there is nothing better
			return ended, fmt.Errorf("the file is not loaded: the loader says\n%s", log)
		}
		for _, one := range []*program.Program{p.forwarder, p.loader} {
			if err := one.Failure(); err != nil {
				return ended, err
			}
		}
		select {
		case <-ctx.Done():
			log, _ := p.loader.Output()
			return ended, fmt.Errorf("%d rows are visible of %d: %w: the loader says\n%s", done, rows, ctx.Err(), log)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// stop reads what the programs took, and ends them.
func (p *programs) stop(r *result) error {
	for _, one := range []struct {
		*program.Program
		to *usage
	}{{p.forwarder, &r.Forwarder}, {p.loader, &r.Loader}} {
		u, err := one.Usage()
		if err != nil {
			return err
		}
		*one.to = usage{u.CPU.Seconds(), u.Peak}
		if err := one.Stop(time.Minute); err != nil {
			return err
		}
	}
	return nil
}

// inflate measures the least that any loader has to do: read the copy, and inflate it.
func (r *result) inflate(ctx context.Context, gcs, key string) error {
	name := object.LandingName(object.Source{Bucket: bucket, Key: key})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, (&url.URL{Scheme: "http", Host: gcs, Path: "/" + landing + "/" + name}).String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept-Encoding", "identity")
	begun, cpu := time.Now(), program.OwnCPU()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("read the copy in landing: %s", resp.Status)
	}
	r.Landed = resp.ContentLength
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, z)
	if err == nil && n != r.Text {
		err = fmt.Errorf("the copy in landing has %d bytes of text, the file %d", n, r.Text)
	}
	r.Inflate, r.InflateCPU = time.Since(begun).Seconds(), (program.OwnCPU() - cpu).Seconds()
	return err
}
