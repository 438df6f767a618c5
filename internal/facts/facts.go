// Package facts is what can be read of how a deployment is set up: queues, buckets, subscriptions and
// tables, without their contents. The adapters read it, internal/doctor judges it, and internal/replay
// finds the dead letters by it. Plain values; standard library only.
package facts

import (
	"strings"
	"time"
)

// Queue is an SQS queue.
type Queue struct {
	URL, ARN     string
	Visibility   time.Duration // of a receive that does not say
	Retention    time.Duration // of a message
	ReceiveWait  time.Duration // of a receive that does not say; 0: short polling
	DeadLetters  string        // ARN of the queue for dead letters; empty: there is none
	MaxReceives  int           // after which a message is one
	Policy       string        // JSON; empty: none
	KMSKey       string        // of a key of one's own; empty: SQS's
	Waiting      int           // messages, about
	InFlight     int           // messages that are hidden, about
	FirstInFirst bool          // a FIFO queue, to which S3 sends nothing
}

// Name returns the queue's name, the last part of its ARN.
func (q Queue) Name() string { return q.ARN[strings.LastIndexByte(q.ARN, ':')+1:] }

// Target is what S3 sends a bucket's events to.
type Target string

// The targets.
const (
	ToQueue    Target = "queue"
	ToTopic    Target = "topic"
	ToFunction Target = "function"
)

// Notification is one rule of a bucket of S3 that says which events go where.
type Notification struct {
	Target         Target
	ARN            string
	Events         []string // such as s3:ObjectCreated:*
	Prefix, Suffix string   // of the keys, decoded
}

// SourceBucket is a bucket of S3.
type SourceBucket struct {
	Name          string
	Notifications []Notification
	EventBridge   bool // every event goes to EventBridge too
}

// LifecycleRule is one rule of a bucket of Cloud Storage.
type LifecycleRule struct {
	Action    string   // Delete, SetStorageClass or AbortIncompleteMultipartUpload
	AgeDays   int      // of the objects; 0: not by age
	Prefixes  []string // of the names; none: all
	OnlyOlder bool     // only versions that are not live
}

// LandingNotification is a configuration by which a bucket of Cloud Storage announces its objects.
type LandingNotification struct {
	Topic   string   // projects/P/topics/T
	Events  []string // none: all
	Payload string   // JSON_API_V1 or NONE
	Prefix  string   // of the names
}

// Bucket is a bucket of Cloud Storage.
type Bucket struct {
	Name, Location string
	Lifecycle      []LifecycleRule
	Versioning     bool
	UniformAccess  bool
	PublicAccess   string         // prevention of it: enforced, inherited; empty: not told
	SoftDelete     *time.Duration // how long what is deleted can be had back; nil: not told
	Retention      time.Duration  // before which nothing can be deleted or replaced; 0: none
	Hold           bool           // new objects are held by default
	Notifications  []LandingNotification
}

// Subscription is a subscription of Pub/Sub.
type Subscription struct {
	Name, Topic      string // projects/P/subscriptions/S, projects/P/topics/T
	PushEndpoint     string // empty: pull
	Unwrapped        bool   // the push carries the payload alone
	Audience         string // of the tokens of its pushes
	ServiceAccount   string // whose tokens they are; empty: none
	Filter           string
	Ordered, Exact   bool // ordering keys; exactly-once delivery
	AckDeadline      time.Duration
	Retention        time.Duration
	Expires          time.Duration // after which it is deleted if nobody uses it; 0: never
	Retry            bool          // it has a retry policy, whose pauses are:
	MinPause         time.Duration
	MaxPause         time.Duration
	DeadLetterTopic  string // empty: none
	DeliveryAttempts int    // before a message goes there
}

// Topic is a topic of Pub/Sub with the names of its subscriptions.
type Topic struct {
	Name          string
	Subscriptions []string
}

// Table is a table of BigQuery, compared with what is to be written to it.
type Table struct {
	Name        string   // project.dataset.name
	Exists      bool     //
	Conflicts   []string // what keeps rows out of it, and what to do
	Missing     []string // columns that the next load adds
	PartitionBy string   // column; empty: by none
	PartitionOf string   // DAY, HOUR, MONTH or YEAR
	ClusterBy   []string
}

// View is a view that stands beside the tables.
type View struct {
	Name    string
	Exists  bool
	Ours    bool // no person has put something else in its place
	Version int
}
