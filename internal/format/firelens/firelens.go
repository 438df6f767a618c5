// Package firelens reads the logs of containers that FireLens, which is Fluent Bit, writes to S3.
package firelens

import (
	"io"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/jsonlog"
	"github.com/seneka-io/seneka/internal/format/scalar"
	"github.com/seneka-io/seneka/internal/row"
)

// FireLens returns the format firelens: JSON objects of Fluent Bit's S3 output. A member whose
// value its column does not take, for applications may write any, goes to extra.
//
// https://docs.fluentbit.io/manual/pipeline/outputs/s3,
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html
func FireLens() *format.Format {
	return &format.Format{
		Name: "firelens",
		Spec: row.Spec{
			Description: "Logs of containers by FireLens (Fluent Bit): one row per line of a container.",
			Columns:     layout.Schema(),
			PartitionBy: "time",
			ClusterBy:   []string{"ecs_cluster", "container_name", "ecs_task_arn"},
		},
		New: func(r io.Reader, o format.Options) format.Decoder {
			return &decoder{Decoder: layout.Decoder(r, o)}
		},
		FileTime: keyTime,
		// The default s3_key_format.
		Key: format.NewKeyPattern(`/\d{4}(/\d{2}){5}(-object[0-9A-Za-z]{8})?(\.[a-z0-9]+)*$`),
	}
}

// keyTime reads the time that the default s3_key_format ends with, /%Y/%m/%d/%H/%M/%S, in UTC; what
// stands behind a hyphen, such as -objectXXXXXXXX, and any ending, such as .gz, is left out.
func keyTime(key string) (t time.Time, ok bool) {
	const layout = "/2006/01/02/15/04/05"
	if at := strings.LastIndexByte(key, '/'); at >= 0 {
		if end := strings.IndexAny(key[at:], "-."); end >= 0 {
			key = key[:at+end]
		}
	}
	t, err := time.Parse(layout, key[max(len(key)-len(layout), 0):])
	return t, err == nil
}

// decoder fills the column payload.
type decoder struct {
	format.Decoder
	inner jsonlog.Inner
}

var (
	logAt     = layout.Schema().Index("log")
	payloadAt = layout.Schema().Index("payload")
)

// Next implements format.Decoder.
func (d *decoder) Next(rec *row.Record) error {
	if err := d.Decoder.Next(rec); err != nil {
		return err
	}
	d.inner.Set(&rec.Values[payloadAt], rec.Values[logAt].Bytes())
	return nil
}

var layout = jsonlog.Layout{
	Extra:            "extra",
	ConflictsToExtra: true,
	Columns: []jsonlog.Column{
		timeColumn(),
		jsonlog.Member("source", row.String, "Where the container wrote the line: stdout or stderr."),
		jsonlog.Member("log", row.String, "The line as the container wrote it."),
		jsonlog.Derived("payload", row.JSON, "The line, if it is a JSON object or array; NULL if it is other text."),
		jsonlog.Member("container_id", row.String, "ID of the container."),
		jsonlog.Member("container_name", row.String, "Name of the container."),
		jsonlog.Member("ecs_cluster", row.String, "Name or ARN of the ECS cluster."),
		jsonlog.Member("ecs_task_arn", row.String, "ARN of the task."),
		jsonlog.Member("ecs_task_definition", row.String, "Family and revision of the task definition."),
		jsonlog.Member("ec2_instance_id", row.String, "EC2 instance that ran the container; NULL on Fargate."),
		jsonlog.Member("partial_message", row.String, "true if the line is a part of one that was longer than 16 KB."),
		jsonlog.Member("partial_id", row.String, "ID that the parts of one line share."),
		jsonlog.Member("partial_ordinal", row.Int64, "Number of the part, from 1."),
		jsonlog.Member("partial_last", row.String, "true if it is the last part."),
	},
}

func timeColumn() jsonlog.Column {
	c := jsonlog.Member("date", row.Timestamp, "Time that Fluent Bit gave the line, its member date; the file's where it gave none. UTC.").With(fluentTime)
	c.Name = "time"
	return c
}

// fluentTime reads the forms of Fluent Bit's json_date_format: double and epoch in seconds,
// epoch_ms, iso8601, java_sql_timestamp.
func fluentTime(v *row.Value, text []byte) error {
	const seconds = len("253402300799") // the last of the year 9999
	if n, err := scalar.Int(text); err == nil && n > 0 && len(text) > seconds {
		return jsonlog.Millis(v, text)
	}
	n, err := scalar.Timestamp(text)
	v.SetInt(n)
	return err
}
