// Package counting is a BigQuery for measuring: the Storage Write API, and as much of the REST API as a loader
// asks for. It counts rows, bytes, requests, streams and connections, and keeps and decodes no row, so that it
// takes as little of the machine as can be from the programs that are measured on it.
//
// It still holds the contract of write streams: offsets, types, ends and commits. What rows hold it does not look
// at, so it refuses none, and it answers no query.
package counting

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc"

	"github.com/seneka-io/seneka/internal/row"
)

// Options describe a Server. The latencies are what the real service has and this one does not; zero: none.
type Options struct {
	Datasets []string // that are there from the start, project.dataset

	Append time.Duration // before the answer to each append request
	Call   time.Duration // before that to CreateWriteStream, FinalizeWriteStream and BatchCommitWriteStreams
}

// Total is what is visible in a table.
type Total struct {
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"` // of the encoded rows
}

// Counts is what has come so far.
type Counts struct {
	// Requests are by the method's name. "AppendRows" is how often a connection for appending was opened,
	// "AppendRows request" the requests on them; those of REST are called as the documentation does: tables.get.
	Requests    map[string]int64
	Tables      map[row.Table]Total
	Streams     int64 // made by CreateWriteStream
	Appending   int64 // connections for appending that are open: those that BigQuery limits
	Connections int64 // of gRPC that are open, each with any number of these
}

// Server is a BigQuery on loopback. Safe for concurrent use.
type Server struct {
	storagepb.UnimplementedBigQueryWriteServer
	// REST and Storage are host:port of the two APIs.
	REST, Storage string

	opts        Options
	rest        *http.Server
	grpc        *grpc.Server
	connections *listener

	mu       sync.Mutex // guards what follows; never held while anybody waits
	requests map[string]int64
	datasets map[string]bool // project.dataset
	tables   map[row.Table]*table
	streams  map[string]*stream
	made     int64 // streams
	open     int64 // connections for appending
}

// Start listens on two free ports. The caller closes the Server.
func Start(o Options) (*Server, error) {
	s := &Server{opts: o, requests: map[string]int64{}, datasets: map[string]bool{}, tables: map[row.Table]*table{}, streams: map[string]*stream{}}
	for _, name := range o.Datasets {
		s.datasets[name] = true
	}
	rest, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("counting BigQuery: %w", err)
	}
	storage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("counting BigQuery: %w", err), rest.Close())
	}
	s.REST, s.Storage = rest.Addr().String(), storage.Addr().String()
	s.connections = &listener{Listener: storage}
	s.rest = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	s.grpc = grpc.NewServer(
		grpc.ForceServerCodecV2(newCodec()), grpc.MaxRecvMsgSize(2*maxRequest),
		// A batch of rows comes in a few large reads and asks for few updates of the window.
		grpc.ReadBufferSize(256<<10), grpc.StaticStreamWindowSize(8<<20), grpc.StaticConnWindowSize(32<<20))
	storagepb.RegisterBigQueryWriteServer(s.grpc, s)
	go func() { _ = s.rest.Serve(rest) }() // until Close
	go func() { _ = s.grpc.Serve(s.connections) }()
	return s, nil
}

// Close cuts all connections.
func (s *Server) Close() error {
	s.grpc.Stop()
	return s.rest.Close()
}

// Counts returns what has come so far.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := Counts{
		Requests: maps.Clone(s.requests), Tables: map[row.Table]Total{},
		Streams: s.made, Appending: s.open, Connections: s.connections.open.Load(),
	}
	for ref, t := range s.tables {
		c.Tables[ref] = t.Total
	}
	return c
}

func (s *Server) count(method string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[method]++
}
