package main

import (
	"maps"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"
)

// The cloud is stopped and killed, and started again on its state: what it took it keeps, what
// nobody had taken from it is delivered, and files flow on.
func TestCloudRestarts(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	p := startPipeline(t, ports(func() int { return freePort(t) })...)
	p.startForwarder(t)
	p.startLoader(t)
	files := slices.DeleteFunc(corpus(t, rng), func(f logFile) bool { return f.outcome == "" })
	shuffle(rng, files)
	quarter := len(files) / 4
	put := func(files []logFile) {
		for _, f := range files {
			p.put(t, f.key, f.data)
		}
	}

	put(files[:quarter])
	p.awaitLoads(t, files[:quarter], 1)
	p.loader.stop(t, loaderDrain)
	put(files[quarter : 2*quarter]) // their notifications wait in Pub/Sub
	p.awaitEmpty(t)
	p.forwarder.stop(t, forwarderDrain)
	put(files[2*quarter : 3*quarter]) // theirs in SQS
	before := p.ask(t, rowsQuery)
	p.cloud.stop(t, cloudDrain)
	p.startCloud(t)
	p.checkSame(t, before)
	p.startForwarder(t)
	p.startLoader(t)
	p.awaitLoads(t, files[:3*quarter], 1)

	for batch := range slices.Chunk(files[3*quarter:], 4) {
		put(batch)
		time.Sleep(time.Duration(rng.IntN(150)) * time.Millisecond) // any moment will do
		p.cloud.kill()
		p.startCloud(t)
	}
	p.awaitLoads(t, files, 1)
	p.checkRows(t, files)
	before = p.ask(t, rowsQuery)
	p.cloud.kill()
	p.startCloud(t)
	p.checkSame(t, before)
	p.checkRejects(t, files)
	p.checkClaims(t, files)
	p.checkParked(t)
	p.awaitEmpty(t)
}

// cloudDrain is how long the cloud may take to end.
const cloudDrain = 10 * time.Second

// checkSame fails the test unless the table is as before.
func (p *pipeline) checkSame(t *testing.T, before map[string][]bigquery.Value) {
	t.Helper()
	if after := p.ask(t, rowsQuery); !maps.EqualFunc(before, after, slices.Equal) {
		t.Errorf("the table was %v, is %v", before, after)
	}
}
