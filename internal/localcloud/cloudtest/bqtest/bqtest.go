// Package bqtest starts a local BigQuery on loopback for tests: the REST API and the Storage Write
// API over one database in memory, and a count of the calls to the latter.
package bqtest

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/rest"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/write"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/write/enginestore"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/row"
)

// Server is a local BigQuery with the dataset local.logs.
type Server struct {
	DB      *engine.DB
	Proxy   *cloudtest.Proxy // before the REST API
	REST    string           // host:port
	Storage string           // host:port

	t    testing.TB
	dir  string
	stop func()

	mu    sync.Mutex
	calls map[string]int
	hook  Hook
	ahead time.Duration            // of the clock that streams live by
	known map[row.Table]row.Schema // columns as appends know them, where they lag behind
}

// Hook sees each call and each request of a stream before it is handled, and may wait or fail it.
// The method is a name such as "CreateWriteStream"; of a stream, "AppendRows" is its begin and
// "AppendRows request" each request in it.
type Hook func(ctx context.Context, method string) error

// Start starts a server that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	db, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.CreateDataset(t.Context(), engine.Dataset{Project: "local", Name: "logs"}); err != nil {
		t.Fatal(err)
	}
	s := &Server{DB: db, t: t, dir: t.TempDir(), calls: map[string]int{}, known: map[row.Table]row.Schema{}}
	s.Proxy = &cloudtest.Proxy{Next: final(rest.New(db, rest.Options{}))}
	s.REST = strings.TrimPrefix(cloudtest.Serve(t, s.Proxy), "http://")
	s.listen("127.0.0.1:0")
	t.Cleanup(func() { s.stop() })
	return s
}

// final makes a fault of the stand-in itself one that clients do not try again for ever: a test is to
// fail by it, not to hang.
func final(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&finalWriter{ResponseWriter: w}, r)
	})
}

type finalWriter struct {
	http.ResponseWriter
	fault bool
}

// WriteHeader sends the status, another one for an internal error.
func (f *finalWriter) WriteHeader(status int) {
	if f.fault = status == http.StatusInternalServerError; f.fault {
		status = http.StatusNotImplemented
	}
	f.ResponseWriter.WriteHeader(status)
}

// Write sends p, as text if it is an error's JSON, from which clients would take the status.
func (f *finalWriter) Write(p []byte) (int, error) {
	if f.fault {
		_, _ = io.WriteString(f.ResponseWriter, "stand-in: ")
	}
	return f.ResponseWriter.Write(p)
}

// listen starts the Storage API.
func (s *Server) listen(addr string) {
	s.t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		s.t.Fatal(err)
	}
	store, err := enginestore.New(s.t.Context(), s.DB)
	if err != nil {
		s.t.Fatal(err)
	}
	server := grpc.NewServer(append(write.ServerOptions(), grpc.UnaryInterceptor(s.unary), grpc.StreamInterceptor(s.stream))...)
	storagepb.RegisterBigQueryWriteServer(server, write.New(store, write.Options{Dir: s.dir, Now: s.now, Known: s.columns}))
	done := make(chan struct{})
	go func() {
		defer close(done)
		// It may be stopped before it began.
		if err := server.Serve(l); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			s.t.Error(err)
		}
	}()
	s.Storage = l.Addr().String()
	s.stop = func() {
		server.Stop()
		<-done
	}
}

// Restart breaks every connection to the Storage API off and serves again at the same address, as
// after a kill: only what was durable is known.
func (s *Server) Restart() {
	s.t.Helper()
	s.stop()
	s.listen(s.Storage)
}

// Advance moves on the clock that streams live by.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

func (s *Server) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.ahead)
}

// Table makes the table local.logs.name.
func (s *Server) Table(name string, spec row.Spec) row.Table {
	s.t.Helper()
	ref := row.Table{Project: "local", Dataset: "logs", Name: name}
	if _, err := s.DB.CreateTable(s.t.Context(), engine.Table{Ref: ref, Spec: spec}); err != nil {
		s.t.Fatal(err)
	}
	return ref
}

// Lag makes appends know a table by the columns that it has now, whatever they become, until catchUp
// is called.
func (s *Server) Lag(ref row.Table) (catchUp func()) {
	s.t.Helper()
	t, err := s.DB.Table(s.t.Context(), ref)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[ref] = t.Columns
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.known, ref)
	}
}

func (s *Server) columns(ref row.Table, now row.Schema) row.Schema {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.known[ref]; ok {
		return known
	}
	return now
}

// Rows returns the visible rows of a table, in the order they were written.
func (s *Server) Rows(ref row.Table) [][]any {
	s.t.Helper()
	t, err := s.DB.Table(s.t.Context(), ref)
	if err != nil {
		s.t.Fatal(err)
	}
	rows, err := s.DB.Rows(s.t.Context(), ref, t.Columns, 0, 1<<30)
	if err != nil {
		s.t.Fatal(err)
	}
	return rows
}

// Insert puts rows into a table.
func (s *Server) Insert(ref row.Table, rows ...[]any) {
	s.t.Helper()
	ctx := s.t.Context()
	if err := s.DB.Update(ctx, func(tx *engine.Tx) error { return tx.Append(ctx, ref, rows) }); err != nil {
		s.t.Fatal(err)
	}
}

// Hook sets the hook; nil removes it.
func (s *Server) Hook(h Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = h
}

// Calls returns how often each method was called since the last call of it, by names as in Hook.
func (s *Server) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := maps.Clone(s.calls)
	clear(s.calls)
	return calls
}

func (s *Server) note(ctx context.Context, method string) error {
	s.mu.Lock()
	s.calls[method]++
	hook := s.hook
	s.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(ctx, method)
}

func (s *Server) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if err := s.note(ctx, short(info.FullMethod)); err != nil {
		return nil, err
	}
	return handle(ctx, req)
}

func (s *Server) stream(srv any, conn grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	method := short(info.FullMethod)
	if err := s.note(conn.Context(), method); err != nil {
		return err
	}
	return handle(srv, &noted{ServerStream: conn, server: s, method: method + " request"})
}

// short returns the last part of /package.Service/Method.
func short(method string) string { return method[strings.LastIndexByte(method, '/')+1:] }

// noted is a stream whose requests are counted.
type noted struct {
	grpc.ServerStream
	server *Server
	method string
}

// RecvMsg receives the next request.
func (n *noted) RecvMsg(m any) error {
	if err := n.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return n.server.note(n.Context(), n.method)
}
