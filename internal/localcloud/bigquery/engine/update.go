package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// UpdateTable lets fn change a table's descriptions, friendly name, labels, clustering, a view's
// query, and its columns: as in BigQuery they can only be added, NULLABLE or REPEATED, and relaxed
// from REQUIRED to NULLABLE (https://cloud.google.com/bigquery/docs/managing-table-schemas).
// Added columns come after the others. fn's error stops the change.
func (db *DB) UpdateTable(ctx context.Context, ref row.Table, fn func(t *Table) error) (*Table, error) {
	var changed *Table
	err := db.alter(ctx, func(tx *Tx, next *catalog) error {
		old, err := next.table(ref)
		if err != nil {
			return err
		}
		changed = old.clone()
		if err := fn(changed); err != nil {
			return err
		}
		changed.Ref, changed.Type, changed.Location = old.Ref, old.Type, old.Location
		changed.Created, changed.Modified = old.Created, later(old.Modified)
		if old.Type == TypeView {
			if err := db.describeView(ctx, changed); err != nil {
				return err
			}
		} else if err := alterTable(ctx, tx, old, changed); err != nil {
			return err
		}
		return next.storeTable(ctx, tx, changed)
	})
	if err != nil {
		return nil, err
	}
	return changed.clone(), nil
}

// alterTable adds the columns that changed has and old has not.
func alterTable(ctx context.Context, tx *Tx, old, changed *Table) error {
	if err := checkColumns("", changed.Columns); err != nil {
		return err
	}
	m := merge{table: duckName(old.Ref)}
	cols, err := m.columns(nil, nil, old.Columns, changed.Columns)
	if err != nil {
		return invalid("Provided Schema does not match Table %s. %v", name(old.Ref), err)
	}
	if changed.PartitionBy != old.PartitionBy {
		return invalid("Cannot change partitioning of table %s from %q to %q", name(old.Ref), old.PartitionBy, changed.PartitionBy)
	}
	changed.Columns = cols
	if err := checkSpec(changed.Spec); err != nil {
		return err
	}
	for _, s := range append(m.alters, m.fill()...) {
		if err := tx.Exec(ctx, s); err != nil {
			return fmt.Errorf("alter table %s: %w", old.Ref, err)
		}
	}
	return nil
}

// merge collects what makes an old schema a new one.
type merge struct {
	table  string
	alters []string
	lists  []string // top-level columns that are added
}

// columns merges the columns below path; names are their BigQuery names, for errors.
func (m *merge) columns(path, names []string, old, changed row.Schema) (row.Schema, error) {
	out := cloneColumns(old)
	for i := range old {
		j := indexFold(changed, old[i].Name)
		if j < 0 {
			return nil, invalid("Field %s is missing in new schema", strings.Join(append(names, old[i].Name), "."))
		}
		if err := m.column(path, names, &out[i], changed[j]); err != nil {
			return nil, err
		}
	}
	for _, c := range changed {
		if indexFold(old, c.Name) >= 0 {
			continue
		}
		if c.Mode == row.Required {
			return nil, invalid("Cannot add required fields to an existing schema. (field: %s)", c.Name)
		}
		m.add(path, c)
		out = append(out, c)
	}
	return out, nil
}

// apiType is the name that messages give a type.
func apiType(t row.Type) string {
	names := map[row.Type]string{row.Bool: "BOOLEAN", row.Int64: "INTEGER", row.Float64: "FLOAT", row.Struct: "RECORD"}
	return cmp.Or(names[t], string(t))
}

// indexFold finds a column as BigQuery compares names: whatever their case.
func indexFold(columns row.Schema, name string) int {
	return slices.IndexFunc(columns, func(c row.Column) bool { return strings.EqualFold(c.Name, name) })
}

// column merges changed into c.
func (m *merge) column(path, names []string, c *row.Column, changed row.Column) error {
	path, names = append(path, quote(c.Name)), append(names, c.Name)
	name := strings.Join(names, ".")
	if changed.Type != c.Type || changed.RangeElement != c.RangeElement {
		return invalid("Field %s has changed type from %s to %s", name, apiType(c.Type), apiType(changed.Type))
	}
	if was, is := modeOf(*c), modeOf(changed); was != is && (was != row.Required || is != row.Nullable) {
		return invalid("Field %s has changed mode from %s to %s", name, was, is)
	}
	c.Mode, c.Description = changed.Mode, changed.Description
	if c.Type != row.Struct {
		return nil
	}
	if c.Mode == row.Repeated {
		path = append(path, "element")
	}
	var err error
	c.Fields, err = m.columns(path, names, c.Fields, changed.Fields)
	return err
}

func (m *merge) add(path []string, c row.Column) {
	full := strings.Join(append(path[:len(path):len(path)], quote(c.Name)), ".")
	m.alters = append(m.alters, "ALTER TABLE "+m.table+" ADD COLUMN "+full+" "+duckType(c))
	if c.Mode == row.Repeated && len(path) == 0 {
		m.lists = append(m.lists, full+" = []")
	}
}

// fill makes new lists empty in the rows that exist: an array that is not there is empty, never NULL.
// ADD COLUMN … DEFAULT [] would crash DuckDB 1.5, and an ALTER behind the UPDATE would fail.
func (m *merge) fill() []string {
	if len(m.lists) == 0 {
		return nil
	}
	return []string{"UPDATE " + m.table + " SET " + strings.Join(m.lists, ", ")}
}
