package gsql

import "slices"

// spaces are the characters that TRIM removes if it is not told which.
const spaces = " \t\n\v\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

// SUBSTR counts from the end if the position is negative; 0 and what lies before the start mean 1.
const (
	substrStart = "CASE WHEN $2 = 0 OR $2 < -length($1) THEN 1 ELSE $2 END"
	substrBytes = "CASE WHEN $2 = 0 OR $2 < -octet_length($1) THEN 1 WHEN $2 < 0 THEN (octet_length($1) + $2) * 2 + 1 ELSE $2 * 2 - 1 END"
	negative    = "'Third argument in SUBSTR() cannot be negative'"
)

// wordBreaks are INITCAP's default delimiters, as the inside of a character class.
const wordBreaks = `\s\[\](){}/|<>!?@"^#&~_,.:;*%+\\\-`

func stringFunctions() []function {
	blank := quoteString(spaces)
	pad := func(name string) []overload {
		tooShort := "'Second argument in " + name + "() cannot be negative'"
		duck := map[string]string{"LPAD": "lpad", "RPAD": "rpad"}[name]
		return []overload{
			guarded("si:s", "$2 < 0", tooShort, duck+"($1, CAST($2 AS INTEGER), ' ')"),
			guarded("sis:s", "$2 < 0 OR $3 = ''", "'Arguments of "+name+"() cannot be negative or empty'", duck+"($1, CAST($2 AS INTEGER), $3)"),
		}
	}
	substr := fn("SUBSTR",
		sig("si:s", "substring($1, "+substrStart+")"),
		guarded("sii:s", "$3 < 0", negative, "substring($1, "+substrStart+", $3)"),
		sig("bi:b", "from_hex(substring(hex($1), "+substrBytes+"))"),
		guarded("bii:b", "$3 < 0", negative, "from_hex(substring(hex($1), "+substrBytes+", $3 * 2))"))
	length := []overload{sig("s:i", "length($1)"), sig("b:i", "octet_length($1)")}
	bytes := []overload{sig("s:i", "strlen($1)"), sig("b:i", "octet_length($1)")}
	return slices.Concat(
		also(substr, "SUBSTRING"),
		also(fn("CHAR_LENGTH", length[0]), "CHARACTER_LENGTH"),
		also(fn("BYTE_LENGTH", bytes...), "OCTET_LENGTH"),
		[]function{
			fn("LENGTH", length...),
			special("CONCAT", 1, -1, emitConcat),
			fn("LOWER", sig("s:s", "lower($1)")),
			fn("UPPER", sig("s:s", "upper($1)")),
			fn("INITCAP", sig("s:s", "array_to_string(list_transform(regexp_extract_all(lower($1), '["+wordBreaks+"]+|[^"+wordBreaks+"]+'), lambda word: upper(substring(word, 1, 1)) || substring(word, 2)), '')")),
			fn("TRIM", sig("s:s", "trim($1, "+blank+")"), sig("ss:s", "trim($1, $2)")),
			fn("LTRIM", sig("s:s", "ltrim($1, "+blank+")"), sig("ss:s", "ltrim($1, $2)")),
			fn("RTRIM", sig("s:s", "rtrim($1, "+blank+")"), sig("ss:s", "rtrim($1, $2)")),
			fn("REPLACE", sig("sss:s", "replace($1, $2, $3)")),
			fn("TRANSLATE", sig("sss:s", "translate($1, $2, $3)")),
			special("SPLIT", 1, 2, emitSplit),
			fn("STARTS_WITH", sig("ss:B", "starts_with($1, $2)"), sig("bb:B", "starts_with(hex($1), hex($2))")),
			fn("ENDS_WITH", sig("ss:B", "ends_with($1, $2)"), sig("bb:B", "ends_with(hex($1), hex($2))")),
			fn("STRPOS", sig("ss:i", "instr($1, $2)")),
			fn("INSTR", sig("ss:i", "instr($1, $2)"),
				guarded("ssi:i", "$3 < 1", "'INSTR() with a position below 1 is not supported by the local BigQuery'",
					"CASE WHEN instr(substring($1, $3), $2) = 0 THEN 0 ELSE instr(substring($1, $3), $2) + $3 - 1 END")),
			fn("CONTAINS_SUBSTR", sig("ss:B", "contains(lower($1), lower($2))")),
			fn("LPAD", pad("LPAD")...),
			fn("RPAD", pad("RPAD")...),
			fn("REVERSE", sig("s:s", "reverse($1)")),
			fn("REPEAT", guarded("si:s", "$2 < 0", "'Second argument in REPEAT() cannot be negative'", "repeat($1, $2)")),
			fn("LEFT", guarded("si:s", "$2 < 0", "'Second argument in LEFT() cannot be negative'", "left($1, $2)")),
			fn("RIGHT", guarded("si:s", "$2 < 0", "'Second argument in RIGHT() cannot be negative'", "right($1, $2)")),
			fn("ASCII", sig("s:i", "CAST(ascii($1) AS BIGINT)")),
			fn("UNICODE", sig("s:i", "CASE WHEN $1 = '' THEN 0 ELSE CAST(unicode($1) AS BIGINT) END")),
			fn("CHR", sig("i:s", "CASE WHEN $1 = 0 THEN '' ELSE chr(CAST($1 AS INTEGER)) END")),
			fn("EDIT_DISTANCE", sig("ss:i", "levenshtein($1, $2)")),
			special("FORMAT", 1, -1, emitFormat),
		})
}

func hashFunctions() []function {
	hash := func(name, duck string) function {
		return fn(name, sig("s:b", "from_hex("+duck+"($1))"), sig("b:b", "from_hex("+duck+"($1))"))
	}
	return []function{
		hash("MD5", "md5"),
		hash("SHA1", "sha1"),
		hash("SHA256", "sha256"),
		fn("TO_HEX", sig("b:s", "lower(hex($1))")),
		fn("FROM_HEX", sig("s:b", "from_hex($1)")),
		fn("TO_BASE64", sig("b:s", "base64($1)")),
		fn("FROM_BASE64", sig("s:b", "from_base64($1)")),
		fn("SAFE_CONVERT_BYTES_TO_STRING", sig("b:s", "decode($1, 'replace')")),
	}
}

func emitConcat(c *callSite) value {
	args := c.exprs(c.env, c.call.args)
	v := c.concat(c.call.offset(), "function CONCAT", args)
	if v.t.kind == arrayType {
		c.noSignature(args)
	}
	return v
}

func emitSplit(c *callSite) value {
	args := []value{c.typed(0, tString), {sql: "','", t: tString}}
	if c.has(1) {
		args[1] = c.typed(1, tString)
	}
	return value{sql: c.expand("CASE WHEN $1 = '' THEN [''] ELSE string_split($1, $2) END", args), t: arrayOf(tString)}
}
