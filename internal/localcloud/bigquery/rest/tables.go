package rest

import (
	bq "google.golang.org/api/bigquery/v2"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/row"
)

func (r *request) ref() row.Table {
	return row.Table{Project: r.project, Dataset: r.dataset, Name: r.table}
}

func (s *server) listTables(r *request) (any, error) {
	tables, err := s.db.Tables(r.Context(), r.project, r.dataset)
	if err != nil {
		return nil, err
	}
	page, next, err := pageOf(r, tables)
	if err != nil {
		return nil, err
	}
	list := make([]*bq.TableListTables, len(page))
	for i, t := range page {
		list[i] = &bq.TableListTables{
			Kind: "bigquery#table", Id: tableID(t), TableReference: tableReference(t.Ref), Type: t.Type, FriendlyName: t.FriendlyName,
			Labels: t.Labels, CreationTime: t.Created.UnixMilli(), TimePartitioning: partitioning(t), Clustering: clustering(t),
		}
		if t.Type == engine.TypeView {
			list[i].View = &bq.TableListTablesView{UseLegacySql: false, ForceSendFields: []string{"UseLegacySql"}}
		}
	}
	return &bq.TableList{Kind: "bigquery#tableList", Etag: "local", Tables: list, NextPageToken: next, TotalItems: int64(len(tables)),
		ForceSendFields: []string{"TotalItems"}}, nil
}

func (s *server) insertTable(r *request) (any, error) {
	var in bq.Table
	if err := r.body(&in); err != nil {
		return nil, err
	}
	if in.TableReference == nil || in.TableReference.TableId == "" {
		return nil, badRequest("Required parameter is missing: tableReference.tableId")
	}
	t := engine.Table{Ref: row.Table{Project: r.project, Dataset: r.dataset, Name: in.TableReference.TableId}}
	if err := fillTable(&t, &in); err != nil {
		return nil, err
	}
	made, err := s.db.CreateTable(r.Context(), t)
	if err != nil {
		return nil, err
	}
	return tableJSON(made), nil
}

func (s *server) getTable(r *request) (any, error) {
	t, err := s.db.Table(r.Context(), r.ref())
	if err != nil {
		return nil, err
	}
	rows, bytes, err := s.db.Size(r.Context(), r.ref())
	if err != nil {
		return nil, err
	}
	out := tableJSON(t)
	if t.Type == engine.TypeTable {
		n := uint64(rows)
		out.NumRows, out.NumBytes, out.NumLongTermBytes = n, bytes, 0
		out.NumActiveLogicalBytes, out.NumTotalLogicalBytes = bytes, bytes
		out.ForceSendFields = []string{"NumRows", "NumBytes", "NumLongTermBytes", "NumActiveLogicalBytes", "NumTotalLogicalBytes"}
	}
	if names := r.FormValue("selectedFields"); names != "" {
		cols, err := selectColumns(t.Columns, names)
		if err != nil {
			return nil, err
		}
		out.Schema = schemaJSON(cols)
	}
	return out, nil
}

func (s *server) patchTable(r *request) (any, error) {
	edit, err := r.edit()
	if err != nil {
		return nil, err
	}
	changed, err := s.db.UpdateTable(r.Context(), r.ref(), func(t *engine.Table) error {
		var in bq.Table
		if err := edit.apply(tableJSON(t), &in, t.Modified); err != nil {
			return err
		}
		if in.Schema == nil {
			in.Schema = schemaJSON(t.Columns)
		}
		if t.Type == engine.TypeTable && in.View != nil {
			return badRequest("Table %s is not a view", tableID(t))
		}
		return fillTable(t, &in)
	})
	if err != nil {
		return nil, err
	}
	return tableJSON(changed), nil
}

func (s *server) deleteTable(r *request) (any, error) {
	return nil, s.db.DeleteTable(r.Context(), r.ref())
}

// listRowPolicies says that a table has none: all rows are everybody's here.
// https://cloud.google.com/bigquery/docs/reference/rest/v2/rowAccessPolicies/list
func (s *server) listRowPolicies(r *request) (any, error) {
	_, err := s.db.Table(r.Context(), r.ref())
	return &bq.ListRowAccessPoliciesResponse{}, err
}
