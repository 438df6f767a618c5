package load

import (
	"context"
	"fmt"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// Events tells others which attempts have loaded a file: each at least once, and no other. Safe for
// concurrent use.
type Events interface {
	// Loaded returns once the event is kept. Of one attempt all events are the same but for VisibleAt:
	// whoever settles its claim tells it again.
	Loaded(ctx context.Context, e Event) error
}

// Event is what is told of an attempt whose rows are visible.
type Event struct {
	Record
	Partition Range // of its rows; of no column where they were not partitioned by a time
}

// recordLoaded is L7 of a settled claim: its load record, with more beside it, and its event.
func (l *Loader) recordLoaded(ctx context.Context, t row.Table, c Claim, more ...Record) (Record, error) {
	rec := l.visible(c)
	if err := l.record(ctx, t, append([]Record{rec}, more...)...); err != nil {
		return Record{}, err
	}
	if err := l.announce(ctx, Event{rec, c.Partition}); err != nil {
		return Record{}, err
	}
	l.Recent.add(rec.Attempt)
	return rec, nil
}

// announce tells those who wait for it that a file is loaded. A topic that is not there, or refuses, says
// nothing of the file: it comes again.
func (l *Loader) announce(ctx context.Context, e Event) (err error) {
	if l.Events == nil {
		return nil
	}
	ctx, end := l.Step.begin(ctx, "announce")
	defer func() { end(err) }()
	if err = l.Events.Loaded(ctx, e); err != nil {
		return errkind.With(errkind.Transient, fmt.Errorf("tell that the file is loaded: %w", err))
	}
	return nil
}
