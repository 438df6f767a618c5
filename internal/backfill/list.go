package backfill

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/seneka-io/seneka/internal/object"
)

const (
	// listers is how many requests list at a time.
	listers = 16
	// enough folders keep the listers busy to the end: no more are looked for.
	enough = 4 * listers
	// Each folder costs a request of its own, so that there must not be too many: without a
	// window to rule some out, and with one.
	mostFolders       = 1_000
	mostFoldersWindow = 10_000
	// mostLevels is how many folders below one another are looked into.
	mostLevels = 16
)

// listing finds the objects of a prefix by several requests at a time. Keys say nothing about how
// many there are, so it looks for folders, level by level, until there are enough to share out.
type listing struct {
	lister Lister
	bucket string
	window window
	after  string             // keys up to this one are left out
	take   func(object.Event) // called by one goroutine at a time

	mu       sync.Mutex
	requests int
	outside  int // objects that the window rules out
}

// run calls take with each object below prefix that the window takes, in no order.
func (l *listing) run(ctx context.Context, prefix string) error {
	objects, _, more, err := l.list(ctx, prefix, l.after, true)
	if err != nil || !more { // most prefixes that a person names are short
		l.add(objects)
		return err
	}
	folders, objects, err := l.split(ctx, prefix)
	if err != nil {
		return err
	}
	l.add(objects)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(listers)
	for _, folder := range folders {
		group.Go(func() error { return l.walk(ctx, folder) })
	}
	return group.Wait()
}

// split returns folders that together hold all that is wanted below prefix, and the objects that
// lie above them.
func (l *listing) split(ctx context.Context, prefix string) (leaves []string, objects []object.Event, err error) {
	level := []string{prefix}
	most := mostFolders
	if !l.window.open() {
		most = mostFoldersWindow
	}
	for range mostLevels {
		few := len(leaves)+len(level) < enough
		var parents []string
		for _, folder := range level {
			if few || l.window.splits(datesOf(folder)) {
				parents = append(parents, folder)
			} else {
				leaves = append(leaves, folder)
			}
		}
		if len(parents) == 0 {
			return leaves, objects, nil
		}
		looks, err := l.lookAll(ctx, parents)
		if err != nil {
			return nil, nil, err
		}
		children := 0
		for _, k := range looks {
			children += len(k.folders)
		}
		if len(leaves)+children > most {
			return append(leaves, parents...), objects, nil // better a few long listings than so many short ones
		}
		level = nil
		for i, k := range looks {
			if k.more {
				leaves = append(leaves, parents[i]) // a thousand entries side by side: no tree
				continue
			}
			objects = append(objects, k.objects...)
			level = append(level, k.folders...)
		}
	}
	return append(leaves, level...), objects, nil
}

// look is what lies in a folder.
type look struct {
	objects []object.Event
	folders []string // that may hold something wanted
	more    bool     // it is not all
}

func (l *listing) lookAll(ctx context.Context, folders []string) ([]look, error) {
	looks := make([]look, len(folders))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(listers)
	for i, folder := range folders {
		group.Go(func() (err error) {
			looks[i], err = l.look(ctx, folder)
			return err
		})
	}
	return looks, group.Wait()
}

func (l *listing) look(ctx context.Context, folder string) (look, error) {
	objects, folders, more, err := l.list(ctx, folder, "", false)
	folders = slices.DeleteFunc(folders, func(f string) bool { return l.behind(f) || l.window.prunes(datesOf(f)) })
	return look{objects, folders, more}, err
}

// behind reports whether no key below the folder comes behind l.after.
func (l *listing) behind(folder string) bool {
	return folder <= l.after && !strings.HasPrefix(l.after, folder)
}

// walk lists all below a folder.
func (l *listing) walk(ctx context.Context, folder string) error {
	after := ""
	if strings.HasPrefix(l.after, folder) {
		after = l.after
	}
	for {
		objects, _, more, err := l.list(ctx, folder, after, true)
		if err != nil {
			return err
		}
		l.add(objects)
		if !more || len(objects) == 0 {
			return nil
		}
		after = objects[len(objects)-1].Key
	}
}

func (l *listing) list(ctx context.Context, prefix, after string, deep bool) ([]object.Event, []string, bool, error) {
	l.mu.Lock()
	l.requests++
	l.mu.Unlock()
	objects, folders, more, err := l.lister.List(ctx, l.bucket, prefix, after, deep)
	if err != nil {
		return nil, nil, false, fmt.Errorf("list s3://%s/%s: %w", l.bucket, prefix, err)
	}
	return objects, folders, more, nil
}

// add hands on the objects that are wanted.
func (l *listing) add(objects []object.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	folder, in := "", dates{} // of the object before, as a rule the next one's too
	for _, o := range objects {
		if f := folderOf(o.Key); f != folder {
			folder, in = f, datesOf(f)
		}
		switch {
		case l.after != "" && o.Key <= l.after:
		case l.window.takes(in, o.Time):
			l.take(o)
		default:
			l.outside++
		}
	}
}
