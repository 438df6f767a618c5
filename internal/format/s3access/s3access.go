// Package s3access reads the server access logs of Amazon S3: one record a line, fields separated by
// spaces and told apart by their position. What clients send stands between quotes, and quotes within
// it are written as they came. S3 adds fields at the end only, and asks readers to expect ones that
// they do not know.
package s3access

import (
	"io"
	"time"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/format/lines"
	"github.com/seneka-io/seneka/internal/format/scalar"
	"github.com/seneka-io/seneka/internal/row"
)

// S3Access returns the format s3access, in every shape that it has had, from 18 fields to 27. Columns
// bear the names of AWS's documentation. Text is kept as AWS wrote it and "-" is NULL.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
func S3Access() *format.Format {
	return &format.Format{
		Name: "s3access",
		Spec: row.Spec{
			Description: "Server access log of Amazon S3: one row per request.",
			Columns:     columns(),
			PartitionBy: "time",
			ClusterBy:   []string{"bucket", "operation", "key"},
		},
		New:      newDecoder,
		FileTime: fileTime,
		Key:      format.NewKeyPattern(`\d{4}-\d{2}-\d{2}-\d{2}-\d{2}-\d{2}-[0-9A-Z]{16}$`),
	}
}

// field is one field of a line, and how its column is set.
type field struct {
	row.Column
	set fields.Setter
}

func text(name, description string) field {
	return field{fields.Column(name, row.String, description), fields.Text}
}

func integer(name, description string) field {
	return field{fields.Column(name, row.Int64, description), fields.Int}
}

// The places of fields that the splitting of a line knows, in documented.
const (
	fieldTime       = 2
	fieldRequestID  = 5
	fieldRequestURI = 8
	fieldVersionID  = 17
	needed          = fieldVersionID + 1 // fields of every line: version_id was the last until 2019
)

// documented lists the documented fields in order.
var documented = []field{
	text("bucket_owner", "Canonical user ID of the owner of the bucket."),
	text("bucket", "Bucket that the request was for."),
	{fields.Column("time", row.Timestamp, "Time when S3 received the request. UTC, to the second."), setTime},
	text("remote_ip", "IP address of the requester, as S3 saw it; NULL if AWS itself made the request."),
	text("requester", "Canonical user ID or ARN of the requester; NULL if unauthenticated."),
	text("request_id", "ID that S3 gave the request."),
	text("operation", "Operation, such as REST.GET.OBJECT, BATCH.DELETE.OBJECT or S3.EXPIRE.OBJECT."),
	text("key", "Object key, URL-encoded twice as S3 writes it (once for lifecycle operations); NULL if the operation takes none."),
	text("request_uri", "Request line of the client: method, URI, HTTP version. As S3 wrote it: quotes are bare. NULL if there was no HTTP request."),
	integer("http_status", "HTTP status code of the answer."),
	text("error_code", "S3 error code, such as NoSuchBucket; NULL if there was no error."),
	integer("bytes_sent", "Bytes of the answer without HTTP's own; NULL if none."),
	integer("object_size", "Size of the object in bytes."),
	integer("total_time", "Milliseconds that the request was in flight, from when S3 received it to the last byte of the answer."),
	integer("turn_around_time", "Milliseconds that S3 took to process the request, from its last byte to the first one of the answer."),
	text("referer", "Referer of the client. As S3 wrote it: quotes are bare or have a backslash before them."),
	text("user_agent", "User-Agent of the client. As S3 wrote it: quotes are bare or have a backslash before them."),
	text("version_id", "Version of the object that the request named; NULL if none."),
	text("host_id", "The request's x-amz-id-2."),
	text("signature_version", "Version of the signature: SigV2, SigV4; NULL if unauthenticated."),
	text("cipher_suite", "TLS cipher of the connection; NULL without TLS."),
	text("auth_type", "How the request was signed: AuthHeader, QueryString (a presigned URL); NULL if it was not."),
	text("host_header", "Endpoint that the client connected to."),
	text("tls_version", "TLS version of the connection; NULL without TLS."),
	text("access_point_arn", "ARN of the access point; NULL if the request used none."),
	text("acl_required", "Yes if an access control list was needed to authorize the request; NULL if none was."),
	text("source_region", "AWS Region that the request came from; NULL if unknown or outside of AWS."),
}

// columns returns the columns of the documented fields, and extra.
func columns() row.Schema {
	var all row.Schema
	for _, f := range documented {
		all = append(all, f.Column)
	}
	return append(all, row.Column{
		Name: "extra", Type: row.String, Mode: row.Repeated,
		Description: "Fields that have no column, in order, as text: those behind the last one, and one that S3 put before host_id in 2019. \"-\" stands for no value.",
	})
}

func setTime(v *row.Value, token []byte) error {
	if len(token) == 0 || fields.IsNone(token) {
		v.SetNull()
		return nil
	}
	micros, err := scalar.CommonTime(token)
	v.SetInt(micros)
	return err
}

// fileTime returns the time that a log object's key ends with: YYYY-mm-DD-HH-MM-SS-UniqueString, in
// UTC. The prefix before it ends in no separator of its own.
func fileTime(key string) (t time.Time, ok bool) {
	const layout, unique = "2006-01-02-15-04-05", len("-0123456789ABCDEF")
	end := len(key) - unique
	if end < len(layout) || key[end] != '-' {
		return time.Time{}, false
	}
	t, err := time.Parse(layout, key[end-len(layout):end])
	return t, err == nil && t.Year() > 0
}

// decoder reads the lines of one file. Its slices are used again for each line.
type decoder struct {
	lines *lines.Reader
	line  line
}

func newDecoder(r io.Reader, o format.Options) format.Decoder {
	return &decoder{lines: lines.NewReader(r, o)}
}

// Next implements format.Decoder.
func (d *decoder) Next(rec *row.Record) error {
	l, err := d.lines.Next()
	if err != nil {
		return err
	}
	if err := d.line.split(l.Text); err != nil {
		return l.Reject(err.Error())
	}
	if err := set(rec.Values, d.line); err != nil {
		return l.Reject(err.Error())
	}
	rec.Line, rec.Offset, rec.Raw = l.Number, l.Offset, l.Text
	return nil
}

// set sets the columns of a line; those of fields that it lacks to NULL.
func set(values []row.Value, l line) error {
	for i := range documented {
		f := &documented[i]
		if i >= len(l.tokens) {
			values[i].SetNull()
		} else if err := f.set(&values[i], l.tokens[i]); err != nil {
			return fields.Wrong(&f.Column, err)
		}
	}
	extra := &values[len(documented)]
	extra.SetList()
	for _, token := range l.extra {
		extra.Append().SetBytes(token)
	}
	return nil
}
