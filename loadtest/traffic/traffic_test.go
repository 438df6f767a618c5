package traffic

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"
)

// As many files come as the rate says, in order, more of them just behind the end of a period.
func TestPlan(t *testing.T) {
	o := Options{Seed: 3, Rate: 50, For: 20 * time.Minute, Tide: 0.05, Repeats: 0.1, Late: time.Minute}
	plan := Plan(o)
	if want := o.Rate * o.For.Seconds(); math.Abs(float64(len(plan))-want) > want/20 {
		t.Errorf("%d files, want about %.0f", len(plan), want)
	}
	perMinute := make([]int, 20)
	repeated, copies := 0, 0
	for i, a := range plan {
		if a.File != i || a.At < 0 || a.At >= o.For || i > 0 && a.At < plan[i-1].At {
			t.Fatalf("arrival %d: %+v", i, a)
		}
		perMinute[int(a.At.Minutes())]++
		copies += len(a.Again)
		if len(a.Again) > 0 {
			repeated++
		}
		for _, late := range a.Again {
			if late < 0 || late > o.Late {
				t.Fatalf("arrival %d: %+v", i, a)
			}
		}
	}
	if share := float64(repeated) / float64(len(plan)); share < 0.08 || share > 0.12 || copies <= repeated || copies >= 2*repeated {
		t.Errorf("%d of %d files come again, %d times", repeated, len(plan), copies)
	}
	for minute, n := range perMinute {
		if busy := minute%5 == 1; busy != (n > 3300) {
			t.Errorf("minute %d has %d files of %d", minute, n, slices.Max(perMinute))
		}
	}
}

// The same seed gives the same plan, another one another.
func TestPlanIsOfItsSeed(t *testing.T) {
	o := Options{Seed: 3, Rate: 5, For: time.Minute, Repeats: 0.5, Late: time.Second}
	a, b := Plan(o), Plan(o)
	o.Seed++
	if c := Plan(o); !reflect.DeepEqual(a, b) || reflect.DeepEqual(a, c) {
		t.Errorf("%d, %d and %d files", len(a), len(b), len(c))
	}
}

// A burst comes at once, before all else.
func TestBurst(t *testing.T) {
	plan := Plan(Options{Seed: 1, Burst: 500, Rate: 1, For: 2 * time.Minute})
	if len(plan) < 550 || plan[499].At != 0 || plan[520].At == 0 {
		t.Errorf("%d files; the last of the burst comes after %s, another after %s", len(plan), plan[499].At, plan[520].At)
	}
	if n := Busiest(plan, time.Second); n < 500 || n > 510 {
		t.Errorf("%d files come within a second", n)
	}
}

func TestBusiest(t *testing.T) {
	plan := []Arrival{{At: 0}, {At: 900 * time.Millisecond}, {At: 1000 * time.Millisecond}, {At: 1800 * time.Millisecond}, {At: 1850 * time.Millisecond}, {At: 5 * time.Second}}
	if n := Busiest(plan, time.Second); n != 4 {
		t.Errorf("%d, want 4: from 900 to 1850 ms", n)
	}
	if n := Busiest(nil, time.Second); n != 0 {
		t.Errorf("%d of none", n)
	}
}
