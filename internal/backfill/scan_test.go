package backfill

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/object"
)

// scanned returns the keys that a scan gives, those that are not wanted with a minus.
func scanned(t *testing.T, b *bucket, j Job) (keys []string, requests int) {
	t.Helper()
	j.Bucket = "b"
	requests, err := Scan(t.Context(), b, j, func(e object.Event, wanted bool) error {
		key := e.Key
		if !wanted {
			key = "-" + key
		}
		keys = append(keys, key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys, requests
}

// Whatever the keys look like, each comes once and in order.
func TestScanOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		taken := map[string]bool{}
		for range 1 + rng.IntN(6000) {
			var key strings.Builder
			for range 1 + rng.IntN(4) {
				key.WriteString([]string{"a", "a-", "a/", "b/", "0/", "ä/", "z", "//"}[rng.IntN(8)])
			}
			taken[fmt.Sprint(key.String(), rng.IntN(40))] = true
		}
		var keys []string
		for key := range taken {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		if got, _ := scanned(t, newBucket(keys...), Job{}); !slices.Equal(got, keys) {
			t.Fatalf("%d keys came of %d, or not in order", len(got), len(keys))
		}
		prefixed := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return !strings.HasPrefix(k, "a") })
		if got, _ := scanned(t, newBucket(keys...), Job{Prefix: "a"}); !slices.Equal(got, prefixed) {
			t.Fatalf("below a: %d keys came of %d, or not in order", len(got), len(prefixed))
		}
	}
}

// A window rules out whole folders; what it meets nevertheless is told apart.
func TestScanWindow(t *testing.T) {
	var keys []string
	for day := 1; day <= 31; day++ {
		for i := range 100 {
			keys = append(keys, fmt.Sprintf("2026/01/%02d/%03d", day, i))
		}
	}
	keys = append(keys, "none")
	since := time.Date(2026, 1, 30, 0, 0, 0, 0, time.UTC)
	got, requests := scanned(t, newBucket(keys...), Job{Since: since})
	if want := append(keys[28*100:31*100:31*100], "-none"); !slices.Equal(got, want) { // a day to spare
		t.Errorf("%d keys came, %q to %q", len(got), got[0], got[len(got)-1])
	}
	if requests > 10 {
		t.Errorf("%d requests for three days", requests)
	}
	if Day("x/2026/01/02/f", putTime).Day() != 2 || Day("f", putTime.Add(time.Hour)) != putTime {
		t.Error("the day of a key is not that of its folders, else of its put")
	}
	if j := (Job{Since: since}); j.Wanted("2026/01/02/f", since) || !j.Wanted("f", since) {
		t.Error("a key is wanted by its folders, else by its put")
	}
}

// What goes wrong while pages are on their way ends the scan with that error.
func TestScanFails(t *testing.T) {
	var keys []string
	for folder := range 100 {
		for i := range 50 {
			keys = append(keys, fmt.Sprintf("%02d/%03d", folder, i))
		}
	}
	for fail := 1; fail <= 102; fail += 20 {
		b := newBucket(keys...)
		b.fail = fail
		if _, err := Scan(t.Context(), b, Job{Bucket: "b"}, func(object.Event, bool) error { return nil }); err == nil {
			t.Errorf("request %d failed, the scan did not", fail)
		}
	}
	full := errors.New("full")
	n := 0
	_, err := Scan(t.Context(), newBucket(keys...), Job{Bucket: "b"}, func(object.Event, bool) error {
		if n++; n == 1234 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || n != 1234 {
		t.Errorf("after %d keys: %v", n, err)
	}
}
