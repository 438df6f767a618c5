package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// DefaultLocation is where datasets are that name no location.
const DefaultLocation = "US"

// Projects returns the projects that have datasets, sorted.
func (db *DB) Projects() []string {
	var list []string
	for key := range db.catalog.Load().datasets {
		list = append(list, key.Project)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// CreateDataset makes an empty dataset and returns it with its times and location filled in.
// Exists if it is there, Permanent if its name is not allowed.
func (db *DB) CreateDataset(ctx context.Context, d Dataset) (*Dataset, error) {
	if d.Project == "" || !datasetName.MatchString(d.Name) || len(d.Name) > maxTableName {
		return nil, invalid("Invalid dataset ID %q: use letters, digits and underscores", d.Name)
	}
	made := d.clone()
	made.Location = cmp.Or(d.Location, DefaultLocation)
	made.Created = later(time.Time{})
	made.Modified = made.Created
	err := db.alter(ctx, func(tx *Tx, next *catalog) error {
		if err := free(next.datasets, datasetKey(d.Project, d.Name), "Dataset", d.Project+":"+d.Name); err != nil {
			return err
		}
		if err := tx.Exec(ctx, "CREATE SCHEMA "+quote(schemaName(d.Project, d.Name))); err != nil {
			return fmt.Errorf("create dataset %s:%s: %w", d.Project, d.Name, err)
		}
		return next.storeDataset(ctx, tx, made)
	})
	if err != nil {
		return nil, err
	}
	return made.clone(), nil
}

// Datasets returns a project's datasets by name.
func (db *DB) Datasets(_ context.Context, project string) ([]*Dataset, error) {
	var list []*Dataset
	for key, d := range db.catalog.Load().datasets {
		if key.Project == project {
			list = append(list, d.clone())
		}
	}
	slices.SortFunc(list, func(a, b *Dataset) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// Dataset returns a dataset's metadata, or NotFound.
func (db *DB) Dataset(_ context.Context, project, name string) (*Dataset, error) {
	d, err := db.catalog.Load().dataset(project, name)
	if err != nil {
		return nil, err
	}
	return d.clone(), nil
}

// UpdateDataset lets fn change a dataset's description, friendly name and labels, and returns the
// result. fn's error stops the change.
func (db *DB) UpdateDataset(ctx context.Context, project, name string, fn func(d *Dataset) error) (*Dataset, error) {
	var changed *Dataset
	err := db.alter(ctx, func(tx *Tx, next *catalog) error {
		old, err := next.dataset(project, name)
		if err != nil {
			return err
		}
		changed = old.clone()
		if err := fn(changed); err != nil {
			return err
		}
		changed.Project, changed.Name, changed.Location = old.Project, old.Name, old.Location
		changed.Created, changed.Modified = old.Created, later(old.Modified)
		return next.storeDataset(ctx, tx, changed)
	})
	if err != nil {
		return nil, err
	}
	return changed.clone(), nil
}

// DeleteDataset removes a dataset, and with contents its tables too; without, a dataset that has
// tables is a Permanent error.
func (db *DB) DeleteDataset(ctx context.Context, project, name string, contents bool) error {
	return db.alter(ctx, func(tx *Tx, next *catalog) error {
		if _, err := next.dataset(project, name); err != nil {
			return err
		}
		tables := next.tablesOf(project, name)
		if len(tables) > 0 && !contents {
			return refuse(errkind.Permanent, ReasonInUse, "Dataset %s:%s is still in use", project, name)
		}
		for _, t := range tables {
			if err := next.dropTable(ctx, tx, t.Ref); err != nil {
				return err
			}
		}
		if err := tx.Exec(ctx, "DROP SCHEMA "+quote(schemaName(project, name))+" CASCADE"); err != nil {
			return fmt.Errorf("delete dataset %s:%s: %w", project, name, err)
		}
		return next.dropDataset(ctx, tx, project, name)
	})
}

// CreateTable makes an empty table, or a view if t.View is set: then its columns are those of its
// query. It returns the table with its times and location filled in. Exists if the name is taken,
// NotFound without its dataset, Permanent for a schema that BigQuery would refuse.
func (db *DB) CreateTable(ctx context.Context, t Table) (*Table, error) {
	made := t.clone()
	if err := db.checkNew(ctx, made); err != nil {
		return nil, err
	}
	made.Created = later(time.Time{})
	made.Modified = made.Created
	err := db.alter(ctx, func(tx *Tx, next *catalog) error {
		d, err := next.dataset(t.Ref.Project, t.Ref.Dataset)
		if err != nil {
			return err
		}
		if err := free(next.tables, t.Ref, "Table", name(t.Ref)); err != nil {
			return err
		}
		made.Location = d.Location
		if made.Type == TypeTable {
			create := "CREATE TABLE " + duckName(t.Ref) + " (" + duckColumns(t.Columns) + ")"
			if err := tx.Exec(ctx, create); err != nil {
				return fmt.Errorf("create table %s: %w", t.Ref, err)
			}
		}
		return next.storeTable(ctx, tx, made)
	})
	if err != nil {
		return nil, err
	}
	return made.clone(), nil
}

// checkNew checks a new table and fills in its type, and the columns of a view.
func (db *DB) checkNew(ctx context.Context, t *Table) error {
	if !tableName.MatchString(t.Ref.Name) || len(t.Ref.Name) > maxTableName {
		return invalid("Invalid table ID %q", t.Ref.Name)
	}
	if t.View == "" {
		t.Type = TypeTable
		return checkSpec(t.Spec)
	}
	t.Type = TypeView
	return db.describeView(ctx, t)
}

// describeView checks a view's query and sets its columns, whose descriptions stay.
func (db *DB) describeView(ctx context.Context, t *Table) error {
	r, err := db.Query(ctx, Query{SQL: t.View, DefaultProject: t.Ref.Project, DryRun: true})
	if err != nil {
		return err
	}
	for i, c := range r.Schema {
		if j := t.Columns.Index(c.Name); j >= 0 {
			r.Schema[i].Description = t.Columns[j].Description
		}
	}
	t.Columns = r.Schema
	return nil
}

// Table returns a table's metadata, or NotFound.
func (db *DB) Table(_ context.Context, ref row.Table) (*Table, error) {
	t, err := db.catalog.Load().table(ref)
	if err != nil {
		return nil, err
	}
	return t.clone(), nil
}

// Tables returns a dataset's tables and views by name, or NotFound without the dataset.
func (db *DB) Tables(_ context.Context, project, dataset string) ([]*Table, error) {
	c := db.catalog.Load()
	if _, err := c.dataset(project, dataset); err != nil {
		return nil, err
	}
	list := c.tablesOf(project, dataset)
	for i, t := range list {
		list[i] = t.clone()
	}
	return list, nil
}

// DeleteTable removes a table and its rows, or a view.
func (db *DB) DeleteTable(ctx context.Context, ref row.Table) error {
	return db.alter(ctx, func(tx *Tx, next *catalog) error {
		t, err := next.table(ref)
		if err != nil {
			return err
		}
		if t.Type == TypeTable {
			if err := tx.Exec(ctx, "DROP TABLE "+duckName(ref)); err != nil {
				return fmt.Errorf("delete table %s: %w", ref, err)
			}
		}
		return next.dropTable(ctx, tx, ref)
	})
}
