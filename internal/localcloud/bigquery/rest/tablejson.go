package rest

import (
	"cmp"
	"fmt"

	bq "google.golang.org/api/bigquery/v2"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/row"
)

// fillTable sets what in says of t: https://cloud.google.com/bigquery/docs/reference/rest/v2/tables.
func fillTable(t *engine.Table, in *bq.Table) error {
	if err := onlyLocal(in); err != nil {
		return err
	}
	t.Description, t.FriendlyName, t.Labels = in.Description, in.FriendlyName, in.Labels
	t.View, t.Columns, t.PartitionBy, t.ClusterBy = "", nil, "", nil
	if in.View != nil {
		t.View = in.View.Query
	}
	if in.Schema != nil {
		cols, err := columns(in.Schema.Fields)
		if err != nil {
			return err
		}
		t.Columns = cols
	}
	if p := in.TimePartitioning; p != nil {
		t.PartitionBy = p.Field
	}
	if in.Clustering != nil {
		t.ClusterBy = in.Clustering.Fields
	}
	return nil
}

// onlyLocal refuses the kinds of tables that the local BigQuery does not have.
func onlyLocal(in *bq.Table) error {
	const not = "the local BigQuery does not have %s"
	p := in.TimePartitioning
	switch {
	case in.ExternalDataConfiguration != nil:
		return badRequest(not, "external tables")
	case in.MaterializedView != nil:
		return badRequest(not, "materialized views")
	case in.RangePartitioning != nil:
		return badRequest(not, "partitioning by integer range")
	case in.SnapshotDefinition != nil || in.CloneDefinition != nil:
		return badRequest(not, "snapshots and clones")
	case p != nil && p.Type != "DAY":
		return badRequest(not, fmt.Sprintf("partitioning by %q: use DAY", p.Type))
	case p != nil && p.Field == "":
		return badRequest(not, "partitioning by ingestion time: name a column in timePartitioning.field")
	case in.View != nil && in.View.Query == "":
		return badRequest("Required parameter is missing: view.query")
	case in.View != nil && in.View.UseLegacySql:
		return badRequest(not, "legacy SQL: set view.useLegacySql to false (bq: --nouse_legacy_sql)")
	}
	return nil
}

func tableJSON(t *engine.Table) *bq.Table {
	out := &bq.Table{
		Kind: "bigquery#table", Id: tableID(t), TableReference: tableReference(t.Ref), Type: t.Type, Etag: etag(t.Modified),
		SelfLink:    "/bigquery/v2/" + t.Ref.Path(),
		Description: t.Description, FriendlyName: t.FriendlyName, Labels: t.Labels, Location: t.Location,
		CreationTime: t.Created.UnixMilli(), LastModifiedTime: uint64(t.Modified.UnixMilli()),
		Schema: schemaJSON(t.Columns), TimePartitioning: partitioning(t), Clustering: clustering(t),
	}
	if t.Type == engine.TypeView {
		out.View = &bq.ViewDefinition{Query: t.View, UseLegacySql: false, ForceSendFields: []string{"UseLegacySql"}}
	}
	return out
}

func tableID(t *engine.Table) string {
	return t.Ref.Project + ":" + t.Ref.Dataset + "." + t.Ref.Name
}

func tableReference(t row.Table) *bq.TableReference {
	return &bq.TableReference{ProjectId: t.Project, DatasetId: t.Dataset, TableId: t.Name}
}

func partitioning(t *engine.Table) *bq.TimePartitioning {
	if t.PartitionBy == "" {
		return nil
	}
	return &bq.TimePartitioning{Type: "DAY", Field: t.PartitionBy}
}

func clustering(t *engine.Table) *bq.Clustering {
	if len(t.ClusterBy) == 0 {
		return nil
	}
	return &bq.Clustering{Fields: t.ClusterBy}
}

// restTypes are the names that the API gives to types in a schema; the others are as in SQL.
var restTypes = map[row.Type]string{
	row.Bool: "BOOLEAN", row.Int64: "INTEGER", row.Float64: "FLOAT", row.Struct: "RECORD",
}

// sqlTypes are the names that the API takes beside those of SQL.
var sqlTypes = map[string]row.Type{
	"BOOLEAN": row.Bool, "INTEGER": row.Int64, "FLOAT": row.Float64, "RECORD": row.Struct,
}

func schemaJSON(cols []row.Column) *bq.TableSchema {
	return &bq.TableSchema{Fields: fieldsJSON(cols)}
}

func fieldsJSON(cols []row.Column) []*bq.TableFieldSchema {
	list := make([]*bq.TableFieldSchema, len(cols))
	for i, c := range cols {
		list[i] = &bq.TableFieldSchema{
			Name: c.Name, Type: cmp.Or(restTypes[c.Type], string(c.Type)), Mode: string(cmp.Or(c.Mode, row.Nullable)),
			Description: c.Description, Fields: fieldsJSON(c.Fields),
		}
		if c.Type == row.Range {
			list[i].RangeElementType = &bq.TableFieldSchemaRangeElementType{Type: string(c.RangeElement)}
		}
	}
	return list
}

func columns(fields []*bq.TableFieldSchema) ([]row.Column, error) {
	list := make([]row.Column, len(fields))
	for i, f := range fields {
		if f.PolicyTags != nil && len(f.PolicyTags.Names) > 0 || f.DefaultValueExpression != "" {
			return nil, badRequest("column %q: the local BigQuery does not have policy tags and default values", f.Name)
		}
		nested, err := columns(f.Fields)
		if err != nil {
			return nil, err
		}
		list[i] = row.Column{Name: f.Name, Type: sqlType(f.Type), Mode: row.Mode(f.Mode), Description: f.Description, Fields: nested}
		if f.RangeElementType != nil {
			list[i].RangeElement = row.Type(f.RangeElementType.Type)
		}
	}
	return list, nil
}

func sqlType(name string) row.Type {
	return cmp.Or(sqlTypes[name], row.Type(name))
}
