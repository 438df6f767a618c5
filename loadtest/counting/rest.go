package counting

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	bq "google.golang.org/api/bigquery/v2"
	"google.golang.org/grpc/codes"

	"github.com/seneka-io/seneka/internal/row"
)

const location = "US"

// table is guarded by the server's lock.
type table struct {
	Total
	bq.Table
	version int // its ETag
}

// table returns one that is there. The caller holds the lock.
func (s *Server) table(ref row.Table) (*table, error) {
	if t := s.tables[ref]; t != nil {
		return t, nil
	}
	return nil, storageError(codes.NotFound, storagepb.StorageError_TABLE_NOT_FOUND, ref, "Requested entity was not found: no table %s.", ref)
}

// apiError is an error as the REST API answers it: https://cloud.google.com/bigquery/docs/error-messages.
type apiError struct {
	code            int
	reason, message string
}

func (e *apiError) json() []byte {
	body, _ := json.Marshal(map[string]any{"error": map[string]any{ // texts and a number
		"code": e.code, "message": e.message, "errors": []map[string]any{{"reason": e.reason, "message": e.message, "domain": "global"}},
	}})
	return body
}

func notFound(what string) *apiError {
	return &apiError{http.StatusNotFound, "notFound", "Not found: " + what}
}

func exists(what string) *apiError {
	return &apiError{http.StatusConflict, "duplicate", "Already Exists: " + what}
}

func badRequest(err error) *apiError { return &apiError{http.StatusBadRequest, "invalid", err.Error()} }

// method answers a request with a value to be sent as JSON. The lock is held.
type method func(r *http.Request, body []byte) (any, *apiError)

// routes serves https://cloud.google.com/bigquery/docs/reference/rest as far as a loader asks.
func (s *Server) routes() http.Handler {
	const (
		project = "/projects/{project}"
		dataset = project + "/datasets/{dataset}"
		table   = dataset + "/tables/{table}"
	)
	mux := http.NewServeMux()
	handle := func(name, pattern string, do method) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<20))
			if err != nil {
				refused := badRequest(err)
				send(w, refused.code, refused.json())
				return
			}
			code, answer := s.answer(name, do, r, body)
			send(w, code, answer)
		})
	}
	handle("datasets.insert", "POST "+project+"/datasets", s.insertDataset)
	handle("datasets.get", "GET "+dataset, s.getDataset)
	handle("tables.insert", "POST "+dataset+"/tables", s.insertTable)
	handle("tables.get", "GET "+table, s.getTable)
	handle("tables.patch", "PATCH "+table, s.patchTable)
	handle("not served", "/", func(r *http.Request, _ []byte) (any, *apiError) {
		return nil, &apiError{http.StatusNotImplemented, "notImplemented", fmt.Sprintf("the counting BigQuery does not serve %s %s: it keeps no rows, and answers no query", r.Method, r.URL.Path)}
	})
	return http.StripPrefix("/bigquery/v2", mux)
}

// answer runs a method, and returns the status and the JSON that it comes to.
func (s *Server) answer(name string, do method, r *http.Request, body []byte) (code int, answer []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[name]++
	value, refused := do(r, body)
	if refused != nil {
		return refused.code, refused.json()
	}
	answer, err := json.Marshal(value)
	if err != nil {
		refused = &apiError{http.StatusInternalServerError, "internalError", err.Error()}
		return refused.code, refused.json()
	}
	return http.StatusOK, answer
}

func send(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	w.Write(body) // an error here is the client's going away
}

func read(body []byte, v any) *apiError {
	if err := json.Unmarshal(body, v); err != nil {
		return badRequest(err)
	}
	return nil
}

func (s *Server) insertDataset(r *http.Request, body []byte) (any, *apiError) {
	var in bq.Dataset
	if err := read(body, &in); err != nil {
		return nil, err
	}
	if in.DatasetReference == nil {
		return nil, badRequest(fmt.Errorf("required parameter is missing: datasetReference"))
	}
	name := r.PathValue("project") + "." + in.DatasetReference.DatasetId
	if s.datasets[name] {
		return nil, exists("Dataset " + name)
	}
	s.datasets[name] = true
	return dataset(r.PathValue("project"), in.DatasetReference.DatasetId), nil
}

func (s *Server) getDataset(r *http.Request, _ []byte) (any, *apiError) {
	if name := r.PathValue("project") + "." + r.PathValue("dataset"); !s.datasets[name] {
		return nil, notFound("Dataset " + name)
	}
	return dataset(r.PathValue("project"), r.PathValue("dataset")), nil
}

func dataset(project, name string) *bq.Dataset {
	return &bq.Dataset{Kind: "bigquery#dataset", DatasetReference: &bq.DatasetReference{ProjectId: project, DatasetId: name}, Location: location}
}

// reference names the table of a request, which the body of an insert has.
func reference(r *http.Request, in *bq.Table) row.Table {
	t := row.Table{Project: r.PathValue("project"), Dataset: r.PathValue("dataset"), Name: r.PathValue("table")}
	if in != nil && in.TableReference != nil {
		t.Name = cmp.Or(t.Name, in.TableReference.TableId)
	}
	return t
}

func (s *Server) insertTable(r *http.Request, body []byte) (any, *apiError) {
	var in bq.Table
	if err := read(body, &in); err != nil {
		return nil, err
	}
	ref := reference(r, &in)
	if err := ref.Validate(); err != nil {
		return nil, badRequest(err)
	}
	switch {
	case !s.datasets[ref.Project+"."+ref.Dataset]:
		return nil, notFound("Dataset " + ref.Project + "." + ref.Dataset)
	case s.tables[ref] != nil:
		return nil, exists("Table " + ref.String())
	}
	in.Kind, in.Type, in.Location = "bigquery#table", "TABLE", location
	if in.View != nil {
		in.Type = "VIEW"
	}
	t := &table{Table: in}
	s.tables[ref] = t
	return t.changed(), nil
}

func (s *Server) getTable(r *http.Request, _ []byte) (any, *apiError) {
	ref := reference(r, nil)
	t := s.tables[ref]
	if t == nil {
		return nil, notFound("Table " + ref.String())
	}
	return &t.Table, nil
}

// patchTable replaces what the body has, if the table is as If-Match says.
func (s *Server) patchTable(r *http.Request, body []byte) (any, *apiError) {
	ref := reference(r, nil)
	t := s.tables[ref]
	if t == nil {
		return nil, notFound("Table " + ref.String())
	}
	if want := strings.Trim(r.Header.Get("If-Match"), `"`); want != "" && want != "*" && want != t.Etag {
		return nil, &apiError{http.StatusPreconditionFailed, "conditionNotMet", "Precondition check failed: it was changed since it was read"}
	}
	var in bq.Table
	if err := read(body, &in); err != nil {
		return nil, err
	}
	t.Schema, t.View = cmp.Or(in.Schema, t.Schema), cmp.Or(in.View, t.View)
	if in.Labels != nil {
		t.Labels = in.Labels
	}
	return t.changed(), nil
}

// changed gives the table its next ETag.
func (t *table) changed() *bq.Table {
	t.version++
	t.Etag = strconv.Itoa(t.version)
	return &t.Table
}
