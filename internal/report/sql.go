package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

// perDecade is how many bars of the histogram lie between a second and ten: each is 12 % wide.
const perDecade = 20

// scope is which loads are asked for.
type scope struct {
	logs         []row.Table // load logs that are there
	since, until time.Time   // of the begin of the load
	source       string      // empty: all
}

// from is a subquery of the loads of the scope, each once. It reads the logs themselves, for through
// the view seneka_loads no partition is left out: what the view does stands here behind the filter.
func (s scope) from() string {
	var logs []string
	for _, t := range s.logs {
		logs = append(logs, "SELECT attempt, outcome, reason, IFNULL(source, '') AS source, source_file, IFNULL(table_name, '') AS table_name, size, bytes, row_count, reject_count,"+
			" loaded_at, event_time, received_at, forwarded_at, published_at, started_at, visible_at FROM `"+t.String()+"` WHERE "+s.filter())
	}
	return "(SELECT *, IF(outcome = 'loaded' AND (received_at IS NOT NULL OR STARTS_WITH(source_file, 'gs://'))," +
		" TIMESTAMP_DIFF(visible_at, event_time, MICROSECOND) / 1000000, NULL) AS seconds" +
		" FROM (" + strings.Join(logs, " UNION ALL ") + ") WHERE TRUE" +
		" QUALIFY ROW_NUMBER() OVER (PARTITION BY attempt, outcome ORDER BY visible_at) = 1)"
}

// filter is a condition on the columns that all logs have. loaded_at is what they are partitioned by.
func (s scope) filter() string {
	where := fmt.Sprintf("loaded_at >= TIMESTAMP_MICROS(%d) AND loaded_at < TIMESTAMP_MICROS(%d)", s.since.UnixMicro(), s.until.UnixMicro())
	if s.source != "" {
		where += " AND source = " + literal(s.source)
	}
	return where
}

// literal quotes a text for GoogleSQL, which knows Go's escapes.
// https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#escape_sequences
func literal(s string) string { return strconv.QuoteToASCII(strings.ToValidUTF8(s, "\uFFFD")) }

// totals asks for the totals of the stretches that begin at each of since, per source and of all.
func (s scope) totals(since []time.Time) string {
	starts := make([]string, len(since))
	for i, t := range since {
		starts[i] = strconv.FormatInt(t.UnixMicro(), 10)
	}
	loaded := func(column string) string { return "IFNULL(SUM(IF(outcome = 'loaded', " + column + ", 0)), 0)" }
	columns := []string{
		"since", "source", "COUNTIF(outcome = 'loaded')", loaded("row_count"), loaded("reject_count"), loaded("bytes"), loaded("size"),
	}
	for _, o := range []string{"rejected", "deferred", "duplicate", "changed", "superseded", "ignored"} {
		columns = append(columns, "COUNTIF(outcome = '"+o+"')")
	}
	columns = append(columns, "COUNT(seconds)", quantile("seconds", 50), quantile("seconds", 95), quantile("seconds", 99), "MAX(seconds)")
	return "SELECT " + named(columns) + " FROM " + s.from() + " AS l, UNNEST([" + strings.Join(starts, ", ") + "]) AS since" +
		" WHERE loaded_at >= TIMESTAMP_MICROS(since) GROUP BY ROLLUP(since, source)"
}

// quantile is a percentile of a column, NULL of none. BigQuery's is approximate, within one percent
// of the ranks.
func quantile(column string, percent int) string {
	return fmt.Sprintf("APPROX_QUANTILES(%s, 100)[SAFE_OFFSET(%d)]", column, percent)
}

// named gives every column a name of its own.
func named(columns []string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = fmt.Sprintf("%s AS c%d", c, i)
	}
	return strings.Join(out, ", ")
}

// histogram counts files by the logarithm of their seconds. Nothing is quicker than a hundredth.
func (s scope) histogram() string {
	return fmt.Sprintf("SELECT CAST(FLOOR(LOG10(GREATEST(seconds, 0.01)) * %d) AS INT64) AS bin, COUNT(*) AS files FROM ", perDecade) +
		s.from() + " WHERE seconds IS NOT NULL GROUP BY bin"
}

// series sums files per source and step of so many seconds since 1970.
func (s scope) series(step int64) string {
	return fmt.Sprintf("SELECT source, DIV(UNIX_SECONDS(loaded_at), %d) * %d AS begun, COUNT(*) AS files,"+
		" SUM(IFNULL(row_count, 0)) AS loaded, SUM(IFNULL(reject_count, 0)) AS refused FROM ", step, step) +
		s.from() + " WHERE outcome = 'loaded' GROUP BY source, begun"
}

// hops are the parts of a file's way.
var hops = []struct{ name, what, from, to string }{
	{"S3 → forwarder", "S3's notification, and the wait in the queue", "event_time", "received_at"},
	{"forwarder", "until the forwarder begins to copy", "received_at", "forwarded_at"},
	{"copy", "the copy to Cloud Storage, and its notification", "forwarded_at", "published_at"},
	{"Pub/Sub → loader", "Pub/Sub, and the wait for a loader", "published_at", "started_at"},
	{"load", "reading, parsing, writing, committing", "started_at", "visible_at"},
}

// hops asks for how long each part took, of the files whose freshness counts.
func (s scope) hops() string {
	var columns []string
	for _, h := range hops {
		d := "TIMESTAMP_DIFF(" + h.to + ", " + h.from + ", MICROSECOND) / 1000000"
		columns = append(columns, "COUNT("+d+")", quantile(d, 50), quantile(d, 95))
	}
	return "SELECT " + named(columns) + " FROM " + s.from() + " WHERE seconds IS NOT NULL"
}

// alike leaves out of a reason what differs from case to case: numbers, and what stands in quotes.
const alike = "REGEXP_REPLACE(REGEXP_REPLACE(IFNULL(reason, ''), r'\"(\\\\.|[^\"\\\\])*\"', '\"…\"'), r'[0-9]+', 'N')"

// rejected asks for the reasons of files that were rejected.
func (s scope) rejected() string {
	return "SELECT source, " + alike + " AS why, COUNT(*) AS files, ANY_VALUE(source_file) AS example, 0 AS line FROM " + s.from() +
		" WHERE outcome = 'rejected' GROUP BY source, why ORDER BY files DESC, source, why LIMIT 10"
}

// rejects asks for the reasons of records. Those of attempts that broke off do not count.
func (s scope) rejects() string {
	var logs []string
	for _, t := range s.logs {
		logs = append(logs, "SELECT attempt, IFNULL(source, '') AS source, source_file, source_line, reason FROM `"+load.RejectTable(t).String()+"` WHERE "+s.filter())
	}
	return "SELECT source, " + alike + " AS why, COUNT(*) AS records, MIN(source_file) AS example, MIN_BY(source_line, CONCAT(source_file, FORMAT(' %020d', source_line))) AS line FROM (" +
		"SELECT * FROM (" + strings.Join(logs, " UNION ALL ") + ") WHERE attempt IN (SELECT attempt FROM " + s.from() + " WHERE outcome IN ('loaded', 'rejected'))" +
		" QUALIFY ROW_NUMBER() OVER (PARTITION BY attempt, source_line ORDER BY reason) = 1)" +
		" GROUP BY source, why ORDER BY records DESC, source, why LIMIT 10"
}

// files asks for loaded files, those with the most of a column first.
func (s scope) files(most string) string {
	return "SELECT " + fileColumns + " FROM " + s.from() + " WHERE outcome = 'loaded' AND " + most + " IS NOT NULL ORDER BY " + most + " DESC, source_file LIMIT 10"
}

const fileColumns = "source_file, source, table_name, outcome, IFNULL(reason, ''), loaded_at, IFNULL(row_count, 0), IFNULL(bytes, 0), IFNULL(size, 0), seconds"

// last is a subquery of the last word on each file and table, of those that are not loaded.
func (s scope) last() string {
	return "(SELECT * FROM " + s.from() + " WHERE outcome != 'superseded'" +
		" QUALIFY ROW_NUMBER() OVER (PARTITION BY source_file, table_name ORDER BY loaded_at DESC, outcome = 'loaded' DESC) = 1)"
}

// openFiles asks for files that are not loaded: the oldest of each source and outcome, then the next.
func (s scope) openFiles() string {
	return "SELECT " + fileColumns + " FROM " + s.last() + " WHERE outcome IN ('rejected', 'deferred')" +
		" ORDER BY ROW_NUMBER() OVER (PARTITION BY source, outcome ORDER BY loaded_at, source_file), loaded_at, source_file LIMIT 20"
}

// openSources counts them.

func (s scope) openSources() string {
	return "SELECT source, COUNTIF(outcome = 'rejected') AS rejected, COUNTIF(outcome = 'deferred') AS deferred, MIN(loaded_at) AS oldest FROM " + s.last() +
		" WHERE outcome IN ('rejected', 'deferred') GROUP BY source ORDER BY source"
}

// streams asks how many write streams were made. It stands alone, for a log that no loader of this
// version has written to lacks the column.
func (s scope) streams() string {
	var logs []string
	for _, t := range s.logs {
		logs = append(logs, "SELECT attempt, outcome, visible_at, streams FROM `"+t.String()+"` WHERE "+s.filter())
	}
	return "SELECT IFNULL(SUM(streams), 0) AS made FROM (SELECT * FROM (" + strings.Join(logs, " UNION ALL ") + ") WHERE TRUE" +
		" QUALIFY ROW_NUMBER() OVER (PARTITION BY attempt, outcome ORDER BY visible_at) = 1)"
}
