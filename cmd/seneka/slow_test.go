package main

import (
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/localcloud/readyfile"
)

// slowDown lets the programs find the cloud behind slow connections from now on: a program that is
// killed dies in the middle of a call, or between two, not mostly while it computes.
func (p *pipeline) slowDown(t *testing.T) {
	t.Helper()
	r := p.ready
	r.S3 = "http://" + slow(t, readyfile.HostOf(r.S3))
	r.GCS = "http://" + slow(t, readyfile.HostOf(r.GCS))
	r.BigQueryStorage = slow(t, r.BigQueryStorage)
	p.slowed = &r
}

// slow returns the address of a relay to addr that holds back each message for a while.
func slow(t *testing.T, addr string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			server, err := net.Dial("tcp", addr)
			if err != nil {
				client.Close()
				continue
			}
			connections.Go(func() { relay(client, server) })
			connections.Go(func() { relay(server, client) })
		}
	})
	t.Cleanup(func() { // when the programs have ended, and with them their connections
		l.Close()
		connections.Wait()
	})
	return l.Addr().String()
}

// relay sends what comes from one connection on to the other, until either ends, and closes both. A
// read that fills the buffer is part of something large, which is not held back.
func relay(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if n < len(buf) {
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		}
		if _, writeErr := to.Write(buf[:n]); writeErr != nil || err != nil {
			return
		}
	}
}
