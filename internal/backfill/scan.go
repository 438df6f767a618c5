package backfill

import (
	"cmp"
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seneka-io/seneka/internal/object"
)

// ahead is how many pages of a folder are listed before they are asked for.
const ahead = 2

// Scan calls each with the objects below j's prefix in the order of their keys; wanted tells whether
// j's times take the object. Folders whose dates rule out all that lies in them are not listed. It
// lists several folders at a time and holds no more than some ten thousand objects, however many
// there are. It returns how many requests it made.
func Scan(ctx context.Context, lister Lister, j Job, each func(e object.Event, wanted bool) error) (requests int, err error) {
	l := &listing{lister: lister, bucket: j.Bucket, window: window{j.Since, j.Until}}
	s := scan{listing: l, each: each}
	err = s.run(ctx, j.Prefix)
	return l.requests, err
}

// Day returns the day that an object counts to, by the date in its key's folders, else by the time of
// its put; of a month in the folders the first day.
func Day(key string, put time.Time) time.Time {
	if d := datesOf(key); d.known() {
		return d.first
	}
	return put.UTC().Truncate(24 * time.Hour)
}

// Wanted reports whether j's times take an object of that key, put then.
func (j Job) Wanted(key string, put time.Time) bool {
	return window{j.Since, j.Until}.takes(datesOf(key), put)
}

// scan is a listing in order.
type scan struct {
	*listing
	each   func(e object.Event, wanted bool) error
	folder string // of the object before, as a rule the next one's too
	in     dates
}

// stretch is a part of the listing: one object, or all below a folder.
type stretch struct {
	key    string // of the object, or the folder
	object object.Event
	pages  chan []object.Event // nil: the object
}

func (s *scan) run(ctx context.Context, prefix string) error {
	objects, _, more, err := s.list(ctx, prefix, "", true)
	if err != nil || !more {
		return cmp.Or(err, s.hand(objects))
	}
	folders, objects, err := s.split(ctx, prefix)
	if err != nil {
		return err
	}
	var parts []stretch
	for _, folder := range folders {
		parts = append(parts, stretch{key: folder, pages: make(chan []object.Event, ahead)})
	}
	for _, o := range objects {
		parts = append(parts, stretch{key: o.Key, object: o})
	}
	slices.SortFunc(parts, func(a, b stretch) int { return cmp.Compare(a.key, b.key) })
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.fetch(ctx, parts) })
	group.Go(func() error { return s.drain(ctx, parts) })
	return group.Wait()
}

// fetch lists the folders, several at a time. They begin in order, so that the one that is waited for
// is always among them.
func (s *scan) fetch(ctx context.Context, parts []stretch) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(listers)
	for _, p := range parts {
		if p.pages == nil {
			continue
		}
		group.Go(func() error {
			defer close(p.pages)
			for after := ""; ; {
				objects, _, more, err := s.list(ctx, p.key, after, true)
				if err != nil {
					return err
				}
				select {
				case p.pages <- objects:
				case <-ctx.Done():
					return ctx.Err()
				}
				if !more || len(objects) == 0 {
					return nil
				}
				after = objects[len(objects)-1].Key
			}
		})
	}
	return group.Wait()
}

// drain hands the parts on in order.
func (s *scan) drain(ctx context.Context, parts []stretch) error {
	for _, p := range parts {
		if p.pages == nil {
			if err := s.hand([]object.Event{p.object}); err != nil {
				return err
			}
			continue
		}
		for page := range p.pages {
			if err := s.hand(page); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil { // the pages may have ended by it
			return err
		}
	}
	return nil
}

func (s *scan) hand(objects []object.Event) error {
	for _, o := range objects {
		if f := folderOf(o.Key); f != s.folder {
			s.folder, s.in = f, datesOf(f)
		}
		if err := s.each(o, s.window.takes(s.in, o.Time)); err != nil {
			return err
		}
	}
	return nil
}
