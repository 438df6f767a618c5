package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/internal/s3store"
	"github.com/seneka-io/seneka/internal/spool"
)

// previewOptions are the flags.
type previewOptions struct {
	format, schema, local string
	limit                 int
	json, table           bool
}

func newPreview() *cobra.Command {
	o := previewOptions{}
	cmd := &cobra.Command{
		Use:   "preview FILE...",
		Short: "Parse log files and show the rows that they would become",
		Long: `Parse files as the loader would, and write nothing: local files, s3://BUCKET/KEY, gs://BUCKET/NAME, or - for standard
input, compressed or not. Without --format the format is found by the file's name and first bytes.

Prints the first rows (--limit, ten by default), each column that holds something on a line; with --table a table; with --json every row as
an object by column, one a line. Records that could not be parsed go to standard error, with --json as objects with
line, offset, reason and raw, and then what was found: rows, rejects, unknown fields, texts in which bytes that are no UTF-8
were replaced if there are any, MB of plain log a second. The whole
file is read whatever the limit.

Formats without columns of their own, such as ndjson, need --schema, a BigQuery JSON schema file. Without it those of
Parquet are the file's, and those of csv and tsv are what the first row names.

Exit codes: 0 all parsed, 1 a file could not be read, 2 wrong command line, 3 some records are rejects.`,
		Example: `  seneka preview testdata/alb/vrl.log
  seneka preview --json --format alb s3://acme-elb-logs/AWSLogs/1.log.gz | jq .elb_status_code`,
		Args: args(cobra.MinimumNArgs(1), "at least one file"),
		RunE: func(cmd *cobra.Command, files []string) error {
			if o.json && o.table {
				return usage(errors.New("--json and --table exclude each other"), cmd)
			}
			if o.limit < 0 {
				return usage(errors.New("--limit takes 0 or more"), cmd)
			}
			if !cmd.Flags().Changed("limit") && o.json {
				o.limit = -1
			}
			return runPreview(cmd, o, files)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "", "`FORMAT` of the files; seneka formats lists them")
	f.StringVar(&o.schema, "schema", "", "BigQuery JSON schema `FILE` of a format without columns of its own")
	f.IntVar(&o.limit, "limit", 10, "print this many rows of each file; with --json all, unless it is given")
	f.BoolVar(&o.json, "json", false, "print a JSON object per row, and one per reject to standard error")
	f.BoolVar(&o.table, "table", false, "print a table")
	f.StringVar(&o.local, "local", "", "read s3:// and gs:// in the local cloud that wrote this ready `FILE`")
	return cmd
}

// runPreview previews each file; the worst of them decides the exit code.
func runPreview(cmd *cobra.Command, o previewOptions, files []string) error {
	if err := useLocal(o.local); err != nil {
		return err
	}
	declared, err := o.declared(cmd)
	if err != nil {
		return err
	}
	rejects := int64(0)
	for _, name := range files {
		p := &preview{cmd: cmd, options: o, name: name, format: declared}
		if err := p.run(cmd.Context()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		rejects += p.rejects
	}
	if rejects > 0 {
		return &exitError{err: fmt.Errorf("%d records could not be parsed", rejects), code: exitInvalid}
	}
	return nil
}

// useLocal leads the clients to the local cloud that wrote the ready file, if one is named.
func useLocal(readyFile string) error {
	if readyFile == "" {
		return nil
	}
	ready, err := readReady(readyFile)
	if err != nil {
		return err
	}
	return ready.Use()
}

// declared returns the format that the flags name; nil if it is to be found.
func (o *previewOptions) declared(cmd *cobra.Command) (*format.Format, error) {
	if o.format == "" && o.schema == "" {
		return nil, nil
	}
	if o.format == "" {
		return nil, usage(errors.New("--schema needs --format"), cmd)
	}
	f, ok := formats.Lookup(o.format)
	if !ok {
		return nil, usage(fmt.Errorf("format %q is not known; known: %s", o.format, strings.Join(formats.Names(), ", ")), cmd)
	}
	if o.schema == "" {
		return f, nil
	}
	data, err := os.ReadFile(o.schema)
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	columns, err := row.ParseSchema(data)
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", o.schema, err)
	}
	f, err = formats.Declared(o.format, format.Declaration{Columns: columns})
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", o.schema, err)
	}
	return f, nil
}

// preview is one file on its way to the screen.
type preview struct {
	cmd     *cobra.Command
	options previewOptions
	name    string
	format  *format.Format
	why     string

	bytes         int64 // decompressed
	rows, rejects int64
	unknown       int64 // values that have no column
	replaced      int64 // values that hold bytes that are no UTF-8
	took          time.Duration
}

func (p *preview) run(ctx context.Context) error {
	plain, err := openPlain(ctx, p.name, p.cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer plain.Close()
	counted := &countingReader{r: plain}
	buffered := bufio.NewReaderSize(counted, formats.Head)
	if err := p.detect(buffered); err != nil {
		return err
	}
	start := time.Now()
	var kept spool.Spool
	defer kept.Close()
	o := format.Options{Spool: kept.Keep}
	r := io.Reader(buffered)
	if p.format, r, err = inspect(p.format, r, o); err != nil {
		return err
	}
	out := newPreviewPrinter(p)
	if err := p.decode(r, o, out); err != nil {
		return err
	}
	p.bytes, p.took = counted.n, time.Since(start)
	return errors.Join(out.rowsEnd(), out.summary())
}

// detect finds the format, unless it was named, and completes one whose columns are declared.
func (p *preview) detect(r *bufio.Reader) error {
	p.why = "it was named"
	if p.format == nil {
		head, err := r.Peek(formats.Head)
		if err != nil && err != io.EOF {
			return err
		}
		if len(head) == 0 {
			return errors.New("the file is empty: it holds no record to find its format by; name one with --format")
		}
		if p.format, p.why, err = formats.Detect(p.name, head); err != nil {
			return err
		}
	}
	if p.format.Declare == nil {
		return nil
	}
	f, err := ofFile(p.format)
	if err != nil {
		return &exitError{err: fmt.Errorf("its format is %s (%s): %w", p.format.Name, p.why, err), code: exitFailed,
			hint: fmt.Sprintf("propose a schema: seneka schema suggest %s > schema.json; then: seneka preview --format %s --schema schema.json %s", p.name, p.format.Name, p.name)}
	}
	p.format = f
	return nil
}

// ofFile returns the format whose columns are the file's own: of Parquet, and of delimited files by their
// first row.
func ofFile(f *format.Format) (*format.Format, error) {
	return f.Declare(format.Declaration{CSV: format.CSV{Header: format.HeaderPresent}})
}

// inspect completes a format whose columns are the file's own. It returns what to read the file from.
func inspect(f *format.Format, r io.Reader, o format.Options) (*format.Format, io.Reader, error) {
	if f.Inspect == nil {
		return f, r, nil
	}
	whole, size, err := o.Spooled(r)
	if err != nil {
		return nil, nil, err
	}
	if f, err = f.Inspect(io.NewSectionReader(whole, 0, size), o); err != nil {
		return nil, nil, err
	}
	return f, io.NewSectionReader(whole, 0, size), nil
}

// decode reads the file's records to its end.
func (p *preview) decode(r io.Reader, o format.Options, out *previewPrinter) error {
	columns := p.format.Spec.Columns
	extra := slices.IndexFunc(columns, func(c row.Column) bool { return c.Name == "extra" || c.Name == "seneka_extra" })
	enc, err := row.NewEncoder(columns)
	if err != nil {
		return err
	}
	dec := p.format.New(r, o)
	rec := row.NewRecord(len(columns))
	var encoded []byte
	for {
		err := dec.Next(rec)
		if err == nil {
			// What the encoder refuses would be a reject too.
			if encoded, err = enc.Append(encoded[:0], rec); err != nil {
				err = &format.Reject{Line: rec.Line, Offset: rec.Offset, Reason: err.Error(), Raw: rec.Raw}
			}
		}
		var bad *format.Reject
		switch {
		case errors.As(err, &bad):
			p.rejects++
			err = out.reject(bad)
		case errors.Is(err, format.ErrControl):
			return out.control()
		case err == io.EOF:
			p.replaced = enc.Replaced()
			return nil
		case err == nil:
			p.rows++
			if extra >= 0 {
				p.unknown += int64(formats.Unknown(&columns[extra], &rec.Values[extra]))
			}
			err = out.row(rec)
		}
		if err != nil {
			return err
		}
	}
}

// openPlain opens what a file, as openFile names it, holds below its compression.
func openPlain(ctx context.Context, name string, stdin io.Reader) (io.ReadCloser, error) {
	body, err := openFile(ctx, name, stdin)
	switch {
	case errkind.Is(err, errkind.NotFound) && strings.Contains(name, "://"):
		return nil, errkind.With(errkind.NotFound, errors.New("no such object"))
	case err != nil:
		return nil, err
	}
	plain, err := format.Decompress(body)
	if err != nil {
		return nil, errors.Join(err, body.Close())
	}
	return &ownReader{plain, body}, nil
}

// openFile opens a local file, s3://BUCKET/KEY, gs://BUCKET/NAME, or - for standard input.
func openFile(ctx context.Context, name string, stdin io.Reader) (io.ReadCloser, error) {
	switch {
	case name == "-":
		return io.NopCloser(stdin), nil
	case strings.HasPrefix(name, "gs://"):
		bucket, key, ok := strings.Cut(strings.TrimPrefix(name, "gs://"), "/")
		if !ok || bucket == "" || key == "" {
			return nil, errors.New("it takes gs://BUCKET/NAME")
		}
		return openGCS(ctx, bucket, key)
	case strings.HasPrefix(name, "s3://"):
		return openS3(ctx, name)
	default:
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			return nil, errkind.With(errkind.NotFound, errors.New("no such file"))
		}
		return f, err
	}
}

func openS3(ctx context.Context, url string) (io.ReadCloser, error) {
	bucket, key, err := backfill.ParseURL(url)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return nil, errors.New("it takes s3://BUCKET/KEY")
	}
	cfg, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	body, err := s3store.New(cfg).Open(ctx, object.Event{Source: object.Source{Bucket: bucket, Key: key}})
	if err != nil {
		return nil, err
	}
	return body, nil
}

// countingReader counts the bytes that are read through it.
type countingReader struct {
	r io.Reader
	n int64
}

// Read reads from the reader below.
func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
