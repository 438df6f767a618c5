// Package cloudwatch reads the logs that a subscription of CloudWatch Logs delivers by Amazon Data
// Firehose.
package cloudwatch

import (
	"io"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/jsonlog"
	"github.com/seneka-io/seneka/internal/row"
)

// CloudWatch returns the format cloudwatch: objects that hold some events of one log stream each,
// one behind the other with nothing between them. Each event is a row. Control messages, by which
// CloudWatch Logs checks that it can deliver, are none.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
func CloudWatch() *format.Format {
	return &format.Format{
		Name: "cloudwatch",
		Spec: row.Spec{
			Description: "Events of CloudWatch Logs by a subscription: one row per log event.",
			Columns:     columns,
			PartitionBy: "event_time",
			ClusterBy:   []string{"log_group", "log_stream", "owner"},
		},
		New: func(r io.Reader, o format.Options) format.Decoder {
			return &decoder{messages: messages.Decoder(r, o), message: row.NewRecord(len(messages.Columns) + 1)}
		},
		// As Firehose names all that it delivers: stream, version, time, UUID.
		Key: format.NewKeyPattern(`-\d+(-\d{4}(-\d{2}){5})-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.[a-z0-9]+)*$`),
	}
}

// messages are the objects of a file.
var messages = jsonlog.Layout{
	Extra: "extra",
	Columns: []jsonlog.Column{
		messageType: jsonlog.Member("messageType", row.String, "").Essential(),
		owner:       jsonlog.Member("owner", row.String, ""),
		logGroup:    jsonlog.Member("logGroup", row.String, ""),
		logStream:   jsonlog.Member("logStream", row.String, ""),
		filters:     jsonlog.List("subscriptionFilters", row.String, ""),
		logEvents: jsonlog.List("logEvents", row.Struct, "",
			jsonlog.Member("id", row.String, ""),
			jsonlog.Member("timestamp", row.Timestamp, "").With(jsonlog.Millis),
			jsonlog.Member("message", row.String, ""),
			jsonlog.Member("extractedFields", row.JSON, ""),
		),
	},
}

// The columns of messages.
const (
	messageType = iota
	owner
	logGroup
	logStream
	filters
	logEvents
	extra
)

// columns are those of the table: the fields of an event, then what all events of an object share.
var columns = row.Schema{
	{Name: "event_time", Type: row.Timestamp, Mode: row.Nullable, Description: "Time of the event. UTC, to the millisecond."},
	{Name: "log_group", Type: row.String, Mode: row.Nullable, Description: "Log group."},
	{Name: "log_stream", Type: row.String, Mode: row.Nullable, Description: "Log stream."},
	{Name: "message", Type: row.String, Mode: row.Nullable, Description: "Text of the event."},
	{Name: "message_json", Type: row.JSON, Mode: row.Nullable, Description: "The message, if it is a JSON object or array; NULL if it is other text."},
	{Name: "event_id", Type: row.String, Mode: row.Nullable, Description: "Unique ID of the event: one delivered again has the same."},
	{Name: "owner", Type: row.String, Mode: row.Nullable, Description: "Account that the log group belongs to."},
	{Name: "subscription_filters", Type: row.String, Mode: row.Repeated, Description: "Names of the subscription filters that matched."},
	{Name: "extracted_fields", Type: row.JSON, Mode: row.Nullable, Description: "Fields that the filter's pattern extracted, as an object by name; NULL if the pattern names none."},
	{Name: "extra", Type: row.JSON, Mode: row.Nullable, Description: "Members of the delivered object that have no column, as an object by path; the same for all its events. NULL if there are none."},
}

// decoder makes a row of each event.
type decoder struct {
	messages format.Decoder
	message  *row.Record
	inner    jsonlog.Inner
	next     int   // index of the next event of message
	count    int64 // rows and rejects
}

// Next implements format.Decoder. Line counts events; a message that is a reject counts as one.
// Offset and Raw are those of the message.
func (d *decoder) Next(rec *row.Record) error {
	for d.next >= len(d.message.Values[logEvents].List()) {
		if err := d.read(); err != nil {
			return err
		}
	}
	m := d.message.Values
	event := m[logEvents].List()[d.next].List()
	d.next++
	d.count++
	rec.Line, rec.Offset, rec.Raw = d.count, d.message.Offset, d.message.Raw
	for i, v := range []*row.Value{&event[1], &m[logGroup], &m[logStream], &event[2], nil, &event[0], &m[owner], &m[filters], &event[3], &m[extra]} {
		if v != nil {
			set(&rec.Values[i], v)
		}
	}
	d.inner.Set(&rec.Values[4], event[2].Bytes())
	return nil
}

// read reads the next message that is no control message.
func (d *decoder) read() error {
	for {
		d.next = 0
		err := d.messages.Next(d.message)
		if bad, ok := err.(*format.Reject); ok {
			d.count++
			bad.Line = d.count
		}
		if err != nil {
			d.message.Values[logEvents].SetNull()
			return err
		}
		if string(d.message.Values[messageType].Bytes()) != "CONTROL_MESSAGE" {
			return nil
		}
	}
}

// set makes v what from is.
func set(v, from *row.Value) {
	switch from.Kind() {
	case row.KindNull:
		v.SetNull()
	case row.KindInt:
		v.SetInt(from.Int())
	case row.KindList:
		v.SetList()
		for i := range from.List() {
			set(v.Append(), &from.List()[i])
		}
	default:
		v.SetBytes(from.Bytes())
	}
}
