package deadletter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// box is a box in memory. It survives the processes that work on it.
type box struct {
	mu       sync.Mutex
	waiting  []Letter
	hidden   map[string]Letter
	sent     map[string]int // copies by ID
	perTake  int
	released int

	calls int
	fail  map[int]fault // by number of the call
	stop  context.CancelFunc
	dead  bool
}

// fault is how a call goes wrong.
type fault struct {
	effect bool // the service did it all the same
	kill   bool // and the process dies
}

var errFault = errors.New("the service did not answer")

func newBox(n int) *box {
	b := &box{hidden: map[string]Letter{}, sent: map[string]int{}, perTake: 10}
	for i := range n {
		b.waiting = append(b.waiting, Letter{ID: fmt.Sprint(i), Body: []byte("body")})
	}
	return b
}

// call counts a call, and does it unless it is to go wrong.
func (b *box) call(do func()) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dead {
		return errFault
	}
	f, wrong := b.fail[b.calls]
	b.calls++
	if !wrong || f.effect {
		do()
	}
	if f.kill {
		b.dead = true
		b.stop()
	}
	if wrong {
		return errFault
	}
	return nil
}

func (b *box) Take(_ context.Context, most int, _ time.Duration) (got []Letter, err error) {
	err = b.call(func() {
		n := min(most, b.perTake, len(b.waiting))
		got = slices.Clone(b.waiting[:n])
		b.waiting = b.waiting[n:]
		for i := range got {
			got[i].Receipt = "r" + got[i].ID
			b.hidden[got[i].Receipt] = got[i]
		}
	})
	if err != nil {
		got = nil
	}
	return got, err
}

func (b *box) Resend(_ context.Context, l Letter) error {
	return b.call(func() { b.sent[l.ID]++ })
}

func (b *box) Remove(_ context.Context, l Letter) error {
	return b.call(func() { delete(b.hidden, l.Receipt) })
}

func (b *box) Release(_ context.Context, l Letter) error {
	return b.call(func() {
		b.released++
		b.show(l.Receipt)
	})
}

func (b *box) show(receipt string) {
	if l, ok := b.hidden[receipt]; ok {
		delete(b.hidden, receipt)
		b.waiting = append(b.waiting, l)
	}
}

// later lets the hiding of every letter end.
func (b *box) later() {
	for receipt := range b.hidden {
		b.show(receipt)
	}
}

// replay brings all letters back, as one process; it returns whether the process lived.
func (b *box) replay(t *testing.T, fail map[int]fault) (failed int, alive bool) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	b.calls, b.fail, b.stop, b.dead = 0, fail, stop, false
	letters, _, err := Collect(ctx, b, 100)
	if err != nil {
		Release(ctx, b, letters)
		failed++
	} else {
		Return(ctx, b, letters, func(r Result) {
			if r.Err != nil {
				failed++
			}
		})
	}
	return failed, !b.dead
}

func TestReturn(t *testing.T) {
	b := newBox(25)
	if failed, _ := b.replay(t, nil); failed != 0 || len(b.waiting)+len(b.hidden) != 0 || len(b.sent) != 25 {
		t.Errorf("%d failed, %d waiting, %d hidden, %d sent", failed, len(b.waiting), len(b.hidden), len(b.sent))
	}
	for id, n := range b.sent {
		if n != 1 {
			t.Errorf("letter %s was sent %d times", id, n)
		}
	}
}

// Whatever call fails, in whatever way, no letter is lost: at every moment it waits, is hidden or was
// sent, and running again sends all.
func TestNoLetterIsLost(t *testing.T) {
	const letters = 3
	for _, f := range []fault{{}, {effect: true}, {kill: true}, {effect: true, kill: true}} {
		for k := 0; ; k++ {
			b := newBox(letters)
			_, _ = b.replay(t, map[int]fault{k: f})
			reached := b.calls > k
			for i := range letters {
				id := fmt.Sprint(i)
				_, hidden := b.hidden["r"+id]
				if !hidden && b.sent[id] == 0 && !slices.ContainsFunc(b.waiting, func(l Letter) bool { return l.ID == id }) {
					t.Errorf("fault %+v at call %d: letter %s is lost", f, k, id)
				}
			}
			b.later()
			if failed, _ := b.replay(t, nil); failed != 0 || len(b.sent) != letters || len(b.waiting)+len(b.hidden) != 0 {
				t.Errorf("fault %+v at call %d, run again: %d failed, %d of %d sent, %d waiting", f, k, failed, len(b.sent), letters, len(b.waiting))
			}
			if !reached {
				if k < 2*letters+2 {
					t.Errorf("only %d calls", k)
				}
				break
			}
		}
	}
}

// A look takes no more than it was asked for, says that there is more, and gives all back.
func TestCollectBounded(t *testing.T) {
	for _, tt := range []struct {
		have, most, want int
		more             bool
	}{{0, 5, 0, false}, {3, 5, 3, false}, {5, 5, 5, false}, {6, 5, 5, true}, {40, 25, 25, true}, {1, 0, 0, true}} {
		b := newBox(tt.have)
		letters, more, err := Collect(t.Context(), b, tt.most)
		if err != nil || len(letters) != tt.want || more != tt.more || len(b.hidden) != tt.want {
			t.Errorf("%+v: %d letters, more %v, %d hidden, %v", tt, len(letters), more, len(b.hidden), err)
		}
		Release(t.Context(), b, letters)
		if len(b.waiting) != tt.have || len(b.hidden) != 0 || len(b.sent) != 0 {
			t.Errorf("%+v: released, %d wait, %d are hidden, %d sent", tt, len(b.waiting), len(b.hidden), len(b.sent))
		}
	}
}

// A letter that was delivered twice counts once, and a box that gives only such ends the look.
func TestCollectTwice(t *testing.T) {
	b := newBox(2)
	b.waiting = append(b.waiting, b.waiting[0], b.waiting[1])
	b.perTake = 2
	letters, more, err := Collect(t.Context(), b, 10)
	if err != nil || len(letters) != 2 || more {
		t.Errorf("%v, more %v, %v; want two", letters, more, err)
	}
}

// A failure says where the letter is, and others go on.
func TestReturnFails(t *testing.T) {
	b := newBox(2)
	letters, _, err := Collect(t.Context(), b, 10)
	if err != nil {
		t.Fatal(err)
	}
	b.calls, b.fail = 0, map[int]fault{1: {}}
	var got []string
	Return(t.Context(), b, letters[:1], func(r Result) { got = append(got, r.Err.Error()) })
	if want := []string{"it was sent back, and stays a dead letter too: the service did not answer"}; !slices.Equal(got, want) {
		t.Errorf("errors %q, want %q", got, want)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	Return(ctx, b, letters[1:], func(r Result) {
		if !errors.Is(r.Err, context.Canceled) || b.sent["1"] != 0 || len(b.waiting) != 1 {
			t.Errorf("stopped before it began: %v, sent %d times, %d wait", r.Err, b.sent["1"], len(b.waiting))
		}
	})
}
