package doctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/facts"
	"github.com/seneka-io/seneka/internal/row"
)

const (
	queueURL = "https://sqs.us-east-1.amazonaws.com/123456789012/seneka"
	queueARN = "arn:aws:sqs:us-east-1:123456789012:seneka"
	deadARN  = "arn:aws:sqs:us-east-1:123456789012:dead"
	landed   = "projects/acme/topics/landed"
	dead     = "projects/acme/topics/dead"
	pushing  = "projects/acme/subscriptions/loader"
	parked   = "projects/acme/subscriptions/dead"
)

// policy lets the bucket logs send to the queue.
const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:SendMessage",
	"Resource":"` + queueARN + `","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::logs"},"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}`

func parse(t *testing.T, sources string) *config.Config {
	t.Helper()
	c, err := config.Parse("seneka.yaml", []byte("project: acme\nlanding: gs://landing\nledger: gs://ledger\nqueue: "+queueURL+"\nsources:\n"+sources), config.Formats{"alb": false})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const source = "  - {name: alb, match: 's3://logs/AWSLogs/**.log.gz', format: alb, table: logs.alb}\n"

var spec = row.Spec{PartitionBy: "time", ClusterBy: []string{"source_file", "host"}}

// healthy is a deployment as it should be.
func healthy(t *testing.T) *Seen {
	month := 30 * day
	return &Seen{
		Config: parse(t, source), Visibility: 30 * time.Second,
		Queue: Answer[facts.Queue]{Value: facts.Queue{URL: queueURL, ARN: queueARN, Visibility: 30 * time.Second, Retention: longest, ReceiveWait: 20 * time.Second,
			DeadLetters: deadARN, MaxReceives: 5, Policy: policy}},
		DeadQueue: Answer[facts.Queue]{Value: facts.Queue{URL: queueURL + "-dead", ARN: deadARN, Retention: longest}},
		SourceBuckets: map[string]Answer[facts.SourceBucket]{"logs": {Value: facts.SourceBucket{Name: "logs", Notifications: []facts.Notification{
			{Target: facts.ToQueue, ARN: queueARN, Events: []string{"s3:ObjectCreated:*"}, Prefix: "AWSLogs/", Suffix: ".gz"}}}}},
		Landing: Answer[facts.Bucket]{Value: facts.Bucket{Name: "landing", Location: "US", UniformAccess: true, PublicAccess: "enforced", SoftDelete: new(time.Duration),
			Lifecycle:     []facts.LifecycleRule{{Action: "Delete", AgeDays: 30}, {Action: "AbortIncompleteMultipartUpload", AgeDays: 1}},
			Notifications: []facts.LandingNotification{{Topic: landed, Events: []string{"OBJECT_FINALIZE"}, Payload: "JSON_API_V1"}}}},
		Ledger: Answer[facts.Bucket]{Value: facts.Bucket{Name: "ledger", Location: "US", UniformAccess: true, PublicAccess: "enforced", SoftDelete: &month}},
		Topics: map[string]Answer[facts.Topic]{landed: {Value: facts.Topic{Name: landed, Subscriptions: []string{pushing}}}, dead: {Value: facts.Topic{Name: dead, Subscriptions: []string{parked}}}},
		Subscriptions: map[string]Answer[facts.Subscription]{
			pushing: {Value: facts.Subscription{Name: pushing, Topic: landed, PushEndpoint: "https://loader.example/", Audience: "seneka", ServiceAccount: "push@acme.iam.gserviceaccount.com",
				AckDeadline: push, Retention: week, Retry: true, MinPause: 10 * time.Second, MaxPause: push, DeadLetterTopic: dead, DeliveryAttempts: 10}},
			parked: {Value: facts.Subscription{Name: parked, Topic: dead, Retention: 31 * day}},
		},
		Datasets: map[string]Answer[string]{"logs": {Value: "US"}},
		Tables: []SeenTable{{Table: row.Table{Project: "acme", Dataset: "logs", Name: "alb"}, Source: "alb", Spec: spec,
			Seen: Answer[facts.Table]{Value: facts.Table{Name: "acme.logs.alb", Exists: true, PartitionBy: "time", PartitionOf: "DAY", ClusterBy: []string{"source_file", "host"}}}}},
		Views: []Answer[facts.View]{{Value: facts.View{Name: "acme.logs.seneka_loads", Exists: true, Ours: true, Version: 3}}}, ViewVersion: 3,
		Lacks: []SeenLack{{Permission: Permission{Whose: Loader, On: "gs://ledger"}}, {Permission: Permission{Whose: Forwarder, On: "gs://landing"}}},
	}
}

// A deployment as it should be has nothing to be said about it, and every check has said so.
func TestHealthy(t *testing.T) {
	results := Judge(healthy(t))
	for _, r := range results {
		if r.State != OK {
			t.Errorf("%s: %+v", r.Check, r)
		}
		if r.Check == "" || r.Looks == "" {
			t.Errorf("a check without a name or a word on what it looks at: %+v", r)
		}
	}
	if n := Count(results)[OK]; n != len(checks()) || n < 30 {
		t.Errorf("%d of %d checks are OK", n, len(checks()))
	}
}

// unwell is a flaw and the check that has to notice it. Other checks may, too.
type unwell struct {
	check string
	state State
	says  string // in the finding
	make  func(s *Seen)
}

func queue(f func(q *facts.Queue)) func(*Seen) { return func(s *Seen) { f(&s.Queue.Value) } }

func bucket(f func(b *facts.SourceBucket)) func(*Seen) {
	return func(s *Seen) {
		a := s.SourceBuckets["logs"]
		f(&a.Value)
		s.SourceBuckets["logs"] = a
	}
}

// rule changes the only rule of the bucket logs.
func rule(f func(n *facts.Notification)) func(*Seen) {
	return bucket(func(b *facts.SourceBucket) { f(&b.Notifications[0]) })
}

func landing(f func(b *facts.Bucket)) func(*Seen) { return func(s *Seen) { f(&s.Landing.Value) } }
func ledger(f func(b *facts.Bucket)) func(*Seen)  { return func(s *Seen) { f(&s.Ledger.Value) } }

func sub(name string, f func(u *facts.Subscription)) func(*Seen) {
	return func(s *Seen) {
		a := s.Subscriptions[name]
		f(&a.Value)
		s.Subscriptions[name] = a
	}
}

func table(f func(t *facts.Table)) func(*Seen) { return func(s *Seen) { f(&s.Tables[0].Seen.Value) } }
func view(f func(v *facts.View)) func(*Seen)   { return func(s *Seen) { f(&s.Views[0].Value) } }

var gone = errkind.With(errkind.NotFound, errors.New("404: not there"))

func queueFlaws() []unwell {
	return []unwell{
		{"queue", Problem, "no such queue", func(s *Seen) { s.Queue = Answer[facts.Queue]{Err: gone} }},
		{"queue", Problem, "FIFO", queue(func(q *facts.Queue) { q.FirstInFirst = true })},
		{"queue-dead-letters", Problem, "no dead-letter queue", func(s *Seen) { s.Queue.Value.DeadLetters, s.DeadQueue = "", Answer[facts.Queue]{Err: errNone} }},
		{"queue-dead-letters", Problem, "is gone", func(s *Seen) { s.DeadQueue = Answer[facts.Queue]{Err: gone} }},
		{"queue-dead-letters", Problem, "after 2 deliveries", queue(func(q *facts.Queue) { q.MaxReceives = 2 })},
		{"queue-dead-letters-retention", Problem, "kept for 4 days", func(s *Seen) { s.DeadQueue.Value.Retention = 4 * day }},
		{"queue-visibility", Problem, "for 29s, the forwarder works on one for 30s", queue(func(q *facts.Queue) { q.Visibility = 29 * time.Second })},
		{"queue-visibility", Problem, "for 1m0s before", func(s *Seen) { s.Visibility = time.Minute }},
		{"queue-long-polling", Problem, "does not wait", queue(func(q *facts.Queue) { q.ReceiveWait = 0 })},
		{"queue-retention", Problem, "kept for 1 days", queue(func(q *facts.Queue) { q.Retention = day })},
		{"queue-encryption", Problem, "alias/aws/sqs", queue(func(q *facts.Queue) { q.KMSKey = "alias/aws/sqs" })},
		{"queue-policy", Problem, "does not let s3://logs", queue(func(q *facts.Queue) { q.Policy = "" })},
		{"queue-policy", Problem, "does not let s3://logs", queue(func(q *facts.Queue) { q.Policy = strings.Replace(policy, "s3:::logs", "s3:::other", 1) })},
		{"queue-policy", Problem, "does not let s3://logs", queue(func(q *facts.Queue) { q.Policy = strings.Replace(policy, "Allow", "Deny", 1) })},
		{"queue-policy", Problem, "does not let s3://logs", queue(func(q *facts.Queue) { q.Policy = strings.Replace(policy, "SendMessage", "ReceiveMessage", 1) })},
		{"queue-policy", Problem, "does not let s3://logs", queue(func(q *facts.Queue) { q.Policy = strings.Replace(policy, "s3.amazonaws.com", "sns.amazonaws.com", 1) })},
		{"queue-policy", Problem, "does not let s3://logs", queue(func(q *facts.Queue) { q.Policy = strings.Replace(policy, ":seneka", ":other", 1) })},
		{"queue-policy", Note, "anybody's bucket", queue(func(q *facts.Queue) {
			q.Policy = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"SQS:*","Resource":"*"}}`
		})},
		{"queue-policy", Skipped, "cannot be read", queue(func(q *facts.Queue) { q.Policy = "{" })},
	}
}

func sourceFlaws() []unwell {
	all := []string{"s3:ObjectCreated:*"}
	toTopic := facts.Notification{Target: facts.ToTopic, ARN: "arn:aws:sns:us-east-1:1:t", Events: all}
	return []unwell{
		{"notifications", Problem, "announces none", bucket(func(b *facts.SourceBucket) { b.Notifications = nil })},
		{"notifications", Problem, "announces none", rule(func(n *facts.Notification) { n.ARN = deadARN })},
		{"notifications", Problem, "announces none", rule(func(n *facts.Notification) { n.Target = facts.ToFunction })},
		{"notifications", Problem, "announces none", rule(func(n *facts.Notification) { n.Events = []string{"s3:ObjectRemoved:*"} })},
		{"notifications", Problem, "announces none", rule(func(n *facts.Notification) { n.Prefix = "Other/" })},
		{"notifications", Problem, "Post, Copy, CompleteMultipartUpload are not", rule(func(n *facts.Notification) { n.Events = []string{"s3:ObjectCreated:Put"} })},
		{"notifications", Problem, `only some of the source's keys to the queue: prefix "AWSLogs/1/"`, rule(func(n *facts.Notification) { n.Prefix = "AWSLogs/1/" })},
		{"notifications", Problem, `suffix "_app.log.gz"`, rule(func(n *facts.Notification) { n.Suffix = "_app.log.gz" })},
		{"notifications", Skipped, "EventBridge or SNS", bucket(func(b *facts.SourceBucket) { b.Notifications, b.EventBridge = nil, true })},
		{"notifications", Skipped, "EventBridge or SNS", bucket(func(b *facts.SourceBucket) { b.Notifications = []facts.Notification{toTopic} })},
		{"notifications", Skipped, "leaves the bucket open", func(s *Seen) { s.Config.Sources[0].Match = must(config.ParsePattern("s3://logs-*/**")) }},
		{"notifications", Skipped, "AccessDenied", func(s *Seen) {
			s.SourceBuckets["logs"] = Answer[facts.SourceBucket]{Err: errors.New("403 AccessDenied")}
		}},
		{"notifications-twice", Note, "and to EventBridge", bucket(func(b *facts.SourceBucket) { b.EventBridge = true })},
		{"notifications-twice", Note, "and to arn:aws:sns", bucket(func(b *facts.SourceBucket) { b.Notifications = append(b.Notifications, toTopic) })},
	}
}

func storageFlaws() []unwell {
	fiveMinutes := 5 * time.Minute
	return []unwell{
		{"landing", Problem, "no such bucket", func(s *Seen) { s.Landing = Answer[facts.Bucket]{Err: gone} }},
		{"landing-notifications", Problem, "announces no new object", landing(func(b *facts.Bucket) { b.Notifications = nil })},
		{"landing-notifications", Problem, "announces no new object", landing(func(b *facts.Bucket) { b.Notifications[0].Events = []string{"OBJECT_DELETE"} })},
		{"landing-notifications", Problem, `only objects below "a/"`, landing(func(b *facts.Bucket) { b.Notifications[0].Prefix = "a/" })},
		{"landing-notifications", Note, "more than once", landing(func(b *facts.Bucket) { b.Notifications = append(b.Notifications, b.Notifications[0]) })},
		{"landing-notifications", Note, "no payload", landing(func(b *facts.Bucket) { b.Notifications[0].Payload = "NONE" })},
		{"landing-notifications", Note, "deletions", landing(func(b *facts.Bucket) { b.Notifications[0].Events = nil })},
		{"landing-lifecycle", Problem, "No rule deletes", landing(func(b *facts.Bucket) { b.Lifecycle = nil })},
		{"landing-lifecycle", Problem, "No rule deletes", landing(func(b *facts.Bucket) { b.Lifecycle[0].Prefixes = []string{"a/"} })},
		{"landing-lifecycle", Problem, "No rule deletes", landing(func(b *facts.Bucket) { b.Lifecycle[0].OnlyOlder = true })},
		{"landing-lifecycle", Problem, "after 3 days", landing(func(b *facts.Bucket) { b.Lifecycle[0].AgeDays = 3 })},
		{"landing-replaceable", Problem, "keeps each object for 2 days", landing(func(b *facts.Bucket) { b.Retention = 2 * day })},
		{"landing-replaceable", Problem, "on hold", landing(func(b *facts.Bucket) { b.Hold = true })},
		{"landing-replaceable", Note, "old versions", landing(func(b *facts.Bucket) { b.Versioning = true })},
		{"landing-replaceable", Note, "kept for 5m0s", landing(func(b *facts.Bucket) { b.SoftDelete = &fiveMinutes })},
		{"buckets-access", Note, "access lists", landing(func(b *facts.Bucket) { b.UniformAccess = false })},
		{"buckets-access", Note, "made public", ledger(func(b *facts.Bucket) { b.PublicAccess = "inherited" })},
		{"buckets-access", Skipped, "can be made public", ledger(func(b *facts.Bucket) { b.PublicAccess = "" })},
		{"locations", Note, "ledger is in EU", ledger(func(b *facts.Bucket) { b.Location = "EU" })},
		{"locations", Note, "dataset is in europe-west1", func(s *Seen) { s.Datasets["logs"] = Answer[string]{Value: "europe-west1"} }},
		{"ledger", Problem, "no such bucket", func(s *Seen) { s.Ledger = Answer[facts.Bucket]{Err: gone} }},
		{"ledger-lifecycle", Problem, "deletes claims", ledger(func(b *facts.Bucket) { b.Lifecycle = []facts.LifecycleRule{{Action: "Delete", AgeDays: 365}} })},
		{"ledger-lifecycle", Problem, "deletes claims", ledger(func(b *facts.Bucket) {
			b.Lifecycle = []facts.LifecycleRule{{Action: "Delete", Prefixes: []string{"claims/logs.alb/"}}}
		})},
		{"ledger-replaceable", Problem, "keeps each object", ledger(func(b *facts.Bucket) { b.Retention = day })},
		{"ledger-history", Note, "gone at once", ledger(func(b *facts.Bucket) { b.SoftDelete = new(time.Duration) })},
		{"ledger-history", Skipped, "does not say", ledger(func(b *facts.Bucket) { b.SoftDelete = nil })},
	}
}

func pushFlaws() []unwell {
	loader := func(f func(u *facts.Subscription)) func(*Seen) { return sub(pushing, f) }
	return []unwell{
		{"push", Problem, "is gone", func(s *Seen) { s.Topics[landed] = Answer[facts.Topic]{Err: gone} }},
		{"push", Problem, "No subscription of the topic pushes", func(s *Seen) { s.Topics[landed] = Answer[facts.Topic]{Value: facts.Topic{Name: landed}} }},
		{"push", Problem, "No subscription of the topic pushes", loader(func(u *facts.Subscription) { u.PushEndpoint = "" })},
		{"push", Problem, "without TLS", loader(func(u *facts.Subscription) { u.PushEndpoint = "http://loader.example/" })},
		{"push", Problem, "payload alone", loader(func(u *facts.Subscription) { u.Unwrapped = true })},
		{"push", Note, "2 subscriptions push", func(s *Seen) {
			s.Topics[landed] = Answer[facts.Topic]{Value: facts.Topic{Name: landed, Subscriptions: []string{pushing, "projects/acme/subscriptions/old"}}}
			s.Subscriptions["projects/acme/subscriptions/old"] = s.Subscriptions[pushing]
		}},
		{"push", Note, "it has a filter", loader(func(u *facts.Subscription) { u.Filter = `hasPrefix(attributes.objectId, "a")` })},
		{"push", Skipped, "PermissionDenied", func(s *Seen) { s.Topics[landed] = Answer[facts.Topic]{Err: errors.New("PermissionDenied")} }},
		{"push-identity", Problem, "no token", loader(func(u *facts.Subscription) { u.ServiceAccount = "" })},
		{"push-identity", Skipped, "this machine", loader(func(u *facts.Subscription) { u.ServiceAccount, u.PushEndpoint = "", "http://127.0.0.1:8080" })},
		{"push-deadline", Problem, "waits 10s", loader(func(u *facts.Subscription) { u.AckDeadline = 10 * time.Second })},
		{"push-retries", Problem, "no retry policy", loader(func(u *facts.Subscription) { u.Retry = false })},
		{"push-dead-letters", Problem, "no dead-letter topic", loader(func(u *facts.Subscription) { u.DeadLetterTopic = "" })},
		{"push-dead-letters", Problem, "topic is gone", func(s *Seen) { s.Topics[dead] = Answer[facts.Topic]{Err: gone} }},
		{"push-dead-letters", Problem, "has no subscription", func(s *Seen) { s.Topics[dead] = Answer[facts.Topic]{Value: facts.Topic{Name: dead}} }},
		{"push-dead-letters", Problem, "used it for 31 days", sub(parked, func(u *facts.Subscription) { u.Expires = 31 * day })},
		{"push-retention", Problem, "for 1 days", loader(func(u *facts.Subscription) { u.Retention = day })},
		{"push-retention", Problem, "nothing has come for 31 days", loader(func(u *facts.Subscription) { u.Expires = 31 * day })},
	}
}

func otherFlaws() []unwell {
	lack := func(i int) func(*Seen) {
		return func(s *Seen) { s.Lacks[i].Lacked.Value = []string{"storage.objects.create"} }
	}
	return []unwell{
		{"datasets", Problem, "no such dataset", func(s *Seen) { s.Datasets["logs"] = Answer[string]{Err: gone} }},
		{"tables", Problem, "column elb is INT64", table(func(t *facts.Table) {
			t.Conflicts = []string{"column elb is INT64, and what is written to it is STRING: rename it"}
		})},
		{"tables", Note, "lacks columns: a, b", table(func(t *facts.Table) { t.Missing = []string{"a", "b"} })},
		{"tables", Skipped, "403", func(s *Seen) { s.Tables[0].Seen = Answer[facts.Table]{Err: errors.New("403")} }},
		{"tables", Skipped, "of source x", func(s *Seen) { s.Unnamed = []string{"tables of source x: 403"} }},
		{"table-layout", Problem, "not partitioned by time", table(func(t *facts.Table) { t.PartitionBy, t.PartitionOf = "", "" })},
		{"table-layout", Problem, "by MONTH of time", table(func(t *facts.Table) { t.PartitionOf = "MONTH" })},
		{"table-layout", Problem, "not clustered by source_file first", table(func(t *facts.Table) { t.ClusterBy = []string{"host", "source_file"} })},
		{"table-layout", Problem, "not clustered", table(func(t *facts.Table) { t.ClusterBy = nil })},
		{"row-access", Note, "2 row-level access policies", func(s *Seen) { s.Tables[0].Policies.Value = 2 }},
		{"views", Problem, "is no view", view(func(v *facts.View) { v.Ours = false })},
		{"views", Note, "of version 2", view(func(v *facts.View) { v.Version = 2 })},
		{"views", Note, "older than the loader", view(func(v *facts.View) { v.Version = 4 })},
		{"permissions", Note, "whether the loader has it", lack(0)},
		{"permissions", Problem, "The loader lacks storage.objects.create", func(s *Seen) { s.As = Loader; lack(0)(s) }},
		{"permissions", Problem, "The forwarder lacks", func(s *Seen) { s.As = Forwarder; lack(1)(s) }},
		{"lineage", Problem, "is on", func(s *Seen) { s.Lineage.Value = true }},
		{"lineage", Skipped, "no such service", func(s *Seen) { s.Lineage.Err = errUnasked }},
		{"clock", Problem, "10m0s ahead", func(s *Seen) { s.Skew.Value = 10 * time.Minute }},
		{"clock", Note, "1m0s behind", func(s *Seen) { s.Skew.Value = -time.Minute }},
	}
}

// Each check notices its flaws, says what follows and what to do, and stands before what is well.
func TestFlaws(t *testing.T) {
	noticed := map[string]bool{"configuration": true} // see TestInvalid
	for _, f := range slices.Concat(queueFlaws(), sourceFlaws(), storageFlaws(), pushFlaws(), otherFlaws()) {
		t.Run(f.check+"/"+f.says, func(t *testing.T) {
			s := healthy(t)
			f.make(s)
			results := Judge(s)
			i := slices.IndexFunc(results, func(r Result) bool { return r.Check == f.check })
			text := fmt.Sprintf("%+v", results[i])
			if results[i].State != f.state || !strings.Contains(strings.ToLower(text), strings.ToLower(f.says)) {
				t.Errorf("%s is %s, want %s that says %q: %s", f.check, results[i].State, f.state, f.says, text)
			}
			for _, found := range results[i].Findings {
				if found.Where == "" || found.What == "" || found.So == "" || found.Fix == "" {
					t.Errorf("a finding lacks a part: %+v", found)
				}
			}
			if !slices.IsSortedFunc(results, func(a, b Result) int { return slices.Index(order, a.State) - slices.Index(order, b.State) }) {
				t.Error("what is worse does not stand first")
			}
		})
		noticed[f.check] = true
	}
	for _, c := range checks() {
		if !noticed[c.name] {
			t.Errorf("no flaw makes %s fail", c.name)
		}
	}
}

// What is nobody's fault is not held against a deployment.
func TestNoFlaws(t *testing.T) {
	for what, f := range map[string]func(*Seen){
		"a longer retention of dead letters": func(s *Seen) { s.Queue.Value.Retention, s.DeadQueue.Value.Retention = 4*day, week },
		"a rule for each way": rule(func(n *facts.Notification) {
			n.Events = []string{created + "Put", created + "Post", created + "Copy", created + "CompleteMultipartUpload"}
		}),
		"a rule without a filter": rule(func(n *facts.Notification) { n.Prefix, n.Suffix = "", "" }),
		"a policy with wildcards": queue(func(q *facts.Queue) { q.Policy = strings.Replace(policy, "arn:aws:s3:::logs", "arn:aws:s3:::l*", 1) }),
		"a policy of lists": queue(func(q *facts.Queue) {
			q.Policy = strings.Replace(strings.Replace(policy, `"sqs:SendMessage"`, `["sqs:SendMessage"]`, 1), `"arn:aws:s3:::logs"`, `["arn:aws:s3:::x","arn:aws:s3:::logs"]`, 1)
		}),
		"another's subscription of the topic": func(s *Seen) {
			s.Subscriptions["projects/acme/subscriptions/pull"] = Answer[facts.Subscription]{}
			a := s.Topics[landed]
			a.Value.Subscriptions = append(a.Value.Subscriptions, "projects/acme/subscriptions/pull")
			s.Topics[landed] = a
		},
		"a region inside of the dataset's": landing(func(b *facts.Bucket) { b.Location = "US-EAST1" }),
		"a ledger with versions":           ledger(func(b *facts.Bucket) { b.Versioning, b.SoftDelete = true, nil }),
		"rules of the ledger for other things": ledger(func(b *facts.Bucket) {
			b.Lifecycle = []facts.LifecycleRule{{Action: "Delete", OnlyOlder: true}, {Action: "Delete", Prefixes: []string{"backfill/"}}, {Action: "AbortIncompleteMultipartUpload"}}
		}),
		"a table that is not made yet": table(func(t *facts.Table) { *t = facts.Table{} }),
		"a view that is not made yet":  view(func(v *facts.View) { *v = facts.View{} }),
		"what the other account lacks": func(s *Seen) { s.As = Loader; s.Lacks[1].Lacked.Value = []string{"storage.objects.create"} },
		"a source of the landing bucket's own": func(s *Seen) {
			s.Config.Sources[0].Match = must(config.ParsePattern("gs://landing/**"))
			s.SourceBuckets = nil
		},
		"a clock that is off by a second or ten": func(s *Seen) { s.Skew.Value = 10 * time.Second },
		"events of a bucket by EventBridge alone": func(s *Seen) {
			s.Queue.Value.Policy = ""
			bucket(func(b *facts.SourceBucket) { b.Notifications, b.EventBridge = nil, true })(s)
		},
	} {
		s := healthy(t)
		f(s)
		for _, r := range Judge(s) {
			if r.State == Problem || r.State == Note {
				t.Errorf("%s: %+v", what, r)
			}
		}
	}
}

// Where nothing is answered everything is skipped, and says why.
func TestNothingIsAnswered(t *testing.T) {
	no := errors.New("no credentials")
	s := &Seen{Config: parse(t, source), Queue: Answer[facts.Queue]{Err: no}, DeadQueue: Answer[facts.Queue]{Err: no}, Landing: Answer[facts.Bucket]{Err: no}, Ledger: Answer[facts.Bucket]{Err: no},
		SourceBuckets: map[string]Answer[facts.SourceBucket]{"logs": {Err: no}}, Datasets: map[string]Answer[string]{"logs": {Err: no}},
		Views: []Answer[facts.View]{{Err: no}}, Lacks: []SeenLack{{Lacked: Answer[[]string]{Err: no}}}, Lineage: Answer[bool]{Err: no}, Skew: Answer[time.Duration]{Err: no}}
	for _, r := range Judge(s) {
		if r.Check != "configuration" && (r.State != Skipped || !slices.Contains(r.Skipped, "no credentials")) {
			t.Errorf("%+v", r)
		}
	}
}

func TestInvalid(t *testing.T) {
	_, err := config.Parse("seneka.yaml", []byte("project: acme\nlanding: gs://same\nledger: gs://same\n"), nil)
	results, ok := Invalid(fmt.Errorf("read: %w", err))
	if !ok || len(results) != 1 || results[0].State != Problem || len(results[0].Findings) < 2 || !strings.Contains(fmt.Sprint(results[0].Findings), "seneka.yaml:3") {
		t.Errorf("a configuration that is not valid: %+v, %v", results, ok)
	}
	if _, ok := Invalid(errors.New("no such file")); ok {
		t.Error("a configuration that is not there is not one that is not valid")
	}
}

func TestPartOf(t *testing.T) {
	for pattern, want := range map[string]part{
		"s3://b/**": {"", ""}, "s3://b/a/**.log.gz": {"a/", ".log.gz"}, "s3://b/a/{team}/x/**": {"a/", ""}, "s3://b/a/*/c.log": {"a/", "/c.log"},
		"s3://b/a/**/c.log": {"a/", "c.log"}, "s3://b/a/c.log": {"a/c.log", "a/c.log"}, "s3://b/a?b": {"a", "b"},
	} {
		if got := partOf(&config.Source{Match: must(config.ParsePattern(pattern))}); got != want {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
