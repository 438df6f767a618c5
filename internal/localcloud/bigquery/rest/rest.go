// Package rest serves the part of BigQuery's REST API, version 2, that the pipeline, the client
// libraries and the bq command use (https://cloud.google.com/bigquery/docs/reference/rest), over
// an engine.DB: datasets, tables, views, query jobs and their results, reading rows.
//
// The routes are a table, in routes.go; the discovery document that bq builds itself from is
// written from the same table, so it promises what is served and no more. Anything else is
// refused by name. Any credentials are accepted. Finished jobs are kept in memory, the last of
// them; they do not survive a restart.
package rest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
)

// Options of the API.
type Options struct {
	// Project is one that projects.list shows even without a dataset; empty: "local".
	Project string
}

// maxBody bounds a request in bytes: a query is at most 1 MB, a schema 10,000 columns.
const maxBody = 16 << 20

type server struct {
	db      *engine.DB
	project string
	jobs    *jobStore
}

// request is what a handler gets: the names in the path, the parameters and the body.
type request struct {
	*http.Request
	project, dataset, table, job string
}

// handler answers with a value to be sent as JSON, nil for an empty answer.
type handler func(r *request) (any, error)

// New returns the API over db. It is safe for concurrent use. Queries that still run when the
// database is closed fail.
func New(db *engine.DB, o Options) http.Handler {
	if o.Project == "" {
		o.Project = "local"
	}
	s := &server{db: db, project: o.Project, jobs: newJobStore()}
	mux := http.NewServeMux()
	routes := s.routes()
	for _, rt := range routes {
		mux.HandleFunc(rt.verb+" /"+rt.path, func(w http.ResponseWriter, r *http.Request) {
			serve(w, r, rt.handle)
		})
	}
	doc := discovery(routes)
	discover := func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, func(*request) (any, error) { return doc.at(r), nil })
	}
	mux.HandleFunc("GET /discovery/v1/apis/bigquery/v2/rest", discover)
	mux.HandleFunc("GET /$discovery/rest", discover)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, notServed)
	})
	return withoutPrefix(mux)
}

// withoutPrefix serves /bigquery/v2/projects/… as /projects/…: clients differ in which of the two
// they take for the root of the API.
func withoutPrefix(next http.Handler) http.Handler {
	strip := http.StripPrefix("/bigquery/v2", next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/bigquery/v2/") {
			strip.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func serve(w http.ResponseWriter, r *http.Request, h handler) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	answer, err := h(&request{Request: r, project: r.PathValue("projectId"), dataset: r.PathValue("datasetId"),
		table: r.PathValue("tableId"), job: r.PathValue("jobId")})
	switch {
	case err != nil:
		e := asAPIError(err)
		send(w, e.code, e.body())
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		send(w, http.StatusOK, answer)
	}
}

func send(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		e := asAPIError(fmt.Errorf("write the answer: %w", err))
		code, body = e.code, []byte(`{"error":{"code":500,"message":"the answer cannot be written as JSON"}}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	w.Write(append(body, '\n')) // an error here is the client's going away
}

// notServed answers what no route matches.
func notServed(r *request) (any, error) {
	return nil, &apiError{code: http.StatusNotImplemented, reason: "notImplemented",
		message: fmt.Sprintf("the local BigQuery does not serve %s %s", r.Method, r.URL.Path)}
}

// body reads the request's JSON into each of vs.
func (r *request) body(vs ...any) error {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return badRequest("the request body: %v", err)
	}
	for _, v := range vs {
		if err := json.Unmarshal(data, v); err != nil {
			return badRequest("the request body is not the JSON of this method: %v", err)
		}
	}
	return nil
}

func (s *server) listProjects(*request) (any, error) {
	names := append(s.db.Projects(), s.project)
	slices.Sort(names)
	list := []map[string]any{}
	for _, name := range slices.Compact(names) {
		list = append(list, map[string]any{"kind": "bigquery#project", "id": name, "friendlyName": name,
			"numericId": "0", "projectReference": map[string]any{"projectId": name}})
	}
	return map[string]any{"kind": "bigquery#projectList", "projects": list, "totalItems": len(list)}, nil
}

func (s *server) serviceAccount(*request) (any, error) {
	return map[string]any{"kind": "bigquery#getServiceAccountResponse", "email": userEmail}, nil
}

// userEmail is whom every request counts as.
const userEmail = "local@seneka.invalid"
