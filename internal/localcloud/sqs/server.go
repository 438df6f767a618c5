// Package sqs is an Amazon SQS for one machine: standard queues over the JSON protocol, as the AWS
// SDKs and the aws command speak it, with the limits and errors that the service documents.
//
// Messages live in memory and, with a directory, in a journal: what a call has acknowledged survives
// a restart and kill -9. Which messages are in flight does not: after a restart all are visible, as
// "at least once" allows. Signatures are not verified: any credentials do.
//
// Left out: FIFO queues, the XML query protocol, permissions (a policy is stored, not obeyed), tags
// (accepted, not kept), encryption.
//
// Sources: the API reference at
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/ and the developer guide at
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/.
package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/localcloud/journal"
)

// Options configure a Server. The zero value keeps everything in memory.
type Options struct {
	Dir       string           // where the journal lies, made if missing; "" keeps nothing
	Region    string           // part of queue ARNs; "" is us-east-1
	AccountID string           // part of queue ARNs and URLs; "" is 000000000000
	BaseURL   func() string    // scheme and host of queue URLs, asked at every use; nil takes each request's own host
	Now       func() time.Time // the clock; nil is time.Now
}

// Server is the service: an http.Handler, safe for concurrent use.
type Server struct {
	opts       Options
	operations map[string]operation
	journal    *journal.Journal
	closing    chan struct{}

	mu     sync.Mutex
	queues map[string]*queue
	gone   map[string]time.Time // when a queue of this name was deleted
	tasks  []*moveTask
	order  uint64 // of the last message that was put into a pile
}

// New returns a server with the queues and messages that o.Dir holds.
func New(o Options) (*Server, error) {
	s := &Server{
		opts:       withDefaults(o),
		operations: operations(),
		closing:    make(chan struct{}),
		queues:     map[string]*queue{},
		gone:       map[string]time.Time{},
	}
	if o.Dir == "" {
		return s, nil
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("state of SQS: %w", err)
	}
	j, err := journal.Open(filepath.Join(o.Dir, "sqs.journal"), s.replay, s.snapshot)
	if err != nil {
		return nil, err
	}
	s.journal = j
	return s, nil
}

func withDefaults(o Options) Options {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.AccountID == "" {
		o.AccountID = "000000000000"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Close answers the long polls that wait and closes the journal. Calls after it fail.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
		return nil
	default:
		close(s.closing)
		return s.journal.Close()
	}
}

// CreateQueue makes a queue, as the API's CreateQueue does, and returns its URL and ARN: a queue
// of that name with the same attributes is left as it is. Without Options.BaseURL the URL is a
// path only.
func (s *Server) CreateQueue(name string, attrs map[string]string) (url, arn string, err error) {
	c := &call{ctx: context.Background()}
	if s.opts.BaseURL != nil {
		c.base = s.opts.BaseURL()
	}
	out, err := s.run(c, func(c *call) (any, error) {
		return s.createQueue(c, &createQueueInput{QueueName: name, Attributes: attrs})
	})
	if err != nil {
		return "", "", fmt.Errorf("create queue %s: %w", name, err)
	}
	return out.(queueURL).QueueUrl, s.arn(name), nil
}

// SetAttributes changes attributes of a queue, as the API's SetQueueAttributes does.
func (s *Server) SetAttributes(name string, attrs map[string]string) error {
	_, err := s.run(&call{ctx: context.Background()}, func(c *call) (any, error) {
		return s.setQueueAttributes(c, &setQueueAttributesInput{QueueUrl: s.url(c, name), Attributes: attrs})
	})
	if err != nil {
		return fmt.Errorf("set attributes of queue %s: %w", name, err)
	}
	return nil
}

// Send puts a message into the queue of that ARN and returns once it is durable.
func (s *Server) Send(ctx context.Context, queueARN, body string) error {
	_, err := s.run(&call{ctx: ctx}, func(c *call) (any, error) {
		q, err := s.queueByARN(queueARN)
		if err != nil {
			return nil, err
		}
		return s.send(c, q, &outgoing{MessageBody: body})
	})
	if err != nil {
		return fmt.Errorf("send to %s: %w", queueARN, err)
	}
	return nil
}

// call is one request on its way through the server.
type call struct {
	ctx  context.Context
	base string       // scheme and host of queue URLs
	mark journal.Mark // what has to be durable before the answer
}

// operation answers one action from its JSON input. It is called with the server's lock held.
type operation func(s *Server, c *call, body []byte) (any, error)

// op makes an operation of a method with a typed input.
func op[In any](f func(*Server, *call, *In) (any, error)) operation {
	return func(s *Server, c *call, body []byte) (any, error) {
		in := new(In)
		if err := json.Unmarshal(body, in); err != nil {
			return nil, fault("SerializationException", "The request body is not the JSON of this action: %v", err)
		}
		return f(s, c, in)
	}
}

func operations() map[string]operation {
	return map[string]operation{
		"CreateQueue":                  op((*Server).createQueue),
		"GetQueueUrl":                  op((*Server).getQueueURL),
		"ListQueues":                   op((*Server).listQueues),
		"DeleteQueue":                  op((*Server).deleteQueue),
		"PurgeQueue":                   op((*Server).purgeQueue),
		"GetQueueAttributes":           op((*Server).getQueueAttributes),
		"SetQueueAttributes":           op((*Server).setQueueAttributes),
		"SendMessage":                  op((*Server).sendMessage),
		"SendMessageBatch":             op((*Server).sendMessageBatch),
		"ReceiveMessage":               op((*Server).receiveMessage),
		"DeleteMessage":                op((*Server).deleteMessage),
		"DeleteMessageBatch":           op((*Server).deleteMessageBatch),
		"ChangeMessageVisibility":      op((*Server).changeVisibility),
		"ChangeMessageVisibilityBatch": op((*Server).changeVisibilityBatch),
		"ListDeadLetterSourceQueues":   op((*Server).listDeadLetterSources),
		"StartMessageMoveTask":         op((*Server).startMoveTask),
		"ListMessageMoveTasks":         op((*Server).listMoveTasks),
	}
}

// maxRequest bounds a request's body: a batch of 1 MiB whose every byte is escaped in JSON.
const maxRequest = 8 << 20

// ServeHTTP answers one action of the JSON protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, err := s.serve(w, r)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) (any, error) {
	target, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	if r.Method != http.MethodPost || !ok {
		return nil, fault("InvalidAction", "Only the JSON protocol is served: POST with the header X-Amz-Target: AmazonSQS.<action>.")
	}
	f, ok := s.operations[target]
	if !ok {
		return nil, fault("UnsupportedOperation", "The action %s is not part of the local SQS.", target)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if tooLong := new(http.MaxBytesError); errors.As(err, &tooLong) {
		return nil, fault("BatchRequestTooLong", "The request is longer than %d bytes.", tooLong.Limit)
	}
	if err != nil {
		return nil, fault("IncompleteSignature", "The request ended early: %v", err)
	}
	c := &call{ctx: r.Context(), base: "http://" + r.Host}
	if s.opts.BaseURL != nil {
		c.base = s.opts.BaseURL()
	}
	return s.run(c, func(c *call) (any, error) { return f(s, c, body) })
}

// run calls f under the lock and returns once everything it changed is durable.
func (s *Server) run(c *call, f func(*call) (any, error)) (any, error) {
	out, err := s.locked(c, f)
	if failed := s.journal.Wait(c.mark); failed != nil {
		return nil, failed
	}
	return out, err
}

func (s *Server) locked(c *call, f func(*call) (any, error)) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
		return nil, errClosing
	default:
		return f(c)
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Requestid", newID())
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone; nobody is left to tell
}
