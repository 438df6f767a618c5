package gsql

import (
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// conversion is how a cast is written: a template of the value $1. If guard is set, the cast fails
// with message where it is true.
type conversion struct {
	sql, guard, message string
}

// Texts that are cast to numbers must look as BigQuery reads them: DuckDB takes more.
const (
	notInt   = `NOT regexp_full_match($1, '\s*[+-]?(\d+|0[xX][0-9a-fA-F]+)\s*')`
	notBool  = `lower($1) NOT IN ('true', 'false')`
	stampSQL = `strftime($1, '%Y-%m-%d %H:%M:%S') || CASE WHEN epoch_us($1) % 1000000 = 0 THEN '' WHEN epoch_us($1) % 1000 = 0 THEN strftime($1, '.%g') ELSE strftime($1, '.%f') END`
)

// clockSQL puts a TIME on a day, so that it can be written like a DATETIME.
const clockSQL = `substr(strftime(DATE '1970-01-01' + $1, '%Y-%m-%d %H:%M:%S'), 12) || CASE WHEN epoch_us($1) % 1000000 = 0 THEN '' WHEN epoch_us($1) % 1000 = 0 THEN strftime(DATE '1970-01-01' + $1, '.%g') ELSE strftime(DATE '1970-01-01' + $1, '.%f') END`

type castPair struct{ from, to row.Type }

// conversions are the casts that CAST($1 AS type) does not do as BigQuery does
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions#cast).
var conversions = map[castPair]conversion{
	{row.String, row.Int64}:       {sql: "CAST($1 AS BIGINT)", guard: notInt, message: "'Bad int64 value: ' || $1"},
	{row.String, row.Bool}:        {sql: "(lower($1) = 'true')", guard: notBool, message: "'Bad bool value: ' || $1"},
	{row.String, row.Float64}:     {sql: "CAST($1 AS DOUBLE)", guard: "TRY_CAST($1 AS DOUBLE) IS NULL AND $1 IS NOT NULL", message: "'Bad double value: ' || $1"},
	{row.String, row.Date}:        {sql: "CAST($1 AS DATE)", guard: "TRY_CAST($1 AS DATE) IS NULL AND $1 IS NOT NULL", message: `'Invalid date: "' || $1 || '"'`},
	{row.String, row.Datetime}:    {sql: "CAST($1 AS TIMESTAMP)", guard: "TRY_CAST($1 AS TIMESTAMP) IS NULL AND $1 IS NOT NULL", message: `'Invalid datetime string "' || $1 || '"'`},
	{row.String, row.Time}:        {sql: "CAST($1 AS TIME)", guard: "TRY_CAST($1 AS TIME) IS NULL AND $1 IS NOT NULL", message: `'Invalid time string "' || $1 || '"'`},
	{row.String, row.Timestamp}:   {sql: "CAST($1 AS TIMESTAMPTZ)", guard: "TRY_CAST($1 AS TIMESTAMPTZ) IS NULL AND $1 IS NOT NULL", message: `'Invalid timestamp: ''' || $1 || ''''`},
	{row.String, row.Bytes}:       {sql: "encode($1)"},
	{row.Bytes, row.String}:       {sql: "decode($1)"},
	{row.Float64, row.Int64}:      {sql: "CAST(round($1) AS BIGINT)"},
	{row.Numeric, row.Int64}:      {sql: "CAST(round($1, 0) AS BIGINT)"},
	{row.BigNumeric, row.Int64}:   {sql: "CAST(bignumeric_text(bignumeric_round('ROUND', $1, 0)) AS BIGINT)"},
	{row.BigNumeric, row.Float64}: {sql: "CAST(bignumeric_text($1) AS DOUBLE)"},
	{row.BigNumeric, row.Numeric}: {sql: "CAST(bignumeric_text(bignumeric_round('ROUND', $1, 9)) AS DECIMAL(38,9))"},
	{row.Int64, row.BigNumeric}:   {sql: "bignumeric(CAST($1 AS VARCHAR))"},
	{row.Numeric, row.BigNumeric}: {sql: "bignumeric(CAST($1 AS VARCHAR))"},
	{row.Float64, row.BigNumeric}: {sql: "bignumeric_double($1)"},
	{row.String, row.BigNumeric}:  {sql: "bignumeric($1)"},
	{row.Float64, row.String}:     {sql: `regexp_replace(CAST($1 AS VARCHAR), '\.0$', '')`},
	{row.Numeric, row.String}:     {sql: `regexp_replace(CAST($1 AS VARCHAR), '\.?0+$', '')`},
	{row.BigNumeric, row.String}:  {sql: "bignumeric_text($1)"},
	{row.Timestamp, row.String}:   {sql: "(" + stampSQL + " || '+00')"},
	{row.Datetime, row.String}:    {sql: "(" + stampSQL + ")"},
	{row.Time, row.String}:        {sql: "(" + clockSQL + ")"},
	{row.Timestamp, row.Time}:     {sql: "CAST(timezone('UTC', $1) AS TIME)"},
	{row.Timestamp, row.Date}:     {sql: "CAST(timezone('UTC', $1) AS DATE)"},
	{row.Timestamp, row.Datetime}: {sql: "timezone('UTC', $1)"},
	{row.Date, row.Timestamp}:     {sql: "timezone('UTC', CAST($1 AS TIMESTAMP))"},
	{row.Datetime, row.Timestamp}: {sql: "timezone('UTC', $1)"},
}

// castable lists the other casts that there are, beyond a type to itself.
var castable = map[row.Type][]row.Type{
	row.Int64:    {row.Bool, row.Float64, row.Numeric, row.String},
	row.Float64:  {row.Numeric},
	row.Numeric:  {row.Float64},
	row.Bool:     {row.Int64, row.String},
	row.String:   {row.Numeric},
	row.Date:     {row.String, row.Datetime},
	row.Datetime: {row.Date, row.Time},
}

func (t *translator) castExpr(e env, x *cast) value {
	v := t.expr(e, x.x)
	return t.cast(x.offset(), v, x.to, x.safe)
}

// cast is CAST and SAFE_CAST.
func (t *translator) cast(pos int, v value, to *typ, safe bool) value {
	if v.t.equal(to) {
		return value{sql: v.sql, t: to}
	}
	if v.t.kind == nullType {
		return value{sql: "CAST(NULL AS " + to.duck() + ")", t: to}
	}
	if nested := (value{sql: v.sql, t: v.t}); isNested(v.t) && t.coercible(nested, to) >= 0 {
		return t.coerce(nested, to)
	}
	c, ok := conversions[castPair{v.t.kind, to.kind}]
	if !ok {
		if !slices.Contains(castable[v.t.kind], to.kind) {
			t.fail(pos, "Invalid cast from %s to %s", v.t, to)
		}
		c.sql = "CAST($1 AS " + to.duck() + ")"
	}
	return value{sql: t.expand(c.template(safe), []value{v}), t: to}
}

func isNested(ty *typ) bool { return ty.kind == arrayType || ty.kind == row.Struct }

// template returns how the cast is written. A safe one gives NULL where the other fails.
func (c conversion) template(safe bool) string {
	switch {
	case !safe && c.guard == "":
		return c.sql
	case !safe:
		return raise(c.guard, c.message, c.sql)
	case c.sql == "decode($1)":
		return "CASE WHEN TRY(decode($1)) IS NULL THEN NULL ELSE decode($1) END"
	}
	sql := c.sql
	if strings.HasPrefix(sql, "bignumeric") {
		return "TRY(" + sql + ")"
	}
	if strings.HasPrefix(sql, "CAST(") {
		sql = "TRY_" + sql
	}
	if c.guard == "" {
		return sql
	}
	return "CASE WHEN " + c.guard + " THEN NULL ELSE " + sql + " END"
}
