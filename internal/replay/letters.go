package replay

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/seneka-io/seneka/internal/deadletter"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/notify"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// Item is a dead letter and what is known of it.
type Item struct {
	deadletter.Letter
	Files []object.Source // that it tells of
	Cause []string        // why it may lie here, as far as it can be seen now
	Stays string          // why it is not sent back; empty: it is
}

// Reader tells what dead letters are. All fields are to be set.
type Reader struct {
	Bucket  string // the landing bucket
	Route   load.Router
	Probe   func(ctx context.Context, e object.Event) error // whether the object can be read as the forwarder would; it reads nothing
	Landing Landing
	History History
}

// atATime is how many letters are looked into at a time.
const atATime = 16

// Queue reads dead letters of the queue.
func (r *Reader) Queue(ctx context.Context, letters []deadletter.Letter) ([]Item, error) {
	return r.read(ctx, letters, r.queued)
}

// Topic reads dead letters of the landing bucket's subscription.
func (r *Reader) Topic(ctx context.Context, letters []deadletter.Letter) ([]Item, error) {
	return r.read(ctx, letters, r.published)
}

// read reads letters by one, and asks the load logs about their files.
func (r *Reader) read(ctx context.Context, letters []deadletter.Letter, one func(context.Context, *Item)) ([]Item, error) {
	items := make([]Item, len(letters))
	slots := make(chan struct{}, atATime)
	var group sync.WaitGroup
	for i, l := range letters {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			items[i].Letter = l
			one(ctx, &items[i])
		})
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return items, r.ask(ctx, items)
}

func (i *Item) because(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(i.Cause, text) {
		i.Cause = append(i.Cause, text)
	}
}

// queued tells what the forwarder would meet.
func (r *Reader) queued(ctx context.Context, i *Item) {
	m, err := notify.S3(i.Body)
	switch {
	case err != nil:
		i.Stays = "this release does not understand it, and would park it again: " + err.Error()
		return
	case m.Test:
		i.because("a test event of S3, which the forwarder only deletes")
	case len(m.Events) == 0:
		i.because("tells of no object that was created; the forwarder only deletes it")
	}
	for _, e := range m.Events {
		i.Files = append(i.Files, e.Source)
		if _, ok := r.Route(e.Source); !ok {
			i.because("no source of the configuration matches; the forwarder passes over it")
			continue
		}
		switch err := r.Probe(ctx, e); {
		case err == nil: // whatever it was, it has passed
		case errkind.Is(err, errkind.NotFound):
			i.because("gone from S3; the forwarder passes over it")
		case errkind.Is(err, errkind.Exists):
			i.because("overwritten in S3 since; the forwarder leaves it to the newer event")
		default:
			i.because("S3 still refuses it: %v", err)
		}
	}
}

// published tells what the loader would meet.
func (r *Reader) published(ctx context.Context, i *Item) {
	n, err := notify.Finalized(notify.PushMessage{MessageID: i.ID, Attributes: i.Attributes, Data: i.Body, Published: i.Sent})
	switch {
	case err != nil:
		i.Stays = "this release does not understand it, and would park it again: " + err.Error()
		return
	case n.EventType != notify.ObjectFinalize:
		i.because("tells of no object that was put; the loader only acknowledges it")
		return
	case n.Object.Bucket != r.Bucket:
		i.Stays = fmt.Sprintf("it tells of gs://%s; the loader takes notifications of gs://%s alone", n.Object.Bucket, r.Bucket)
		return
	}
	described := n.Metadata != nil
	d, _, err := r.Landing.Describe(ctx, n.Object)
	switch {
	case err == nil:
		n.Description = d
	case !errkind.Is(err, errkind.NotFound):
		i.because("Cloud Storage still refuses it: %v", err)
	case described:
		i.because("%s is gone", n.Object)
	default:
		i.because("%s is gone, and the notification does not say what it was", n.Object)
	}
	if err != nil && !described {
		return
	}
	attrs, err := object.AttrsOf(n.Object, n.Description)
	if err != nil {
		i.because("its metadata cannot be read: %v", err)
		return
	}
	i.Files = append(i.Files, attrs.Source)
	if _, ok := r.Route(attrs.Source); !ok {
		i.because("no source of the configuration matches; the loader passes over it")
	}
}

// ask adds what the load logs say of the items' files: one query for each log.
func (r *Reader) ask(ctx context.Context, items []Item) error {
	names := map[row.Table][]string{}
	for _, i := range items {
		for _, f := range i.Files {
			if target, ok := r.Route(f); ok {
				log := load.LogTable(target.Table)
				names[log] = append(names[log], f.String())
			}
		}
	}
	last, err := lastOf(ctx, r.History, names)
	if err != nil {
		return err
	}
	for n := range items {
		for _, f := range items[n].Files {
			if record, ok := last[f.String()]; ok {
				items[n].because("%s", Tell(record))
			}
		}
	}
	return nil
}

// perQuery is how many files one query names, of up to 1,024 bytes each: BigQuery takes a request of
// 10 MB.
const perQuery = 5000

// lastOf returns the last record of each file, by its name.
func lastOf(ctx context.Context, h History, names map[row.Table][]string) (map[string]load.Record, error) {
	last := map[string]load.Record{}
	for log, files := range names {
		slices.Sort(files)
		for some := range slices.Chunk(slices.Compact(files), perQuery) {
			err := h.LastLoads(ctx, load.LastQuery{Log: log, Files: some}, func(rec load.Record) {
				if known, ok := last[rec.SourceFile]; !ok || known.LoadedAt.Before(rec.LoadedAt) {
					last[rec.SourceFile] = rec
				}
			})
			if err != nil {
				return nil, fmt.Errorf("ask %s: %w", log, err)
			}
		}
	}
	return last, nil
}

// Tell says in one line how a file's last load ended.
func Tell(r load.Record) string {
	text := fmt.Sprintf("last load, %s: %s", r.LoadedAt.UTC().Format("2006-01-02 15:04:05"), r.Outcome)
	if r.Reason != "" {
		text += ": " + r.Reason
	}
	return text
}

// Split returns the letters that are sent back, and the items that stay.
func Split(items []Item) (back []deadletter.Letter, stay []Item) {
	for _, i := range items {
		if i.Stays == "" {
			back = append(back, i.Letter)
		} else {
			stay = append(stay, i)
		}
	}
	return back, stay
}

// Causes counts the causes of items, most frequent first.
func Causes(items []Item) []Count {
	counts := map[string]int{}
	for _, i := range items {
		causes := i.Cause
		if i.Stays != "" {
			causes = []string{"stays: " + i.Stays}
		}
		if len(causes) == 0 {
			causes = []string{"nothing is seen that would stop it now"}
		}
		for _, c := range causes {
			counts[c]++
		}
	}
	return sorted(counts)
}

// Count is how often something was met.
type Count struct {
	What string `json:"what"`
	N    int    `json:"n"`
}

func sorted(counts map[string]int) []Count {
	list := make([]Count, 0, len(counts))
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, Count{what, counts[what]})
	}
	slices.SortStableFunc(list, func(a, b Count) int { return b.N - a.N })
	return list
}
