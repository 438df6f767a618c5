// Command large measures how fast large files pass both stages: one of gzip, and one of plain text that is gzipped
// on the way. See make bench-large. It runs in the module's folder, on Linux.
//
// Forwarder and loader are the real programs; S3, SQS, Cloud Storage, Pub/Sub and a BigQuery that only counts, package
// counting, are in this process. Every line that was written must be counted as a row.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/seneka-io/seneka/loadtest/markdown"
	"github.com/seneka-io/seneka/loadtest/program"
	"github.com/seneka-io/seneka/loadtest/size"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "large:", err)
		os.Exit(1)
	}
}

// bench is one run of the command.
type bench struct {
	folder string // where the programs are, and below which the files lie
}

// run measures what args ask for.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("large", flag.ContinueOnError)
	flags.SetOutput(progress)
	gzipped := flags.String("size", "1G", "bytes of the gzipped file, about ten times as many of text")
	plain := flags.String("plain", "", "bytes of the plain file; ten times -size unless it is given. Twice as many are taken below TMPDIR")
	asJSON := flags.Bool("json", false, "print JSON")
	docs := flags.String("docs", "", "put the table between the marks of this Markdown file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	passes, err := passesOf(*gzipped, *plain)
	if err != nil {
		return err
	}
	b := &bench{}
	if b.folder, err = os.MkdirTemp("", "seneka-large"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.folder) }() // no harm if some of it stays
	if err := program.Build(ctx, b.folder, "./forwarder", "./cmd/loader"); err != nil {
		return err
	}
	var all []*result
	for _, p := range passes {
		fmt.Fprintf(progress, "%s, %d MB ...\n", p.Name, p.Size/1e6)
		r, err := b.run(ctx, p)
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	switch {
	case *asJSON:
		enc := json.NewEncoder(out)
		enc.SetIndent("", " ")
		return enc.Encode(all)
	case *docs != "":
		return markdown.Embed(*docs, "large", report(all, time.Now()))
	default:
		_, err := io.WriteString(out, report(all, time.Now()))
		return err
	}
}

func passesOf(gzipped, plain string) ([]pass, error) {
	packed, err := size.Parse(gzipped)
	if err != nil {
		return nil, err
	}
	text := 10 * packed
	if plain != "" {
		if text, err = size.Parse(plain); err != nil {
			return nil, err
		}
	}
	return []pass{
		{Name: "ALB, gzip", Format: "alb", Size: packed, Gzipped: true},
		{Name: "ELB, plain, gzipped on the way", Format: "elb", Size: text},
	}, nil
}
