package cloudtest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Listener listens on loopback and counts the connections that it accepted and that are open.
type Listener struct {
	net.Listener
	open atomic.Int64
}

// Listen returns a Listener on a free port. Whoever serves on it closes it.
func Listen(t testing.TB) *Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &Listener{Listener: l}
}

// Open returns how many connections are open.
func (l *Listener) Open() int { return int(l.open.Load()) }

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.open.Add(1)
	return &countedConn{Conn: c, closed: sync.OnceFunc(func() { l.open.Add(-1) })}, nil
}

// countedConn tells when it is closed.
type countedConn struct {
	net.Conn
	closed func()
}

// Close closes the connection.
func (c *countedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}
