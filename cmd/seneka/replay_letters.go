package main

import (
	"context"
	"errors"
	"fmt"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/deadletter"
	"github.com/seneka-io/seneka/internal/pubsubqueue"
	"github.com/seneka-io/seneka/internal/replay"
	"github.com/seneka-io/seneka/internal/sqsqueue"
)

// place is where dead letters wait.
type place struct {
	kind  string // queue or topic
	where string // of the letters
	to    string // where they go back to
	box   deadletter.Box
	read  func(ctx context.Context, letters []deadletter.Letter) ([]replay.Item, error)

	held  []deadletter.Letter // out of others' sight
	items []replay.Item
	more  bool
}

// letters brings dead letters back.
func (o *replayOptions) letters(cmd *cobra.Command) (err error) {
	ctx := cmd.Context()
	clients, err := openClients(ctx, o.config, o.local)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clients.Close()) }()
	pubsub, err := pubsubqueue.New(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pubsub.Close()) }()
	out := newReplayPrinter(cmd, *o)
	places, err := o.places(ctx, clients, pubsub, out)
	if err != nil {
		return err
	}
	defer func() {
		for _, p := range places {
			deadletter.Release(ctx, p.box, p.held)
		}
	}()
	back, stay := 0, 0
	for _, p := range places {
		if err := p.look(ctx, o.most); err != nil {
			return fmt.Errorf("dead letters in %s: %w", p.where, err)
		}
		letters, left := replay.Split(p.items)
		back, stay = back+len(letters), stay+len(left)
		out.place(p)
	}
	if back == 0 || o.dryRun {
		out.nothing(back, stay)
		return stays(stay)
	}
	if err := agree(cmd, o.yes, o.json, fmt.Sprintf("Send %s back?", plural(back, "dead letter"))); err != nil {
		return err
	}
	return sendBack(ctx, places, stay, out)
}

// stays is the error that letters which stay are.
func stays(n int) error {
	if n == 0 {
		return nil
	}
	return &exitError{err: fmt.Errorf("%s not understood, or not for the loader: left where it is", plural(n, "dead letter")), hint: "their reasons stand above; a newer release may understand them", code: exitInvalid}
}

// look takes letters out of others' sight and tells what they are.
func (p *place) look(ctx context.Context, most int) (err error) {
	if p.held, p.more, err = deadletter.Collect(ctx, p.box, most); err != nil {
		return err
	}
	p.items, err = p.read(ctx, p.held)
	return err
}

// sendBack sends the letters that do not stay back, and returns the error that gives the exit code.
func sendBack(ctx context.Context, places []*place, stay int, out *replayPrinter) error {
	sent, failed := 0, 0
	for _, p := range places {
		letters, left := replay.Split(p.items)
		p.held = nil
		for _, i := range left {
			p.held = append(p.held, i.Letter) // to be released
		}
		deadletter.Return(ctx, p.box, letters, func(r deadletter.Result) {
			if r.Err == nil {
				sent++
				return
			}
			failed++
			out.letterFailed(p, r)
		})
	}
	out.sent(sent, failed, stay)
	switch {
	case ctx.Err() != nil:
		return &exitError{err: errors.New("interrupted"), hint: "run the same again: nothing is lost, and nothing is loaded twice", code: exitInterrupted}
	case failed > 0:
		return &exitError{err: fmt.Errorf("%s could not be sent back", plural(failed, "dead letter")), hint: "run the same again: nothing is lost, and nothing is loaded twice", code: exitInvalid}
	}
	return stays(stay)
}

// places finds where dead letters wait.
func (o *replayOptions) places(ctx context.Context, c *clients, pubsub *pubsubqueue.Client, out *replayPrinter) ([]*place, error) {
	aws, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the AWS settings: %w", err)
	}
	reader := &replay.Reader{Bucket: c.cfg.Landing, Route: c.route, Probe: c.s3.Probe, Landing: c.gcs, History: c.bq}
	var places []*place
	queue := sqsqueue.New(aws, c.cfg.Queue)
	f, err := queue.Describe(ctx)
	if err != nil {
		return nil, err
	}
	if f.DeadLetters == "" {
		out.remark("the queue, " + c.cfg.Queue + ", has no dead-letter queue: see seneka doctor")
	} else {
		dead, err := queue.Other(ctx, f.DeadLetters)
		if err != nil {
			return nil, err
		}
		places = append(places, &place{kind: "queue", where: dead.URL(), to: c.cfg.Queue, box: queue.DeadLetters(dead), read: reader.Queue})
	}
	parked, err := replay.FindParked(ctx, c.gcs, pubsub, c.cfg.Landing, o.subscription)
	switch {
	case errors.Is(err, replay.ErrNoDeadLetters):
		out.remark(err.Error() + ": see seneka doctor")
		return places, nil
	case err != nil:
		return nil, hinted(err, "finding it needs storage.buckets.get on the landing bucket and roles/pubsub.viewer")
	}
	return append(places, &place{kind: "topic", where: parked.Subscription, to: parked.Topic, box: pubsub.DeadLetters(parked.Subscription, parked.Topic), read: reader.Topic}), nil
}
