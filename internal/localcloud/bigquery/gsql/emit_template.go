package gsql

import (
	"strconv"
	"strings"
)

// raiseMark stands before the message of an error that a query raises by itself. DuckDB's error()
// cannot be used: it counts as volatile, which TRY refuses. The failing cast repeats its text.
const raiseMark = "BigQuery: "

// raise returns a template that is body unless guard holds, which fails with message.
func raise(guard, message, body string) string {
	return "CASE WHEN CASE WHEN " + guard + " THEN CAST('" + raiseMark + "' || " + message +
		" AS BOOLEAN) ELSE FALSE END THEN NULL ELSE " + body + " END"
}

// expand replaces $1, $2, … of a template by arguments. An argument that the template names twice
// is bound once if it is long or must not be evaluated twice, so that nested calls do not grow
// without bound: in a lambda over a list of one, which is how DuckDB can say "let".
func (t *translator) expand(tmpl string, args []value) string {
	if !needsLet(tmpl, args) {
		return substitute(tmpl, func(i int) string { return args[i].sql })
	}
	var fields []string
	for i, a := range args {
		fields = append(fields, argName(i)+" := "+a.sql)
	}
	body := substitute(tmpl, func(i int) string { return "let." + argName(i) })
	return "list_transform([struct_pack(" + strings.Join(fields, ", ") + ")], lambda let: " + body + ")[1]"
}

func argName(i int) string { return "a" + strconv.Itoa(i+1) }

func needsLet(tmpl string, args []value) bool {
	for i, a := range args {
		if strings.Count(tmpl, "$"+strconv.Itoa(i+1)) > 1 && !a.literal && (a.impure || len(a.sql) > 100) {
			return true
		}
	}
	return false
}

// escapeTemplate makes text safe to stand in a template.
func escapeTemplate(s string) string { return strings.ReplaceAll(s, "$", "$$") }

// substitute replaces each $n, n being one digit, by what arg returns for n-1, and $$ by $.
func substitute(tmpl string, arg func(int) string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(tmpl, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if after == "" || !isDigit(after[0]) || after[0] == '0' {
			b.WriteByte('$')
			tmpl = strings.TrimPrefix(after, "$")
			continue
		}
		b.WriteString(arg(int(after[0] - '1')))
		tmpl = after[1:]
	}
}
