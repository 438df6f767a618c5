package main

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// calls counts the requests that Cloud Storage gets, by kind, and gives each the latency of a service far away.
type calls struct {
	next http.Handler

	mu      sync.Mutex
	counts  map[string]int64
	latency time.Duration
}

// The kinds of requests.
const (
	objectGet = "object GET"
	claimGet  = "claim GET"
	claimPut  = "claim PUT"
	otherCall = "other of Cloud Storage"
)

// ledgers is how the buckets of claims are called.
const ledgers = "ledger-"

// ServeHTTP counts a request and hands it on.
func (c *calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	if c.counts == nil {
		c.counts = map[string]int64{}
	}
	c.counts[kindOf(r)]++
	latency := c.latency
	c.mu.Unlock()
	time.Sleep(latency)
	c.next.ServeHTTP(w, r)
}

// kindOf tells what a request of the loader's is: it reads by the XML API and writes by the JSON API.
func kindOf(r *http.Request) string {
	ofClaim := strings.Contains(r.URL.Path, "/"+ledgers)
	switch {
	case r.Method == http.MethodGet && ofClaim:
		return claimGet
	case r.Method == http.MethodGet:
		return objectGet
	case r.Method == http.MethodPost && ofClaim:
		return claimPut
	default:
		return otherCall
	}
}

// slow sets the latency from now on.
func (c *calls) slow(latency time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latency = latency
}

// snapshot returns how many requests of each kind have come.
func (c *calls) snapshot() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}
