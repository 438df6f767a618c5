// Package dashboard is the page of a running local cloud: the pipeline with live counts, the last
// files, a box to upload one and a box to run SQL. It is one HTML file, embedded, that asks the
// handlers here by JSON; it loads nothing from elsewhere.
//
// The page acts for whoever opens it, so it is for this machine only: a request under another host
// name than this machine's own, or sent by another site's page, is refused.
package dashboard

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Cloud is what the page shows and works on. Safe for concurrent use.
type Cloud interface {
	// State returns the counts and the last files.
	State(ctx context.Context) (State, error)
	// Route says what becomes of an object of that key; ok is false if no source takes it.
	Route(bucket, key string) (r Route, ok bool)
	// Put stores size bytes of body as an object.
	Put(ctx context.Context, bucket, key string, body io.Reader, size int64) error
	// Query runs one query and returns at most limit of its rows.
	Query(ctx context.Context, sql string, limit int) (Table, error)
	// Report returns the page of seneka report since a time as that takes it, such as 1d. Its one
	// style element is all that it has of style, and it has no script.
	Report(ctx context.Context, since string) ([]byte, error)
}

// State is what the page shows.
type State struct {
	Objects int              `json:"objects"` // in S3
	Queue   Depth            `json:"queue"`   // SQS, before the forwarder
	Landed  int              `json:"landed"`  // objects in the landing bucket
	Push    Depth            `json:"push"`    // Pub/Sub, before the loader
	Rows    int64            `json:"rows"`    // of all files that were loaded
	Rejects int64            `json:"rejects"` // of all files that were loaded
	Loads   map[string]int64 `json:"loads"`   // how many ended with an outcome
	Files   []File           `json:"files"`   // the last ones, newest first
}

// Depth is how many messages lie between two hops.
type Depth struct {
	Waiting  int `json:"waiting"`
	InFlight int `json:"in_flight"` // with their receiver
	Done     int `json:"done"`      // since the cloud was started
	Dead     int `json:"dead"`      // given up and parked
}

// File is one load of the load log.
type File struct {
	File    string    `json:"file"` // s3://bucket/key
	Table   string    `json:"table"`
	Outcome string    `json:"outcome"`
	Reason  string    `json:"reason"` // where the outcome is not "loaded"
	Rows    int64     `json:"rows"`
	Rejects int64     `json:"rejects"`
	Seconds *float64  `json:"seconds"` // from put to queryable; nil if nothing became so
	At      time.Time `json:"at"`
}

// Route is the source that takes an object.
type Route struct {
	Source string `json:"source"`
	Format string `json:"format"`
	Table  string `json:"table"`
}

// Table is the result of a query.
type Table struct {
	Columns []Column    `json:"columns"`
	Rows    [][]*string `json:"rows"` // nil is NULL
	More    bool        `json:"more"` // there are more rows than these
}

// Column is a column of a result.
type Column struct {
	Name    string `json:"name"`
	Numeric bool   `json:"numeric"`
}

// Setup is what the page needs to know once.
type Setup struct {
	Buckets   []string   `json:"buckets"` // of S3, to upload to
	Examples  []Example  `json:"examples"`
	Endpoints []Endpoint `json:"endpoints"`
}

// Endpoint is a service's address.
type Endpoint struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// Example is a query to try.
type Example struct {
	Title string `json:"title"`
	SQL   string `json:"sql"`
}

const (
	maxSQL  = 1 << 20 // bytes of a query, as of BigQuery's own
	maxRows = 500     // of a result that are shown
)

//go:embed page.html
var page []byte

type handler struct {
	cloud Cloud
	setup Setup
	csp   string
}

// New returns the page and its endpoints.
func New(cloud Cloud, setup Setup) http.Handler {
	h := &handler{cloud: cloud, setup: setup, csp: policy(page)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.page)
	mux.HandleFunc("GET /api/setup", h.getSetup)
	mux.HandleFunc("GET /api/state", h.state)
	mux.HandleFunc("GET /api/route", h.route)
	mux.HandleFunc("GET /report", h.report)
	mux.HandleFunc("POST /api/files", h.upload)
	mux.HandleFunc("POST /api/query", h.query)
	return h.guard(http.NewCrossOriginProtection().Handler(mux))
}

// guard refuses requests that were led here by another name's address, and says to the browser what
// the page may do. https://owasp.org/www-community/attacks/DNS_Rebinding
func (h *handler) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", h.csp)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if !isLocal(r.Host) {
			http.Error(w, "this page answers under localhost and loopback addresses only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLocal reports whether a Host header names this machine itself.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// policy allows the page's own style and script, by their hashes, its icon and requests to here.
func policy(html []byte) string {
	return "default-src 'none'; connect-src 'self'; img-src data:; style-src " + hashOf(html, "style") +
		"; script-src " + hashOf(html, "script") + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// hashOf returns the source expression of the page's one element of that name.
func hashOf(html []byte, element string) string {
	_, rest, _ := bytes.Cut(html, []byte("<"+element+">"))
	text, _, _ := bytes.Cut(rest, []byte("</"+element+">"))
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (h *handler) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page) // the browser may be gone; nobody is left to tell
}

// report shows the report of the last day, or since what the query says.
func (h *handler) report(w http.ResponseWriter, r *http.Request) {
	since := cmp.Or(r.URL.Query().Get("since"), "1d")
	html, err := h.cloud.Report(r.Context(), since)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Security-Policy", policy(html))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(html) // the browser may be gone; nobody is left to tell
}

func (h *handler) getSetup(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, h.setup)
}

func (h *handler) state(w http.ResponseWriter, r *http.Request) {
	state, err := h.cloud.State(r.Context())
	if err != nil {
		writeError(w, http.StatusInternalServerError, err)
		return
	}
	writeJSON(w, http.StatusOK, state)
}

// route answers null for a key that no source takes.
func (h *handler) route(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	route, ok := h.cloud.Route(q.Get("bucket"), q.Get("key"))
	if !ok {
		writeJSON(w, http.StatusOK, nil)
		return
	}
	writeJSON(w, http.StatusOK, route)
}

// upload stores the request's body, whose length is declared, under the key.
func (h *handler) upload(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	bucket, key := q.Get("bucket"), q.Get("key")
	if bucket == "" || key == "" {
		writeError(w, http.StatusBadRequest, errors.New("name a bucket and a key"))
		return
	}
	if r.ContentLength < 0 {
		writeError(w, http.StatusLengthRequired, errors.New("the length of the file is not declared"))
		return
	}
	if err := h.cloud.Put(r.Context(), bucket, key, r.Body, r.ContentLength); err != nil {
		writeError(w, http.StatusBadGateway, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"file": "s3://" + bucket + "/" + key})
}

// query runs the request's body.
func (h *handler) query(w http.ResponseWriter, r *http.Request) {
	sql, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSQL))
	if err != nil {
		writeError(w, http.StatusRequestEntityTooLarge, fmt.Errorf("read the query: %w", err))
		return
	}
	if len(bytes.TrimSpace(sql)) == 0 {
		writeError(w, http.StatusBadRequest, errors.New("write a query first"))
		return
	}
	table, err := h.cloud.Query(r.Context(), string(sql), maxRows)
	if err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	writeJSON(w, http.StatusOK, table)
}

func writeError(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, map[string]string{"error": err.Error()})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer is not JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the browser may be gone; nobody is left to tell
}
