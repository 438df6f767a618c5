package telemetry

// Named is something that is exported under a name, with what it means.
type Named struct{ Name, Description string }

// The names of the spans that are not calls of a service.
const (
	SpanMessage = "forward message"
	SpanCopy    = "copy"
	SpanLoad    = "load"
)

// EventStored is the event of a span that says when S3 stored the file.
const EventStored = "s3 event time"

// The attributes of spans, besides those of the metrics.
const (
	AttrFile    = "seneka.file"    // s3://bucket/key, as in source_file
	AttrBucket  = "aws.s3.bucket"  // OpenTelemetry's name
	AttrKey     = "aws.s3.key"     // OpenTelemetry's name
	AttrBytes   = "seneka.bytes"   // of the file as it was stored
	AttrTable   = "seneka.table"   // project.dataset.name
	AttrAttempt = "seneka.attempt" // the load's; empty where another one's counts
	AttrRows    = "seneka.rows"
	AttrRejects = "seneka.rejects"
	AttrReason  = "seneka.reason"
	AttrMessage = "messaging.message.id" // OpenTelemetry's name: of the SQS message
)

// Call is a call of a service. Its span is named by both words.
type Call struct{ Service, Name, Description string }

// Span returns the name of the call's spans.
func (c Call) Span() string { return c.Service + " " + c.Name }

// The calls of services.
var (
	CallS3Get         = Call{"s3", "get", "Read the file, until its last byte has been copied."}
	CallSQSDelete     = Call{"sqs", "delete", "Acknowledge the message."}
	CallSQSHide       = Call{"sqs", "hide", "Keep the message hidden, or give it back."}
	CallGCSCopy       = Call{"gcs", "copy", "Write the landing object."}
	CallGCSStat       = Call{"gcs", "stat", "Ask for the metadata of the landing object."}
	CallGCSOpen       = Call{"gcs", "open", "Read the landing object, until its last byte has been parsed."}
	CallGCSLive       = Call{"gcs", "live", "Ask for the landing object's generation."}
	CallClaimGet      = Call{"gcs", "claim.get", "Read the claim."}
	CallClaimPut      = Call{"gcs", "claim.put", "Write the claim."}
	CallCreateStream  = Call{"bigquery", "stream.create", "CreateWriteStream."}
	CallAppend        = Call{"bigquery", "append", "AppendRows of a file's rows."}
	CallFinalize      = Call{"bigquery", "finalize", "FinalizeWriteStream."}
	CallCommitStreams = Call{"bigquery", "commit", "BatchCommitWriteStreams."}
	CallLog           = Call{"bigquery", "log", "AppendRows of load records or rejects."}
	CallTable         = Call{"bigquery", "table", "Make a table or view, or look at it."}
	CallCount         = Call{"bigquery", "count", "Count an attempt's rows by a query."}
	CallPublish       = Call{"pubsub", "publish", "Tell of a file that is loaded."}
)

// Calls is all of them.
func Calls() []Call {
	return []Call{
		CallS3Get, CallSQSDelete, CallSQSHide, CallGCSCopy, CallGCSStat, CallGCSOpen, CallGCSLive, CallClaimGet, CallClaimPut,
		CallCreateStream, CallAppend, CallFinalize, CallCommitStreams, CallLog, CallTable, CallCount, CallPublish,
	}
}

// Spans is every span that is not a call. The last ones are the steps of a load: see load.Loader.Step.
func Spans() []Named {
	return []Named{
		{SpanMessage, "One SQS message, from its arrival to its acknowledgement. The root of the trace."},
		{SpanCopy, "One file that the message announces."},
		{SpanLoad, "One delivery of the landing object's notification. Its parent is the copy."},
		{"settle", "An earlier attempt's claim is brought to its end."},
		{"stage", "The file is read, parsed and encoded; the rows of a large one are appended."},
		{"commit", "The claim is written and the rows are made visible."},
		{"record", "The load record is written."},
		{"announce", "The topic that the configuration names by events is told."},
	}
}
