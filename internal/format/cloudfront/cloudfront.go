// Package cloudfront reads the standard logs of Amazon CloudFront, legacy and v2: tables whose first
// lines name the fields, JSON objects, or Parquet.
package cloudfront

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/lines"
	"github.com/seneka-io/seneka/internal/format/named"
	"github.com/seneka-io/seneka/internal/row"
)

// CloudFront returns the format cloudfront. Columns bear the names of AWS's documentation, as in
// cs_user_agent for cs(User-Agent). Text is kept as AWS wrote it, which is percent-encoded, and "-" is
// NULL. Lines without a header before them have the fields of the legacy logs in their order. A file
// that begins with a bracket is one of JSON objects, as v2 writes them if asked to; it writes Parquet too.
//
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
func CloudFront() *format.Format {
	return &format.Format{
		Name: "cloudfront",
		Spec: row.Spec{
			Description: "Standard log of Amazon CloudFront: one row per request.",
			Columns:     layout.Columns(),
			PartitionBy: "event_time",
			ClusterBy:   []string{"cs_host", "sc_status", "c_ip"},
		},
		New:      newDecoder,
		FileTime: fileTime,
		Key:      regexp.MustCompile(`(^|/)E[A-Z0-9]+\.\d{4}-\d{2}-\d{2}-\d{2}\.[0-9A-Za-z]{8}(\.[a-z0-9]+)*$`),
	}
}

// fileTime returns the hour in the name of a log file, distribution.YYYY-MM-DD-HH.unique.gz, in UTC.
func fileTime(key string) (t time.Time, ok bool) {
	for part := range strings.SplitSeq(key[strings.LastIndexByte(key, '/')+1:], ".") {
		if t, err := time.Parse("2006-01-02-15", part); err == nil && t.Year() > 0 {
			return t, true
		}
	}
	return time.Time{}, false
}

// first is how many fields the logs of 2008 had; none had fewer.
const first = 12

// decoder reads the lines of one file. Its slices are used again for each line.
type decoder struct {
	lines   *lines.Reader
	header  *named.Header
	tokens  [][]byte
	derived derived
}

func newTextDecoder(r io.Reader, o format.Options) format.Decoder {
	d := &decoder{lines: lines.NewReader(r, o.MaxRecord), header: named.NewHeader(layout)}
	d.header.Set([]byte(legacy))
	return d
}

// Next implements format.Decoder.
func (d *decoder) Next(rec *row.Record) error {
	for {
		line, err := d.lines.Next()
		if err != nil {
			return err
		}
		if d.isHeader(line.Text) {
			continue
		}
		if err := d.read(rec.Values); err != nil {
			return line.Reject(err.Error())
		}
		rec.Line, rec.Offset, rec.Raw = line.Number, line.Offset, line.Text
		return nil
	}
}

// isHeader reports whether line is a directive of the W3C's log format, or names fields without one,
// and keeps the names. Of any other line it sets the tokens.
func (d *decoder) isHeader(line []byte) bool {
	if line[0] == '#' {
		if names, ok := bytes.CutPrefix(line, []byte("#Fields:")); ok {
			d.header.Set(names)
		}
		return true
	}
	separator := byte('\t')
	if bytes.IndexByte(line, separator) < 0 {
		separator = ' ' // no value holds one: they are percent-encoded
	}
	d.tokens = named.Split(d.tokens[:0], line, separator)
	return d.header.SetIfNames(line, d.tokens)
}

// read sets the values of a line. The last fields may be missing, as they are in real logs.
func (d *decoder) read(values []row.Value) error {
	if n, needed := len(d.tokens), min(first, d.header.Len()); n < needed {
		return fmt.Errorf("the line is cut short: it has %d fields, and a record has %d or more", n, needed)
	}
	if err := d.header.Read(values, d.tokens); err != nil {
		return err
	}
	d.derived.set(values)
	return nil
}
