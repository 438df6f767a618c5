package load

import (
	"bufio"
	"io"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// lines is a format of one text column, one record per line; "bad…" is a reject, "huge" a time that
// BigQuery refuses, "control" no log.
var lines = &format.Format{
	Name: "lines",
	Spec: row.Spec{
		Columns:     row.Schema{{Name: "time", Type: row.Timestamp}, {Name: "text", Type: row.String}},
		PartitionBy: "time",
	},
	New: func(r io.Reader, _ format.Options) format.Decoder { return &lineDecoder{r: bufio.NewReader(r)} },
}

// lineDecoder uses its memory again for each record, and touches values that are not its columns', as decoders may.
type lineDecoder struct {
	r      *bufio.Reader
	buf    []byte
	line   int64
	offset int64
}

func (d *lineDecoder) Next(rec *row.Record) error {
	text, err := d.r.ReadString('\n')
	if err != nil && text == "" {
		return err
	}
	d.line++
	start := d.offset
	d.offset += int64(len(text))
	text = strings.TrimSuffix(text, "\n")
	d.buf = append(d.buf[:0], text...)
	rec.Reset(len(rec.Values))
	rec.Line, rec.Offset, rec.Raw = d.line, start, d.buf
	switch {
	case text == "control":
		return format.ErrControl
	case strings.HasPrefix(text, "bad"):
		return &format.Reject{Line: d.line, Offset: start, Reason: "it is bad", Raw: []byte(text)}
	case text == "huge":
		rec.Values[0].SetTime(time.Date(1815, 6, 18, 0, 0, 0, 0, time.UTC))
	case strings.HasPrefix(text, "at "):
		t, err := time.Parse(time.RFC3339, text[3:])
		if err != nil {
			return err
		}
		rec.Values[0].SetTime(t)
	}
	rec.Values[1].SetBytes(d.buf)
	return nil
}
