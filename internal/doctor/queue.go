package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/facts"
)

func queueChecks() []check {
	return []check{
		{"queue", "whether the SQS queue is there", judgeQueue},
		{"queue-dead-letters", "where messages go that cannot be done", judgeDeadLetters},
		{"queue-dead-letters-retention", "how long dead letters are kept", judgeDeadRetention},
		{"queue-visibility", "how long a message is hidden from others", judgeVisibility},
		{"queue-long-polling", "whether a receive waits", judgeLongPolling},
		{"queue-retention", "how long a message is kept", judgeRetention},
		{"queue-policy", "whether S3 may send to the queue", judgePolicy},
		{"queue-encryption", "whether S3 can use the queue's key", judgeEncryption},
	}
}

const (
	// fewReceives is the least number of deliveries before a message is a dead letter: S3 or Cloud Storage
	// may be away for one or two.
	fewReceives = 3
	// day and week are lengths of time as operators think of them.
	day  = 24 * time.Hour
	week = 7 * day
	// longest is the longest that SQS keeps a message.
	longest = 14 * day
)

// days writes a length of time for people.
func days(d time.Duration) string {
	if d >= day && d%day == 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}

// setQueue is the command that sets an attribute of a queue.
func setQueue(url, attribute, value string) string {
	return fmt.Sprintf("aws sqs set-queue-attributes --queue-url %s --attributes '{%q:%q}'", url, attribute, value)
}

func judgeQueue(s *Seen, r *report) {
	if s.Queue.Err != nil && errkind.Is(s.Queue.Err, errkind.NotFound) {
		r.problem(s.Config.Queue, "There is no such queue.", "nothing that S3 announces is heard of", "name the queue in seneka.yaml, or make it: resource \"aws_sqs_queue\"")
		return
	}
	if q, ok := value(r, s.Queue); ok && q.FirstInFirst {
		r.problem(q.URL, "It is a FIFO queue.", "S3 sends no events to it", "make a standard queue: resource \"aws_sqs_queue\" with fifo_queue = false")
	}
}

func judgeDeadLetters(s *Seen, r *report) {
	q, ok := value(r, s.Queue)
	switch {
	case !ok:
	case q.DeadLetters == "":
		r.problem(q.URL, "The queue has no dead-letter queue.", "a message that cannot be done comes again until it expires, and is lost then: its file is missing",
			"make one, and: "+setQueue(q.URL, "RedrivePolicy", `{"deadLetterTargetArn":"ARN","maxReceiveCount":5}`)+`; in Terraform: redrive_policy`)
	case s.DeadQueue.Err != nil && errkind.Is(s.DeadQueue.Err, errkind.NotFound):
		r.problem(q.URL, "Its dead-letter queue is gone: "+q.DeadLetters, "a message that cannot be done comes again until it expires, and is lost then",
			"make the queue again: resource \"aws_sqs_queue\"")
	case q.MaxReceives < fewReceives:
		r.problem(q.URL, fmt.Sprintf("A message is a dead letter after %d deliveries.", q.MaxReceives), "an outage of a minute parks files that need nothing but another try",
			setQueue(q.URL, "RedrivePolicy", fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":5}`, q.DeadLetters)))
	}
}

func judgeDeadRetention(s *Seen, r *report) {
	if errors.Is(s.DeadQueue.Err, errNone) || s.DeadQueue.Err != nil && errkind.Is(s.DeadQueue.Err, errkind.NotFound) {
		return // queue-dead-letters is about that
	}
	q, ok := value(r, s.Queue)
	dead, known := value(r, s.DeadQueue)
	if ok && known && dead.Retention <= q.Retention && dead.Retention < longest {
		r.problem(dead.URL, fmt.Sprintf("Dead letters are kept for %s, messages of the queue for %s.", days(dead.Retention), days(q.Retention)),
			"a letter's age counts from when S3 sent it: one that is moved late is gone at once", setQueue(dead.URL, "MessageRetentionPeriod", "1209600"))
	}
}

func judgeVisibility(s *Seen, r *report) {
	if q, ok := value(r, s.Queue); ok && q.Visibility < s.Visibility {
		r.problem(q.URL, fmt.Sprintf("A received message is hidden for %s, the forwarder works on one for %s before it renews.", q.Visibility, s.Visibility),
			"whoever receives without saying how long, such as a script or the console, lets others have the message while it is worked on",
			setQueue(q.URL, "VisibilityTimeout", fmt.Sprint(int(s.Visibility/time.Second))))
	}
}

func judgeLongPolling(s *Seen, r *report) {
	if q, ok := value(r, s.Queue); ok && q.ReceiveWait == 0 {
		r.problem(q.URL, "A receive that does not say how long it waits does not wait.",
			"the forwarder says 20 s, but whoever else looks, such as a script, pays for empty answers and misses messages", setQueue(q.URL, "ReceiveMessageWaitTimeSeconds", "20"))
	}
}

func judgeRetention(s *Seen, r *report) {
	if q, ok := value(r, s.Queue); ok && q.Retention < 4*day {
		r.problem(q.URL, fmt.Sprintf("A message is kept for %s.", days(q.Retention)), "a forwarder that stands still over a weekend has lost files",
			setQueue(q.URL, "MessageRetentionPeriod", "345600"))
	}
}

// awsKey is SQS's key of the account, whose policy nobody can change.
const awsKey = "alias/aws/sqs"

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
func judgeEncryption(s *Seen, r *report) {
	if q, ok := value(r, s.Queue); ok && strings.HasSuffix(q.KMSKey, awsKey) {
		r.problem(q.URL, "The queue is encrypted by AWS's own key, "+awsKey+".", "S3 may not use that key: it cannot announce a file",
			"use SQS's encryption, sqs_managed_sse_enabled = true, or a key of your own that lets s3.amazonaws.com use kms:GenerateDataKey and kms:Decrypt")
	}
}

func judgePolicy(s *Seen, r *report) {
	q, ok := value(r, s.Queue)
	if !ok {
		return
	}
	statements, err := parsePolicy(q.Policy)
	if err != nil {
		r.skip("the policy of %s cannot be read: %v", q.URL, err)
		return
	}
	partition := strings.SplitN(q.ARN+"::", ":", 3)[1]
	for _, bucket := range sourceBuckets(s.Config) {
		a := s.SourceBuckets[bucket]
		if a.Err == nil && !slices.ContainsFunc(a.Value.Notifications, s.ours) {
			continue // its events come by another way, or none
		}
		arn := "arn:" + partition + ":s3:::" + bucket
		i := slices.IndexFunc(statements, func(p statement) bool { return p.lets(q.ARN, arn) })
		switch {
		case i < 0:
			r.problem(q.URL, "Its policy does not let s3://"+bucket+" send to it.", "S3 announces none of the bucket's files",
				fmt.Sprintf("allow s3.amazonaws.com sqs:SendMessage on %s where aws:SourceArn is %s: resource \"aws_sqs_queue_policy\"", q.ARN, arn))
		case !statements[i].bound():
			r.note(q.URL, "Its policy lets anybody's bucket send to it.", "a stranger who knows its name can fill it with events",
				fmt.Sprintf("add a condition on aws:SourceArn, %s, and on aws:SourceAccount", arn))
		}
	}
}

// ours reports whether a notification goes to the queue of the configuration, whose URL ends in account
// and name as its ARN does.
func (s *Seen) ours(n facts.Notification) bool {
	account, name := path.Split(strings.TrimRight(s.Config.Queue, "/"))
	return n.Target == facts.ToQueue && strings.HasSuffix(n.ARN, ":"+path.Base(account)+":"+name)
}

// statement is one of a policy, as far as it says who may send.
type statement struct {
	Effect                      string
	Principal, Action, Resource any
	Condition                   map[string]map[string]any
}

// parsePolicy reads a policy of IAM; an empty one has no statements.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func parsePolicy(text string) ([]statement, error) {
	if text == "" {
		return nil, nil
	}
	var one struct{ Statement statement }
	if err := json.Unmarshal([]byte(text), &one); err == nil { // a single one needs no list
		return []statement{one.Statement}, nil
	}
	var many struct{ Statement []statement }
	err := json.Unmarshal([]byte(text), &many)
	return many.Statement, err
}

// texts returns a value of a policy that is a text or a list of texts.
func texts(v any) (list []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			list = append(list, texts(e)...)
		}
	}
	return list
}

// lets reports whether the statement lets S3 send to the queue for a bucket.
func (p statement) lets(queue, bucket string) bool {
	action := slices.ContainsFunc(texts(p.Action), func(a string) bool { return like(strings.ToLower(a), "sqs:sendmessage") })
	resource := p.Resource == nil || slices.ContainsFunc(texts(p.Resource), func(pattern string) bool { return like(pattern, queue) })
	if p.Effect != "Allow" || !action || !resource || !p.principal() {
		return false
	}
	for _, values := range p.sourceARNs() {
		if !slices.ContainsFunc(values, func(pattern string) bool { return like(pattern, bucket) }) {
			return false
		}
	}
	return true
}

func (p statement) principal() bool {
	who := texts(p.Principal)
	if named, ok := p.Principal.(map[string]any); ok {
		who = append(texts(named["Service"]), texts(named["AWS"])...)
	}
	return slices.Contains(who, "*") || slices.Contains(who, "s3.amazonaws.com")
}

// sourceARNs returns the conditions on aws:SourceArn.
func (p statement) sourceARNs() (conditions [][]string) {
	for operator, keys := range p.Condition {
		if strings.Contains(operator, "Not") {
			continue
		}
		for key, v := range keys {
			if strings.EqualFold(key, "aws:SourceArn") {
				conditions = append(conditions, texts(v))
			}
		}
	}
	return conditions
}

// bound reports whether the statement asks whose bucket it is.
func (p statement) bound() bool {
	for _, keys := range p.Condition {
		for key := range keys {
			if strings.EqualFold(key, "aws:SourceArn") || strings.EqualFold(key, "aws:SourceAccount") || strings.EqualFold(key, "aws:PrincipalOrgID") || strings.EqualFold(key, "aws:SourceOrgID") {
				return true
			}
		}
	}
	return false
}

// like reports whether a pattern with * and ? is of the text, which has no slash.
func like(pattern, text string) bool {
	ok, err := path.Match(strings.ReplaceAll(pattern, "[", `\[`), text)
	return err == nil && ok
}
