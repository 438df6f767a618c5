// Package deadletter brings dead letters back to where they were for: those of the queue, which the
// forwarder could not do, and those of the landing bucket's subscription, which the loader could not.
// Nothing can be lost by it: a copy is sent before the letter is removed. A copy that was sent twice is
// as harmless as any other repeated delivery.
package deadletter

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Letter is one dead letter.
type Letter struct {
	ID         string // of the message
	Receipt    string // of this delivery
	Body       []byte
	Attributes map[string]string // of a Pub/Sub message, as its publisher set them
	Sent       time.Time         // when it was sent for the first time
	Tries      int               // how often it was delivered; 0: not told
}

// Box is a place where dead letters wait. Safe for concurrent use.
type Box interface {
	// Take receives up to most letters, fewer as it pleases, and hides them for about hold. None: there
	// are no more for now.
	Take(ctx context.Context, most int, hold time.Duration) ([]Letter, error)
	// Resend sends a copy to where the letter was for. After an error it may or may not have come there.
	Resend(ctx context.Context, l Letter) error
	// Remove takes the letter out of the box for good.
	Remove(ctx context.Context, l Letter) error
	// Release ends the hiding of a letter that stays.
	Release(ctx context.Context, l Letter) error
}

const (
	// hold is how long a letter is hidden, from the look at it to its removal. When it has passed the
	// letter shows again, and may be sent again: that costs a delivery and nothing else.
	hold = 10 * time.Minute
	// atATime is how many letters are under way at a time.
	atATime = 16
)

// Collect takes up to most letters out of the box's sight; more tells whether others are there.
// Release them, or Return them. With an error come those that were taken before it.
func Collect(ctx context.Context, b Box, most int) (letters []Letter, more bool, err error) {
	seen := map[string]bool{}
	for len(letters) <= most {
		got, err := b.Take(ctx, most+1-len(letters), hold)
		if err != nil {
			return letters, false, err
		}
		fresh := 0
		for _, l := range got {
			if !seen[l.ID] { // SQS may deliver one twice
				seen[l.ID] = true
				letters = append(letters, l)
				fresh++
			}
		}
		if fresh == 0 {
			return letters, false, nil
		}
	}
	last := letters[most:]
	Release(ctx, b, last)
	return letters[:most], true, nil
}

// Release lets others see letters again. One that cannot be released shows again by itself.
func Release(ctx context.Context, b Box, letters []Letter) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	each(letters, func(l Letter) { _ = b.Release(ctx, l) })
}

// Result is what became of a letter.
type Result struct {
	Letter
	Err error // it is still in the box; perhaps it was sent all the same
}

// Return sends letters back and removes them, several at a time. It tells done of each one, one after
// the other. When ctx ends, those not begun are released, and have its error.
func Return(ctx context.Context, b Box, letters []Letter, done func(Result)) {
	var told sync.Mutex
	each(letters, func(l Letter) {
		err := returnOne(ctx, b, l)
		told.Lock()
		defer told.Unlock()
		done(Result{l, err})
	})
}

func returnOne(ctx context.Context, b Box, l Letter) error {
	if err := ctx.Err(); err != nil {
		Release(ctx, b, []Letter{l})
		return err
	}
	if err := b.Resend(ctx, l); err != nil {
		Release(ctx, b, []Letter{l})
		return fmt.Errorf("send it back: %w", err)
	}
	// Dying here leaves the letter in the box and its copy where it belongs.
	if err := b.Remove(ctx, l); err != nil {
		return fmt.Errorf("it was sent back, and stays a dead letter too: %w", err)
	}
	return nil
}

// each calls do for every letter, several at a time.
func each(letters []Letter, do func(Letter)) {
	slots := make(chan struct{}, atATime)
	var group sync.WaitGroup
	for _, l := range letters {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			do(l)
		})
	}
	group.Wait()
}
