package gsql

import (
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

func timeTextFunctions() []function {
	var list []function
	for _, ty := range kinds {
		most := 2
		if ty == tTimestamp {
			most = 3
		}
		list = append(list,
			special("FORMAT_"+string(ty.kind), 2, most, emitFormatTime),
			special("PARSE_"+string(ty.kind), 2, most, emitParseTime))
	}
	return list
}

// sameElements are the format elements that DuckDB writes as BigQuery does.
const sameElements = "AaBbdHIjMmpSUuVWwYyG%"

// expandElements are the format elements that stand for others
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements).
var expandElements = map[string]string{
	"F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "x": "%m/%d/%y", "X": "%H:%M:%S",
	"h": "%b", "r": "%I:%M:%S %p", "c": "%a %b %e %H:%M:%S %Y", "E4Y": "%Y", "n": "\n", "t": "\t",
}

// sqlElements are the format elements that take an expression of the DATETIME $1.
var sqlElements = map[string]string{
	"e": "lpad(strftime($1, '%-d'), 2, ' ')", "k": "lpad(strftime($1, '%-H'), 2, ' ')",
	"l": "lpad(strftime($1, '%-I'), 2, ' ')", "P": "lower(strftime($1, '%p'))", "C": "left(strftime($1, '%Y'), 2)",
	"g": "right(strftime($1, '%G'), 2)", "Q": "CAST(extract(quarter FROM $1) AS VARCHAR)",
	"E*S": "strftime($1, '%S') || CASE WHEN epoch_us($1) % 1000000 = 0 THEN '' ELSE regexp_replace(strftime($1, '.%f'), '0+$', '') END",
	"E0S": "strftime($1, '%S')", "E1S": "strftime($1, '%S.') || left(strftime($1, '%f'), 1)",
	"E2S": "strftime($1, '%S.') || left(strftime($1, '%f'), 2)", "E3S": "strftime($1, '%S.') || left(strftime($1, '%f'), 3)",
	"E4S": "strftime($1, '%S.') || left(strftime($1, '%f'), 4)", "E5S": "strftime($1, '%S.') || left(strftime($1, '%f'), 5)",
	"E6S": "strftime($1, '%S.%f')", "s": "CAST(epoch_us($1) // 1000000 AS VARCHAR)",
	"Z": "'UTC'", "z": "'+0000'", "Ez": "'+00:00'",
}

// element cuts the format element off that s starts with, behind its %.
func element(s string) (name, rest string) {
	n := min(1, len(s))
	if strings.HasPrefix(s, "E") {
		n = 2
		if len(s) > 2 && s[1] != 'z' {
			n = 3
		}
	}
	n = min(n, len(s))
	return s[:n], s[n:]
}

// emitFormatTime is FORMAT_TIMESTAMP(format, x[, zone]) and its kin.
func emitFormatTime(c *callSite) value {
	format := c.constantText(0, "Format")
	v := c.typed(1, scalars[strings.TrimPrefix(c.fn.name, "FORMAT_")])
	zoned := c.has(2)
	switch v.t.kind {
	case row.Timestamp:
		v.sql = c.local(c.env, v, c.optional(2))
	case row.Date:
		v.sql = "CAST(" + v.sql + " AS TIMESTAMP)"
	case row.Time:
		v.sql = "(DATE '1970-01-01' + " + v.sql + ")"
	}
	v.t = tDatetime
	pieces := c.formatPieces(format, zoned)
	return value{sql: c.expand("("+strings.Join(append(pieces, "''"), " || ")+")", []value{v}), t: tString}
}

// formatPieces turns a format into expressions whose texts make up the result.
func (c *callSite) formatPieces(format string, zoned bool) []string {
	var pieces []string
	plain := ""
	flush := func() {
		if plain != "" {
			pieces = append(pieces, "strftime($1, "+escapeTemplate(quoteString(plain))+")")
			plain = ""
		}
	}
	for format != "" {
		before, after, found := strings.Cut(format, "%")
		plain += before
		if !found {
			break
		}
		name, rest := element(after)
		format = rest
		switch {
		case expandElements[name] != "":
			format = expandElements[name] + rest
		case len(name) == 1 && strings.Contains(sameElements, name):
			plain += "%" + name
		case sqlElements[name] != "" && !(zoned && strings.Contains("Z z Ez s", name)):
			flush()
			pieces = append(pieces, sqlElements[name])
		default:
			c.unsupported(c.call.args[0].offset(), "Format element %%%s", name)
		}
	}
	flush()
	return pieces
}

// parseElements are the format elements that can be read, in DuckDB's words.
var parseElements = map[string]string{
	"A": "%A", "a": "%a", "B": "%B", "b": "%b", "h": "%b", "d": "%d", "e": "%-d", "H": "%H", "k": "%-H", "I": "%I",
	"l": "%-I", "j": "%j", "M": "%M", "m": "%m", "p": "%p", "P": "%p", "S": "%S", "Y": "%Y", "E4Y": "%Y", "y": "%y",
	"%": "%%", "z": "%z", "Ez": "%z", "Z": "%Z", "E*S": "%S.%f", "E#S": "%S.%f", "E1S": "%S.%f", "E2S": "%S.%f",
	"E3S": "%S.%f", "E4S": "%S.%f", "E5S": "%S.%f", "E6S": "%S.%f", "n": " ", "t": " ",
	"F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y",
}

// emitParseTime is PARSE_TIMESTAMP(format, text[, zone]) and its kin.
func emitParseTime(c *callSite) value {
	format, zoned := c.parseFormat(c.constantText(0, "Format"))
	ty := scalars[strings.TrimPrefix(c.fn.name, "PARSE_")]
	if zoned && ty != tTimestamp {
		c.unsupported(c.call.args[0].offset(), "%s with a time zone", c.fn.name)
	}
	quoted := escapeTemplate(quoteString(format))
	if strings.Contains(format, "%S.%f") { // a fraction may be there or not
		quoted = "[" + quoted + ", " + escapeTemplate(quoteString(strings.ReplaceAll(format, "%S.%f", "%S"))) + "]"
	}
	v := c.typed(1, tString)
	sql := c.expand(raise("$1 IS NOT NULL AND try_strptime($1, "+quoted+") IS NULL",
		`'Failed to parse input string "' || $1 || '"'`, "try_strptime($1, "+quoted+")"), []value{v})
	switch {
	case ty == tTimestamp && zoned:
		return value{sql: sql, t: ty}
	case ty == tTimestamp:
		return value{sql: c.instant(c.env, sql, c.optional(2)), t: ty}
	}
	return value{sql: "CAST(" + sql + " AS " + ty.duck() + ")", t: ty}
}

// parseFormat turns a format into strptime's; zoned is set if it reads a time zone.
func (c *callSite) parseFormat(format string) (duck string, zoned bool) {
	var b strings.Builder
	for format != "" {
		before, after, found := strings.Cut(format, "%")
		b.WriteString(before)
		if !found {
			break
		}
		name, rest := element(after)
		if parseElements[name] == "" {
			c.unsupported(c.call.args[0].offset(), "Format element %%%s in %s", name, c.fn.name)
		}
		zoned = zoned || name == "z" || name == "Ez" || name == "Z"
		b.WriteString(parseElements[name])
		format = rest
	}
	return b.String(), zoned
}
