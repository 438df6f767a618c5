package write

import (
	"context"
	"sync"
)

// group brings concurrent transactions into the store together: a transaction that is durable
// costs the same for one file as for ten. Whoever has the turn takes along all that wait.
type group struct {
	store Store
	turn  sync.Mutex // held for the time of a transaction

	mu      sync.Mutex
	waiting []*change
}

// change is what one caller wants done. Its fields but fn are read and written under turn.
type change struct {
	fn   func(Tx) error
	done bool
	err  error
}

// update is Store.Update. It may call fn twice: what the first call did is then undone.
func (g *group) update(ctx context.Context, fn func(Tx) error) error {
	c := &change{fn: fn}
	g.mu.Lock()
	g.waiting = append(g.waiting, c)
	g.mu.Unlock()

	g.turn.Lock()
	defer g.turn.Unlock()
	if c.done {
		return c.err
	}
	g.mu.Lock()
	all := g.waiting
	g.waiting = nil
	g.mu.Unlock()
	g.run(ctx, all)
	return c.err
}

// run makes one transaction of all changes. If one of them fails, which undoes all, each has one
// of its own. If the transaction itself fails nobody knows what came of it: no second attempt.
func (g *group) run(ctx context.Context, all []*change) {
	var failed error
	err := g.store.Update(ctx, func(tx Tx) error {
		for _, c := range all {
			if failed = c.fn(tx); failed != nil {
				return failed
			}
		}
		failed = tx.Flush(ctx)
		return failed
	})
	for _, c := range all {
		c.done, c.err = true, err
		if failed != nil && len(all) > 1 {
			c.err = g.store.Update(ctx, c.fn)
		}
	}
}
