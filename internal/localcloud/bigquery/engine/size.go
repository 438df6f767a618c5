package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// sample is how many rows the mean size of a row is taken from.
const sample = 1000

// Size returns how many rows a table has, and about how many bytes BigQuery would bill for them
// (https://cloud.google.com/bigquery/pricing#data): the mean of the first rows times all. Values
// inside of STRUCT and REPEATED columns count as their text. A view has neither.
func (db *DB) Size(ctx context.Context, ref row.Table) (rows, bytes int64, err error) {
	t, err := db.catalog.Load().table(ref)
	if err != nil || t.Type == TypeView {
		return 0, 0, err
	}
	sums := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		sums[i] = "coalesce(sum(" + sizeOf(c) + "), 0)"
	}
	query := fmt.Sprintf("SELECT (SELECT count(*) FROM %[1]s), count(*), CAST(%[2]s AS BIGINT) FROM (SELECT * FROM %[1]s LIMIT %[3]d)",
		duckName(ref), strings.Join(sums, " + "), sample)
	var sampled int64
	if err := db.sql.QueryRowContext(ctx, query).Scan(&rows, &sampled, &bytes); err != nil {
		return 0, 0, fmt.Errorf("size of %s: %w", ref, err)
	}
	if sampled > 0 {
		bytes = int64(float64(bytes) / float64(sampled) * float64(rows))
	}
	return rows, bytes, nil
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
