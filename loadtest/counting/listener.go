package counting

import (
	"net"
	"sync"
	"sync/atomic"
)

// listener counts the connections that are open.
type listener struct {
	net.Listener
	open atomic.Int64
}

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.open.Add(1)
	return &connection{Conn: c, closed: sync.OnceFunc(func() { l.open.Add(-1) })}, nil
}

type connection struct {
	net.Conn
	closed func()
}

// Close closes the connection.
func (c *connection) Close() error {
	c.closed()
	return c.Conn.Close()
}
