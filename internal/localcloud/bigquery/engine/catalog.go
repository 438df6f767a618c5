package engine

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// catalog is what datasets and tables there are. It never changes: a change makes a new one.
type catalog struct {
	datasets map[row.Table]*Dataset // by project and dataset, Name empty
	tables   map[row.Table]*Table
}

func datasetKey(project, dataset string) row.Table {
	return row.Table{Project: project, Dataset: dataset}
}

// name is how BigQuery's messages name a table.
func name(t row.Table) string { return t.Project + ":" + t.Dataset + "." + t.Name }

func readCatalog(ctx context.Context, q *sql.DB) (*catalog, error) {
	c := &catalog{datasets: map[row.Table]*Dataset{}, tables: map[row.Table]*Table{}}
	datasets, err := readMeta[Dataset](ctx, q, "SELECT meta FROM seneka_catalog.datasets")
	if err != nil {
		return nil, fmt.Errorf("read the datasets: %w", err)
	}
	for _, d := range datasets {
		c.datasets[datasetKey(d.Project, d.Name)] = d
	}
	tables, err := readMeta[Table](ctx, q, "SELECT meta FROM seneka_catalog.tables")
	if err != nil {
		return nil, fmt.Errorf("read the tables: %w", err)
	}
	for _, t := range tables {
		c.tables[t.Ref] = t
	}
	return c, nil
}

func readMeta[T any](ctx context.Context, q *sql.DB, query string) ([]*T, error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []*T
	for rows.Next() {
		var meta string
		if err := rows.Scan(&meta); err != nil {
			return nil, err
		}
		item := new(T)
		if err := json.Unmarshal([]byte(meta), item); err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, rows.Err()
}

func (c *catalog) dataset(project, name string) (*Dataset, error) {
	if d := c.datasets[datasetKey(project, name)]; d != nil {
		return d, nil
	}
	return nil, refuse(errkind.NotFound, ReasonNotFound, "Not found: Dataset %s:%s", project, name)
}

func (c *catalog) table(ref row.Table) (*Table, error) {
	if t := c.tables[ref]; t != nil {
		return t, nil
	}
	if _, err := c.dataset(ref.Project, ref.Dataset); err != nil {
		return nil, err
	}
	return nil, refuse(errkind.NotFound, ReasonNotFound, "Not found: Table %s", name(ref))
}

// free fails if ref, a dataset's key or a table, is taken, or a name that DuckDB cannot tell from it.
func free[T any](taken map[row.Table]T, ref row.Table, kind, name string) error {
	if _, ok := taken[ref]; ok {
		return refuse(errkind.Exists, ReasonDuplicate, "Already Exists: %s %s", kind, name)
	}
	for other := range taken {
		if strings.EqualFold(other.String(), ref.String()) {
			return invalid("%s %s: the local BigQuery has %s and cannot hold two names that differ by case alone", kind, name, other)
		}
	}
	return nil
}

// tablesOf returns a dataset's tables by name.
func (c *catalog) tablesOf(project, dataset string) []*Table {
	var list []*Table
	for ref, t := range c.tables {
		if ref.Project == project && ref.Dataset == dataset {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b *Table) int { return cmp.Compare(a.Ref.Name, b.Ref.Name) })
	return list
}

// alter runs fn, which writes the change and enters it in the new catalog, as one transaction.
func (db *DB) alter(ctx context.Context, fn func(tx *Tx, next *catalog) error) error {
	if err := db.acquire(ctx); err != nil {
		return err
	}
	defer db.release()
	old := db.catalog.Load()
	next := &catalog{datasets: maps.Clone(old.datasets), tables: maps.Clone(old.tables)}
	if err := db.transact(ctx, func(tx *Tx) error { return fn(tx, next) }); err != nil {
		return err
	}
	db.catalog.Store(next)
	return nil
}

// storeDataset writes d's metadata in place of what was there.
func (c *catalog) storeDataset(ctx context.Context, tx *Tx, d *Dataset) error {
	if err := c.dropDataset(ctx, tx, d.Project, d.Name); err != nil {
		return err
	}
	meta, err := json.Marshal(d)
	if err != nil {
		return err
	}
	c.datasets[datasetKey(d.Project, d.Name)] = d
	return tx.Exec(ctx, "INSERT INTO seneka_catalog.datasets VALUES (?, ?, ?)", d.Project, d.Name, string(meta))
}

func (c *catalog) dropDataset(ctx context.Context, tx *Tx, project, name string) error {
	delete(c.datasets, datasetKey(project, name))
	return tx.Exec(ctx, "DELETE FROM seneka_catalog.datasets WHERE project = ? AND dataset = ?", project, name)
}

// storeTable writes t's metadata in place of what was there.
func (c *catalog) storeTable(ctx context.Context, tx *Tx, t *Table) error {
	if err := c.dropTable(ctx, tx, t.Ref); err != nil {
		return err
	}
	meta, err := json.Marshal(t)
	if err != nil {
		return err
	}
	c.tables[t.Ref] = t
	return tx.Exec(ctx, "INSERT INTO seneka_catalog.tables VALUES (?, ?, ?, ?)", t.Ref.Project, t.Ref.Dataset, t.Ref.Name, string(meta))
}

func (c *catalog) dropTable(ctx context.Context, tx *Tx, ref row.Table) error {
	delete(c.tables, ref)
	return tx.Exec(ctx, "DELETE FROM seneka_catalog.tables WHERE project = ? AND dataset = ? AND name = ?", ref.Project, ref.Dataset, ref.Name)
}

// later returns now to the microsecond, or just after prev if the clock stands still.
func later(prev time.Time) time.Time {
	now := time.Now().UTC().Truncate(time.Microsecond)
	if !now.After(prev) {
		return prev.Add(time.Microsecond)
	}
	return now
}
