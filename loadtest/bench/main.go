// Command bench measures how fast log files become rows, beside what any loader has to do first and beside how
// others do it, in one run: see make bench. It runs in the module's folder.
package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/seneka-io/seneka/loadtest/corpus"
	"github.com/seneka-io/seneka/loadtest/markdown"
	"github.com/seneka-io/seneka/loadtest/size"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures what args ask for.
func run(args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(progress)
	names := flags.String("formats", strings.Join(append(corpus.Names(), "parquet"), ","), "formats, separated by commas")
	sizes := flags.String("sizes", "64K,4M,256M", "bytes of plain text of a file, separated by commas")
	asJSON := flags.Bool("json", false, "print JSON")
	docs := flags.String("docs", "", "put the tables between the marks of this Markdown file")
	check := flags.String("check", "", "measure a little, compare the ratios with those of this file and fail where one is worse by a third")
	record := flags.String("record", "", "measure the same and write this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b := &bench{progress: progress}
	defer b.close()
	var err error
	if b.folder, err = os.MkdirTemp("", "seneka-bench"); err != nil {
		return err
	}
	if *check != "" || *record != "" {
		return b.guard(strings.Split(*names, ","), *check, *record, out)
	}
	if b.db, err = openDuckDB(); err != nil {
		return err
	}
	var all []*result
	for _, text := range strings.Split(*sizes, ",") {
		n, err := size.Parse(text)
		if err != nil {
			return err
		}
		for _, name := range strings.Split(*names, ",") {
			r, err := b.measure(name, n)
			if err != nil {
				return err
			}
			if r != nil {
				all = append(all, r)
			}
		}
	}
	switch {
	case *asJSON:
		enc := json.NewEncoder(out)
		enc.SetIndent("", " ")
		return enc.Encode(all)
	case *docs != "":
		return markdown.Embed(*docs, "bench", report(all, time.Now()))
	default:
		_, err := io.WriteString(out, report(all, time.Now()))
		return err
	}
}

// bench holds the files that are measured.
type bench struct {
	progress io.Writer
	folder   string
	db       *sql.DB
}

func (b *bench) close() {
	if b.db != nil {
		_ = b.db.Close() // in memory
	}
	_ = os.RemoveAll(b.folder) // what is left there is temporary
}

// Files of so many bytes are long in being read once, and the usual way in reading a part of them.
const (
	large  = 64 << 20
	sample = 8 << 20
)

// measure measures one format at one size; nil where that cannot be without cgo.
func (b *bench) measure(name string, size int64) (*result, error) {
	fmt.Fprintf(b.progress, "%s, %s ...\n", name, sizeText(size))
	f, err := b.make(name, size)
	if err != nil || f == nil {
		return nil, err
	}
	defer func() { _ = os.Remove(f.path) }() // below the folder for temporary files
	p := plan{rounds: 9, least: 25 * time.Millisecond, usual: sample}
	if size >= large {
		p = plan{rounds: 3, usual: sample}
	}
	r, err := p.run(f, b.db)
	if err != nil {
		return nil, err
	}
	small, err := b.make(name, 64<<10)
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(small.path) }()
	if size > 64<<10 {
		r.Allocs, err = allocations(small, f)
	} else {
		r.Allocs = -1
	}
	return r, err
}

// make writes a file of so many bytes of plain text.
func (b *bench) make(name string, size int64) (*file, error) {
	text := name
	if name == "parquet" {
		text = "csv"
	}
	s, err := find(text)
	if err != nil {
		return nil, err
	}
	f := &file{subject: s}
	if f.format, err = s.format(); err != nil {
		return nil, err
	}
	c, err := corpus.Of(os.DirFS("."), text, 7, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		return nil, fmt.Errorf("run this in the module's folder: %w", err)
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, 6)
	if err != nil {
		return nil, err
	}
	if f.records, f.bytes, err = c.Write(z, size); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	f.packed = packed.Bytes()
	if text == "cloudwatch" {
		if f.records, err = count(f); err != nil {
			return nil, err
		}
	}
	f.path = filepath.Join(b.folder, fmt.Sprintf("%s-%d.gz", name, size))
	if b.db != nil {
		if err := os.WriteFile(f.path, f.packed, 0o600); err != nil {
			return nil, err
		}
	}
	f.setSchema()
	if name == "parquet" {
		return b.toParquet(f)
	}
	return f, nil
}

// toParquet makes f a Parquet file of the same records.
func (b *bench) toParquet(f *file) (*file, error) {
	if b.db == nil {
		return nil, nil
	}
	path := f.path + ".parquet"
	if err := parquetOf(b.db, f, path); err != nil {
		return nil, err
	}
	var err error
	if f.packed, err = os.ReadFile(path); err != nil {
		return nil, err
	}
	_ = os.Remove(f.path)
	parquet := *f.subject
	parquet.name = "parquet"
	f.subject, f.path, f.parquet = &parquet, path, true
	return f, f.ownColumns()
}

func sizeText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	default:
		return fmt.Sprintf("%d KiB", n>>10)
	}
}
