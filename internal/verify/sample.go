package verify

import (
	"bytes"
	"container/heap"
	"crypto/sha256"
	"slices"
	"strings"
)

// Sampler chooses, among the files that are in order, those that are compared in depth: the n whose
// hash together with the seed is smallest. Whoever has the seed chooses the same of the same files. A
// nil Sampler chooses none.
type Sampler struct {
	n      int
	seed   string
	chosen hashes
}

// NewSampler returns a Sampler of at most n files.
func NewSampler(n int, seed string) *Sampler { return &Sampler{n: n, seed: seed} }

// offer has the file of an entry chosen, perhaps in place of another.
func (s *Sampler) offer(e Entry) {
	if s == nil || s.n == 0 || e.Status != OK || e.Claimed == 0 {
		return
	}
	sum := sha256.Sum256([]byte(s.seed + "\n" + e.File + "\n" + e.Table))
	if len(s.chosen) == s.n {
		if bytes.Compare(sum[:], s.chosen[0].sum[:]) >= 0 {
			return
		}
		heap.Pop(&s.chosen)
	}
	heap.Push(&s.chosen, hashed{sum, e})
}

// Chosen returns the entries, in the order of their files.
func (s *Sampler) Chosen() []Entry {
	if s == nil {
		return nil
	}
	entries := make([]Entry, len(s.chosen))
	for i, h := range s.chosen {
		entries[i] = h.entry
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.File, b.File) })
	return entries
}

// hashes is a heap with the greatest hash on top.
type hashes []hashed

type hashed struct {
	sum   [sha256.Size]byte
	entry Entry
}

// Len implements heap.Interface.
func (h hashes) Len() int { return len(h) }

// Less implements heap.Interface.
func (h hashes) Less(i, j int) bool { return bytes.Compare(h[i].sum[:], h[j].sum[:]) > 0 }

// Swap implements heap.Interface.
func (h hashes) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *hashes) Push(x any) { *h = append(*h, x.(hashed)) }

// Pop implements heap.Interface.
func (h *hashes) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
