// Package vpcflow reads the flow logs of AWS, as text and as Parquet: those of VPCs, of all versions, and
// of transit gateways. In a text a header line names the fields, which the customer chose; it may stand
// again wherever files were put together. In Parquet the columns bear their names.
package vpcflow

import (
	"bytes"
	"fmt"
	"io"
	"regexp"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/lines"
	"github.com/seneka-io/seneka/internal/format/named"
	"github.com/seneka-io/seneka/internal/format/parquet/pq"
	"github.com/seneka-io/seneka/internal/format/scalar"
	"github.com/seneka-io/seneka/internal/row"
)

// VPCFlow returns the format vpcflow. Columns bear the names of AWS's documentation, underscores for
// hyphens. "-" is NULL: in rows of NODATA and SKIPDATA, most of them. Lines without a header before
// them are of the default format, version 2; a time in front of them, as exports of CloudWatch Logs
// have it, goes to extra.
//
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
func VPCFlow() *format.Format {
	return &format.Format{
		Name: "vpcflow",
		Spec: row.Spec{
			Description: "Flow logs of AWS VPCs and transit gateways: one row per flow and capture window.",
			Columns:     layout.Columns(),
			PartitionBy: "start",
			ClusterBy:   []string{"account_id", "srcaddr", "dstaddr"},
		},
		New:      newDecoder,
		FileTime: format.VendedTime,
		Key:      regexp.MustCompile(`(^|/)\d{12}_vpcflowlogs_[a-z0-9-]+_[^/]*\.log(\.gz)?$`),
	}
}

// The names of the default format, version 2, in order; and with CloudWatch's time in front.
const (
	version2         = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
	exportedVersion2 = "timestamp " + version2
)

// decoder reads the lines of one file. Its slices are used again for each line.
type decoder struct {
	lines  *lines.Reader
	header *named.Header
	named  bool // by a header line
	tokens [][]byte
}

func newDecoder(r io.Reader, o format.Options) format.Decoder {
	return format.Choose(r, func(first []byte, in io.Reader) format.Decoder {
		if bytes.HasPrefix(first, []byte(pq.Magic)) {
			return named.Parquet(in, o, layout)
		}
		return newTextDecoder(in, o)
	})
}

func newTextDecoder(r io.Reader, o format.Options) format.Decoder {
	return &decoder{lines: lines.NewReader(r, o.MaxRecord), header: named.NewHeader(layout)}
}

// Next implements format.Decoder.
func (d *decoder) Next(rec *row.Record) error {
	for {
		line, err := d.lines.Next()
		if err != nil {
			return err
		}
		d.tokens = named.Split(d.tokens[:0], line.Text, ' ')
		if d.header.SetIfNames(line.Text, d.tokens) {
			d.named = true
			continue
		}
		if err := d.read(rec.Values); err != nil {
			return line.Reject(err.Error())
		}
		rec.Line, rec.Offset, rec.Raw = line.Number, line.Offset, line.Text
		return nil
	}
}

func (d *decoder) read(values []row.Value) error {
	if !d.named {
		if err := d.useDefault(); err != nil {
			return err
		}
	}
	if n := d.header.Len(); len(d.tokens) < n {
		return fmt.Errorf("the line is cut short: it has %d fields, and its header names %d", len(d.tokens), n)
	}
	return d.header.Read(values, d.tokens)
}

// useDefault takes the line for one of the default format, which only version 2 has.
func (d *decoder) useDefault() error {
	names, version := version2, d.tokens[0]
	if _, err := scalar.Time(version); err == nil && len(d.tokens) > 1 {
		names, version = exportedVersion2, d.tokens[1]
	}
	if string(version) != "2" {
		return fmt.Errorf("no header line stands before it, and it is not of the default format: %.20q is not version 2", version)
	}
	d.header.Set([]byte(names))
	return nil
}
