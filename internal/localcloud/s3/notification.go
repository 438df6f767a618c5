package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	xml "github.com/minio/xxml"
	"github.com/rclone/gofakes3"
)

// QueueConfiguration says which events of a bucket go to a queue.
type QueueConfiguration struct {
	ID       string   `json:"id"`       // "" becomes one that is made of the other fields
	QueueARN string   `json:"queueArn"` //
	Events   []string `json:"events"`   // "s3:ObjectCreated:*", or one of Put, Post, Copy, CompleteMultipartUpload in its place
	Prefix   string   `json:"prefix"`   // of keys; form-encoded where it has special characters
	Suffix   string   `json:"suffix"`   // likewise
}

// notification is a bucket's notification configuration.
type notification struct {
	Queues []QueueConfiguration `json:"queues,omitempty"`
}

func (n notification) equal(o notification) bool {
	return slices.EqualFunc(n.Queues, o.Queues, func(a, b QueueConfiguration) bool {
		return a.ID == b.ID && a.QueueARN == b.QueueARN && slices.Equal(a.Events, b.Events) && a.Prefix == b.Prefix && a.Suffix == b.Suffix
	})
}

const createdEvents = "s3:ObjectCreated:"

// matches reports whether an event of that name (without "s3:") for key is wanted.
func (q *QueueConfiguration) matches(name, key string) bool {
	wanted := slices.ContainsFunc(q.Events, func(e string) bool {
		return e == "s3:"+name || e == createdEvents+"*"
	})
	return wanted && strings.HasPrefix(key, plain(q.Prefix)) && strings.HasSuffix(key, plain(q.Suffix))
}

// plain decodes a filter's value: "If your prefix or suffix contains a space, you must replace it
// with the + character. If you use any other special characters [...] you must enter them in
// URL-encoded (percent-encoded) format." What cannot be decoded stands for itself.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
func plain(value string) string {
	if p, err := url.QueryUnescape(value); err == nil {
		return p
	}
	return value
}

// check applies the rules of PutBucketNotificationConfiguration and gives IDs to those without.
func (n *notification) check() error {
	ids := map[string]bool{}
	for i := range n.Queues {
		q := &n.Queues[i]
		if err := q.check(); err != nil {
			return err
		}
		if ids[q.ID] {
			return gofakes3.ErrorInvalidArgument("Id", q.ID, "Same ID used for multiple configurations. IDs must be unique.")
		}
		ids[q.ID] = true
		for k := range i {
			if q.overlaps(&n.Queues[k]) {
				return gofakes3.ErrorInvalidArgument("Configuration", q.ID, "Configurations overlap. Configurations on the same bucket cannot share a common event type.")
			}
		}
	}
	return nil
}

func (q *QueueConfiguration) check() error {
	if parts := strings.Split(q.QueueARN, ":"); len(parts) != 6 || !strings.HasPrefix(q.QueueARN, "arn:aws:sqs:") {
		return gofakes3.ErrorInvalidArgument("Queue", q.QueueARN, "The ARN could not be parsed.")
	}
	if len(q.Events) == 0 {
		return gofakes3.ErrorMessage(gofakes3.ErrMalformedXML, "A queue configuration needs at least one event.")
	}
	for _, e := range q.Events {
		kind, ok := strings.CutPrefix(e, createdEvents)
		if !ok && strings.HasPrefix(e, "s3:") {
			return gofakes3.ErrorMessagef(gofakes3.ErrNotImplemented, "The event %s is not part of the local S3: only %s* and its kinds are.", e, createdEvents)
		}
		if !ok || !slices.Contains([]string{"*", "Put", "Post", "Copy", "CompleteMultipartUpload"}, kind) {
			return gofakes3.ErrorInvalidArgument("Event", e, "The event is not supported for notifications.")
		}
	}
	if q.ID == "" {
		sum := sha256.Sum256([]byte(fmt.Sprintf("%q", []any{q.QueueARN, q.Events, q.Prefix, q.Suffix})))
		q.ID = hex.EncodeToString(sum[:16])
	}
	return nil
}

// overlaps reports whether some event of some key would match both.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
func (q *QueueConfiguration) overlaps(o *QueueConfiguration) bool {
	common := slices.ContainsFunc(q.Events, func(e string) bool {
		return slices.Contains(o.Events, e) || e == createdEvents+"*" || slices.Contains(o.Events, createdEvents+"*")
	})
	p, po, x, xo := plain(q.Prefix), plain(o.Prefix), plain(q.Suffix), plain(o.Suffix)
	prefixes := strings.HasPrefix(p, po) || strings.HasPrefix(po, p)
	suffixes := strings.HasSuffix(x, xo) || strings.HasSuffix(xo, x)
	return common && prefixes && suffixes
}

// setNotification sends a test event to each queue, if validate says so, and then stores n: "If the
// message fails, the entire PUT action will fail".
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
func (s *Server) setNotification(ctx context.Context, bucketName string, n notification, requestID string, validate bool) error {
	if _, err := s.backend.store.notification(bucketName); err != nil { // no such bucket
		return err
	}
	body := toJSON(testEvent{"Amazon S3", "s3:TestEvent", stamp(s.opts.Now()), bucketName, requestID, randomHex(24)})
	told := map[string]bool{}
	for _, q := range n.Queues {
		if !validate || told[q.QueueARN] {
			continue
		}
		told[q.QueueARN] = true
		if err := s.tell(ctx, q.QueueARN, body); err != nil {
			return gofakes3.ErrorInvalidArgument(q.QueueARN, err.Error(), "Unable to validate the following destination configurations: "+q.QueueARN)
		}
	}
	return s.backend.store.update(func() (change, error) {
		if _, err := s.backend.store.bucket(bucketName); err != nil {
			return change{}, err
		}
		return change{Op: opNotify, Bucket: bucketName, Notify: &n}, nil
	})
}

func (s *Server) tell(ctx context.Context, queueARN, body string) error {
	if s.opts.Notify == nil {
		return errors.New("there are no queues here")
	}
	return s.opts.Notify(ctx, queueARN, body)
}

// The configuration as clients write and read it.
type (
	notificationXML struct {
		XMLName     xml.Name   `xml:"NotificationConfiguration"`
		Xmlns       string     `xml:"xmlns,attr,omitempty"`
		Queues      []queueXML `xml:"QueueConfiguration"`
		Topics      []struct{} `xml:"TopicConfiguration"`
		Functions   []struct{} `xml:"CloudFunctionConfiguration"`
		EventBridge *struct{}  `xml:"EventBridgeConfiguration"`
	}
	queueXML struct {
		ID     string     `xml:"Id"`
		Queue  string     `xml:"Queue"`
		Events []string   `xml:"Event"`
		Filter *filterXML `xml:"Filter"`
	}
	filterXML struct {
		Rules []ruleXML `xml:"S3Key>FilterRule"`
	}
	ruleXML struct {
		Name  string
		Value string
	}
)

func (s *Server) serveNotification(w http.ResponseWriter, r *http.Request, c *call) {
	var err error
	switch r.Method {
	case http.MethodGet:
		var n notification
		if n, err = s.backend.store.notification(c.bucket); err == nil {
			writeXML(w, http.StatusOK, n.document())
			return
		}
	case http.MethodPut:
		if err = s.putNotification(r, c); err == nil {
			w.WriteHeader(http.StatusOK)
			return
		}
	default:
		err = gofakes3.ErrMethodNotAllowed
	}
	writeError(w, r, c.requestID, err)
}

func (s *Server) putNotification(r *http.Request, c *call) error {
	var doc notificationXML
	if err := readXML(r, &doc); err != nil {
		return err
	}
	n, err := doc.notification()
	if err != nil {
		return err
	}
	skip := strings.EqualFold(r.Header.Get("X-Amz-Skip-Destination-Validation"), "true")
	return s.setNotification(r.Context(), c.bucket, n, c.requestID, !skip)
}

// notification reads and checks the document.
func (d *notificationXML) notification() (notification, error) {
	if len(d.Topics) > 0 || len(d.Functions) > 0 || d.EventBridge != nil {
		return notification{}, gofakes3.ErrorMessage(gofakes3.ErrNotImplemented, "Topics, functions and EventBridge are not part of the local S3: only queues are.")
	}
	var n notification
	for _, q := range d.Queues {
		conf := QueueConfiguration{ID: q.ID, QueueARN: q.Queue, Events: q.Events}
		if q.Filter != nil {
			if err := q.Filter.into(&conf); err != nil {
				return notification{}, err
			}
		}
		n.Queues = append(n.Queues, conf)
	}
	return n, n.check()
}

func (f *filterXML) into(conf *QueueConfiguration) error {
	seen := map[string]bool{}
	for _, rule := range f.Rules {
		name := strings.ToLower(rule.Name) // S3 itself answers "Prefix" where it was told "prefix"
		if seen[name] {
			return gofakes3.ErrorInvalidArgument("FilterRule", rule.Name, "Cannot specify more than one "+name+" rule in a filter.")
		}
		seen[name] = true
		switch name {
		case "prefix":
			conf.Prefix = rule.Value
		case "suffix":
			conf.Suffix = rule.Value
		default:
			return gofakes3.ErrorInvalidArgument("FilterRule.Name", rule.Name, "filter rule name must be either prefix or suffix")
		}
	}
	return nil
}

// document returns n as clients read it.
func (n notification) document() *notificationXML {
	doc := &notificationXML{Xmlns: xmlns}
	for _, q := range n.Queues {
		out := queueXML{ID: q.ID, Queue: q.QueueARN, Events: q.Events}
		var rules []ruleXML
		if q.Prefix != "" {
			rules = append(rules, ruleXML{"Prefix", q.Prefix})
		}
		if q.Suffix != "" {
			rules = append(rules, ruleXML{"Suffix", q.Suffix})
		}
		if rules != nil {
			out.Filter = &filterXML{rules}
		}
		doc.Queues = append(doc.Queues, out)
	}
	return doc
}
