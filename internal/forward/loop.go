package forward

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/notify"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/telemetry"
)

// Queue is the SQS queue that S3 announces objects on. Safe for concurrent use.
type Queue interface {
	// Receive waits for at most most messages and hides them from others for visibility. None is
	// no error.
	Receive(ctx context.Context, most int, visibility time.Duration) ([]Message, error)
	// Delete acknowledges a message.
	Delete(ctx context.Context, m Message) error
	// Hide hides a message for so long from now; 0 gives it back at once.
	Hide(ctx context.Context, m Message, visibility time.Duration) error
}

// Message is one delivery of a queue message.
type Message struct {
	ID       string
	Receipt  string // of this delivery
	Body     []byte
	Sent     time.Time
	Received time.Time
}

// maxHidden is the longest that SQS hides a message after it was received, extensions included,
// less a margin.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
const maxHidden = 12*time.Hour - 10*time.Minute

// Observe is told of each message when it is begun. It returns the context that the message is handled
// in, and what is to be called with the outcome once it is acknowledged, or not. nil: nobody is told.
type Observe func(ctx context.Context, m Message) (context.Context, func(error))

func (o Observe) begin(ctx context.Context, m Message) (context.Context, func(error)) {
	if o == nil {
		return ctx, func(error) {}
	}
	return o(ctx, m)
}

// Loop receives messages, handles each in a worker and acknowledges what is done. All fields are to
// be set before Run.
type Loop struct {
	Queue      Queue
	Forward    func(ctx context.Context, e object.Event, received time.Time) (Outcome, error)
	Unmatched  func(ctx context.Context, s object.Source) // notes a file that no source takes
	Observe    Observe
	Log        *slog.Logger
	Workers    int           // messages handled at a time
	Bytes      int64         // of memory that the copies at a time may take; one always may
	Visibility time.Duration // how long a message is hidden; renewed at half of it
	Drain      time.Duration // how long messages under way may take once Run is to stop

	tally  *telemetry.Tally
	budget *semaphore.Weighted
	slots  chan struct{}
	busy   sync.WaitGroup
}

// Run forwards until ctx ends. It then stops receiving, lets what is under way finish for Drain,
// gives the rest back to the queue, and returns nil.
func (l *Loop) Run(ctx context.Context) error {
	l.budget = semaphore.NewWeighted(l.Bytes)
	l.slots = make(chan struct{}, l.Workers)
	l.tally = telemetry.NewTally(l.Log, "forwarder: files since the start")
	defer l.tally.Close()
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	for l.receive(ctx, work) {
	}
	l.Log.Info("stopping: waiting for copies under way")
	timer := time.AfterFunc(l.Drain, stop)
	defer timer.Stop()
	l.busy.Wait()
	return nil
}

// receive takes as many messages as there are free workers and starts them; false once ctx ended.
func (l *Loop) receive(ctx, work context.Context) bool {
	select {
	case l.slots <- struct{}{}:
		<-l.slots // there is one; only this goroutine fills them
	case <-ctx.Done():
		return false
	}
	messages, err := l.Queue.Receive(ctx, min(10, cap(l.slots)-len(l.slots)), l.Visibility)
	if err != nil && ctx.Err() == nil {
		l.Log.Warn("cannot receive from the queue; trying again", "error", err)
		pause(ctx, time.Second)
	}
	for _, m := range messages {
		l.slots <- struct{}{}
		l.busy.Go(func() {
			defer func() { <-l.slots }()
			l.process(work, m)
		})
	}
	return ctx.Err() == nil
}

// process handles one message and acknowledges it if all of it is done.
func (l *Loop) process(work context.Context, m Message) {
	observed, end := l.Observe.begin(work, m)
	ctx, cancel := context.WithTimeout(observed, maxHidden)
	defer cancel()
	beat := l.heartbeat(ctx, m)
	err := l.handle(ctx, m)
	cancel()
	<-beat
	defer func() { end(err) }()

	// The queue is told even when work has ended.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(observed), 10*time.Second)
	defer cancel()
	log := l.Log.With("message_id", m.ID)
	switch {
	case err == nil:
		if err := l.Queue.Delete(ctx, m); err != nil {
			log.WarnContext(ctx, "cannot delete a message that is done; it will come again", "error", err)
		}
	case work.Err() != nil:
		log.InfoContext(ctx, "given back unfinished", "error", err)
		if err := l.Queue.Hide(ctx, m, 0); err != nil {
			log.WarnContext(ctx, "cannot give a message back; it will come again", "error", err)
		}
	case errkind.Is(err, errkind.Permanent):
		// Never deleted: the queue's maxReceiveCount takes it to the dead-letter queue.
		log.ErrorContext(ctx, "not understood, or refused for good; the queue will move the message to its dead-letter queue", "error", err)
	default:
		log.WarnContext(ctx, "not done; the message will come again", "error", err)
	}
}

// handle forwards every object that a message names. All are tried: one that cannot be copied does
// not hold up the others.
func (l *Loop) handle(ctx context.Context, m Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	msg, err := notify.S3(m.Body)
	if err != nil {
		return err
	}
	if msg.Test {
		l.Log.Info("the bucket's notifications are connected: test event received")
	}
	var errs []error
	for _, e := range msg.Events {
		errs = append(errs, l.forward(ctx, e, m))
	}
	return errors.Join(errs...)
}

// CopyMemory returns about how many bytes of memory the copy of an object of size bytes takes: what the
// clients and gzip need, and either the object twice, by us and by the client, or a chunk on its way and
// the next.
func CopyMemory(size int64) int64 { return min(1<<20+2*size, 14<<20) }

// forward copies one object once its memory fits the budget.
func (l *Loop) forward(ctx context.Context, e object.Event, m Message) error {
	weight := min(CopyMemory(e.Size), l.Bytes)
	if err := l.budget.Acquire(ctx, weight); err != nil {
		return fmt.Errorf("forward %s: stopped before its turn: %w", e.Source, err)
	}
	defer l.budget.Release(weight)
	start := time.Now()
	outcome, err := l.Forward(ctx, e, m.Received)
	if err != nil {
		l.tally.Add("not done")
		return err
	}
	l.tally.Add(string(outcome))
	level := slog.LevelInfo
	if outcome == Unmatched { // there may be many more of them than of ours
		level = slog.LevelDebug
		l.Unmatched(ctx, e.Source)
	}
	l.Log.Log(ctx, level, string(outcome), "file", e.Source.String(), "bytes", e.Size, "queued_seconds", m.Received.Sub(m.Sent).Seconds(), "seconds", time.Since(start).Seconds())
	return nil
}

// heartbeat keeps m hidden until ctx ends; the channel it returns closes when it has stopped.
func (l *Loop) heartbeat(ctx context.Context, m Message) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		wait := l.Visibility / 2
		for pause(ctx, wait) {
			wait = l.Visibility / 2
			if err := l.Queue.Hide(ctx, m, l.Visibility); err != nil && ctx.Err() == nil {
				// The copy goes on: whoever else gets the message finds it made.
				l.Log.WarnContext(ctx, "cannot keep a message hidden; it may come a second time", "message_id", m.ID, "error", err)
				wait = l.Visibility / 4 // while it is still hidden
			}
		}
	}()
	return done
}

// pause waits; false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
