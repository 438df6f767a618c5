package backfill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
)

// bucket is S3 as a listing sees it, with pages of a thousand entries. It has the rules of
// ListObjectsV2 that count here.
type bucket struct {
	objects []object.Event // in the order of their keys

	mu       sync.Mutex
	requests int
	busy     int // at this moment
	busiest  int
	fail     int // the request of this number fails; 0: none
}

// putTime is when every object of newBucket was put: before the clock of a bubble begins.
var putTime = time.Date(1999, 12, 15, 0, 0, 0, 0, time.UTC)

func newBucket(keys ...string) *bucket {
	b := &bucket{}
	for _, key := range keys {
		b.objects = append(b.objects, object.Event{
			Source: object.Source{Bucket: "b", Key: key}, Version: object.Version{ETag: "e-" + key, Size: 100}, Time: putTime,
		})
	}
	slices.SortFunc(b.objects, func(x, y object.Event) int { return strings.Compare(x.Key, y.Key) })
	return b
}

const pageSize = 1000

// at returns the place of the first object at key or behind it.
func (b *bucket) at(key string) int {
	i, _ := slices.BinarySearchFunc(b.objects, key, func(o object.Event, key string) int { return strings.Compare(o.Key, key) })
	return i
}

func (b *bucket) List(ctx context.Context, name, prefix, after string, deep bool) (objects []object.Event, folders []string, more bool, err error) {
	b.mu.Lock()
	b.requests++
	b.busy++
	b.busiest = max(b.busiest, b.busy)
	fail := b.requests == b.fail
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.busy--
		b.mu.Unlock()
	}()
	if fail || name != "b" || ctx.Err() != nil {
		return nil, nil, false, errkind.With(errkind.Transient, errors.New("the listing broke off"))
	}
	for i := b.at(max(prefix, after)); i < len(b.objects) && strings.HasPrefix(b.objects[i].Key, prefix); {
		key := b.objects[i].Key
		if key <= after {
			i++
			continue
		}
		if len(objects)+len(folders) == pageSize {
			return objects, folders, true, nil
		}
		if slash := strings.IndexByte(key[len(prefix):], '/'); !deep && slash >= 0 {
			folder := key[:len(prefix)+slash+1]
			folders = append(folders, folder)
			i = b.at(folder[:len(folder)-1] + string('/'+1)) // behind all that share it
			continue
		}
		objects = append(objects, b.objects[i])
		i++
	}
	return objects, folders, false, nil
}

// listed runs a listing and returns the keys it found, in order.
func listed(t *testing.T, b *bucket, prefix, after string, w window) []string {
	t.Helper()
	var keys []string
	l := &listing{lister: b, bucket: "b", window: w, after: after, take: func(o object.Event) { keys = append(keys, o.Key) }}
	if err := l.run(t.Context(), prefix); err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	return keys
}

// wanted filters the bucket's keys by hand.
func (b *bucket) wanted(prefix, after string, w window) []string {
	var keys []string
	for _, o := range b.objects {
		if strings.HasPrefix(o.Key, prefix) && o.Key > after && w.takes(datesOf(o.Key), o.Time) {
			keys = append(keys, o.Key)
		}
	}
	return keys
}

func sameKeys(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%d keys, want %d; first difference: %q", len(got), len(want), firstDifference(got, want))
	}
}

func firstDifference(a, b []string) []string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return []string{a[i], b[i]}
		}
	}
	return slices.Concat(a[min(len(a), len(b)):], b[min(len(a), len(b)):])[:1]
}

const many = 100_000

// layout is a bucket as one meets them: the keys by number, how many, and the most requests that a
// listing of all may take beyond its pages.
type layout struct {
	key  func(i int) string
	keys int
	most int
}

func (l layout) bucket() *bucket {
	keys := make([]string, l.keys)
	for i := range keys {
		keys[i] = l.key(i)
	}
	return newBucket(keys...)
}

// folderOfDay is a folder of one of three years' days.
func folderOfDay(i int, format string) string {
	return day("2024-01-01").AddDate(0, 0, i%1096).Format(format)
}

var layouts = map[string]layout{
	"dates": {func(i int) string {
		return fmt.Sprintf("AWSLogs/%012d/elasticloadbalancing/us-east-1/%s/f-%06d.log.gz", i%4, folderOfDay(i, "2006/01/02"), i)
	}, many, 200},
	"partitions": {func(i int) string {
		return fmt.Sprintf("logs/dt=%s/hour=%02d/f-%06d", folderOfDay(i, time.DateOnly), i%24, i)
	}, many, 400},
	"flat":              {func(i int) string { return fmt.Sprintf("f-%06d", i) }, many, 3},
	"a folder per file": {func(i int) string { return fmt.Sprintf("id-%06d/file", i) }, many, 3},
	"hash folders":      {func(i int) string { return fmt.Sprintf("%02x/f-%06d", i%256, i) }, many / 5, 260},
	"two levels of it":  {func(i int) string { return fmt.Sprintf("a-%03d/b-%03d/file", i/150, i%150) }, many / 5, 300},
	"endless":           {func(i int) string { return strings.Repeat("d/", i%50) + fmt.Sprintf("f-%06d", i) }, many / 5, 40},
	"strange names":     {func(i int) string { return fmt.Sprintf("%x//%c/+ &%%/f %06d", i%50, rune('à'+i%7), i) }, many / 5, 500},
}

// Whatever the layout, all keys are found, each once, and the requests stay few.
func TestListingIsCompleteAndFrugal(t *testing.T) {
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			b := layout.bucket()
			sameKeys(t, listed(t, b, "", "", window{}), b.wanted("", "", window{}))
			t.Logf("%d requests", b.requests)
			if most := layout.keys/pageSize + layout.most; b.requests > most {
				t.Errorf("%d requests, want at most %d", b.requests, most)
			}
			if b.busiest > listers {
				t.Errorf("%d requests at a time, want at most %d", b.busiest, listers)
			}
			for _, after := range []string{b.objects[layout.keys/3].Key, b.objects[layout.keys-1].Key, "\U0010FFFF"} {
				sameKeys(t, listed(t, b, "", after, window{}), b.wanted("", after, window{}))
			}
		})
	}
}

// A week of three years is found without listing the rest.
func TestListingLeavesOutOtherDates(t *testing.T) {
	for _, name := range []string{"dates", "partitions"} {
		b := layouts[name].bucket()
		w := window{day("2025-03-01"), day("2025-03-08")}
		sameKeys(t, listed(t, b, "", "", w), b.wanted("", "", w))
		t.Logf("%s: %d requests", name, b.requests)
		if most := 120; b.requests > most {
			t.Errorf("%s: %d requests for a week, want at most %d", name, b.requests, most)
		}
	}
}

func TestListingOfPrefixes(t *testing.T) {
	b := newBucket("logs/2026/01/01/a", "logs/2026/01/02/b", "logs2/c", "logs", "logs/", "other", "logs//x", "l")
	for _, prefix := range []string{"", "logs", "logs/", "logs/2026/0", "logs/2026/01/02/b", "none", "logs//"} {
		for _, w := range []window{{}, {since: day("2026-01-04")}, {until: day("2025-12-30")}} {
			for _, after := range []string{"", "logs", "logs/2026/01/01/a", "logs/2026/02", "zzz"} {
				sameKeys(t, listed(t, b, prefix, after, w), b.wanted(prefix, after, w))
			}
		}
	}
}

// Where any request fails the listing fails: no part of it is taken for the whole.
func TestListingFails(t *testing.T) {
	few := layouts["dates"]
	few.keys = 5000
	all := few.bucket()
	listed(t, all, "", "", window{})
	for n := 1; n <= all.requests; n++ {
		b := &bucket{objects: all.objects, fail: n}
		l := &listing{lister: b, bucket: "b", take: func(object.Event) {}}
		if err := l.run(t.Context(), ""); err == nil {
			t.Errorf("request %d of %d failed, and the listing did not", n, all.requests)
		}
	}
}
