package rest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/row"
)

// tableDataList answers tabledata.list.
type tableDataList struct {
	Kind      string            `json:"kind"`
	Etag      string            `json:"etag"`
	TotalRows string            `json:"totalRows"`
	PageToken string            `json:"pageToken,omitempty"`
	Rows      []json.RawMessage `json:"rows,omitempty"`
}

// listRows answers with a page of a table's rows in the order they were written.
func (s *server) listRows(r *request) (any, error) {
	t, err := s.db.Table(r.Context(), r.ref())
	if err != nil {
		return nil, err
	}
	if t.Type != engine.TypeTable {
		return nil, badRequest("Cannot list a table of type %s", t.Type)
	}
	cols, err := selectColumns(t.Columns, r.FormValue("selectedFields"))
	if err != nil {
		return nil, err
	}
	limit, err := r.limit(maxRows)
	if err != nil {
		return nil, err
	}
	start, err := r.start()
	if err != nil {
		return nil, err
	}
	form, err := timestampForm(r.FormValue("formatOptions.useInt64Timestamp"), r.FormValue("formatOptions.timestampOutputFormat"))
	if err != nil {
		return nil, err
	}
	total, _, err := s.db.Size(r.Context(), r.ref())
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Rows(r.Context(), r.ref(), cols, start, limit)
	if err != nil {
		return nil, err
	}
	page, err := form.page(cols, rows)
	if err != nil {
		return nil, err
	}
	out := &tableDataList{Kind: "bigquery#tableDataList", Etag: "local", TotalRows: strconv.FormatInt(total, 10), Rows: page}
	if next := start + len(page); int64(next) < total && len(page) > 0 {
		out.PageToken = pageToken(next)
	}
	return out, nil
}

// selectColumns returns the columns that a comma-separated list names, in schema order; all of
// them if it is empty.
func selectColumns(cols row.Schema, names string) (row.Schema, error) {
	if names == "" {
		return cols, nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(names, ",") {
		if strings.Contains(name, ".") {
			return nil, badRequest("selectedFields %q: the local BigQuery selects whole columns only", name)
		}
		if cols.Index(name) < 0 {
			return nil, badRequest("No such field: %s", name)
		}
		wanted[name] = true
	}
	var list row.Schema
	for _, c := range cols {
		if wanted[c.Name] {
			list = append(list, c)
		}
	}
	return list, nil
}

func refuseInsertAll(*request) (any, error) {
	return nil, &apiError{code: http.StatusNotImplemented, reason: "notImplemented",
		message: "the local BigQuery does not serve tabledata.insertAll: use the Storage Write API"}
}
