package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// sample is how many rows the mean size of a row is taken from.
const sample = 1000

// width is the mean size of a row in bytes, when a table had so many rows and columns.
type width struct {
	rows, columns int64
	mean          float64
}

// Size returns how many rows a table has, and about how many bytes BigQuery would bill for them
// (https://cloud.google.com/bigquery/pricing#data): the mean of the first rows times all, which is
// taken anew once there are twice as many rows, or fewer, or other columns. Values
// inside of STRUCT and REPEATED columns count as their text. A view has neither.
func (db *DB) Size(ctx context.Context, ref row.Table) (rows, bytes int64, err error) {
	t, err := db.catalog.Load().table(ref)
	if err != nil || t.Type == TypeView {
		return 0, 0, err
	}
	if err := db.sql.QueryRowContext(ctx, "SELECT count(*) FROM "+duckName(ref)).Scan(&rows); err != nil {
		return 0, 0, fmt.Errorf("size of %s: %w", ref, err)
	}
	known, ok := db.widths.Load(ref)
	w, _ := known.(width)
	if !ok || w.columns != int64(len(t.Columns)) || rows < w.rows || rows >= 2*w.rows {
		w = width{rows: rows, columns: int64(len(t.Columns))}
		if w.mean, err = db.meanSize(ctx, t); err != nil {
			return 0, 0, fmt.Errorf("size of %s: %w", ref, err)
		}
		db.widths.Store(ref, w)
	}
	return rows, int64(w.mean * float64(rows)), nil
}

// meanSize is that of the first rows.
func (db *DB) meanSize(ctx context.Context, t *Table) (float64, error) {
	sums := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		sums[i] = "coalesce(sum(" + sizeOf(c) + "), 0)"
	}
	var sampled, bytes int64
	err := db.sql.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*), CAST(%s AS BIGINT) FROM (SELECT * FROM %s LIMIT %d)",
		strings.Join(sums, " + "), duckName(t.Ref), sample)).Scan(&sampled, &bytes)
	return float64(bytes) / float64(max(1, sampled)), err
}

// sizeOf is the SQL for a value's bytes; NULL for NULL, which takes none.
func sizeOf(c row.Column) string {
	name := quote(c.Name)
	switch {
	case c.Mode == row.Repeated || c.Type == row.Struct:
		return "strlen(CAST(" + name + " AS VARCHAR))"
	case c.Type == row.String || c.Type == row.JSON:
		return "2 + strlen(" + name + ")"
	case c.Type == row.Bytes:
		return "2 + octet_length(" + name + ")"
	case c.Type == row.Bool:
		return "CASE WHEN " + name + " IS NOT NULL THEN 1 END"
	case c.Type == row.Numeric:
		return "CASE WHEN " + name + " IS NOT NULL THEN 16 END"
	case c.Type == row.Interval || c.Type == row.Range:
		return "CASE WHEN " + name + " IS NOT NULL THEN 16 END"
	case c.Type == row.Geography: // 24 bytes a position; commas stand between positions
		return "16 + 24 * (1 + strlen(" + name + ") - strlen(replace(" + name + ", ',', '')))"
	case c.Type == row.BigNumeric:
		return "CASE WHEN " + name + " IS NOT NULL THEN 32 END"
	default:
		return "CASE WHEN " + name + " IS NOT NULL THEN 8 END"
	}
}
