// Package bignumeric holds BigQuery's type BIGNUMERIC in DuckDB, whose own decimals end at 38
// digits: how a value is stored, and the functions that compute with it in SQL.
//
// A value is an integer from -2^255 to 2^255-1 of units of 10^-38
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types). It is
// stored as a BLOB of 32 bytes, most significant first, with 2^255 added, so that DuckDB's order of
// BLOBs is the order of the numbers: =, <, ORDER BY, GROUP BY, MIN and MAX work as they are.
package bignumeric

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strings"
)

// Type is the DuckDB type of a stored value.
const Type = "BLOB"

// digits is how many there are behind the point; size is that of a stored value in bytes.
const (
	digits = 38
	size   = 32
)

// form is what the text of a number looks like. Three digits of an exponent are more than any
// number in range needs, unless it is written to be tiresome.
var form = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$`)

// refusal is an error in BigQuery's words.
type refusal string

// Error returns the message.
func (r refusal) Error() string { return string(r) }

var errScale = fmt.Errorf("more than %d digits after the point", digits)

// Encode returns the stored form of the number in text, such as "-12.5" or "1e-38". The error says
// why it is none, or none that BIGNUMERIC holds exactly.
func Encode(text string) ([]byte, error) {
	r, err := parse(text)
	if err != nil {
		return nil, err
	}
	if r.Mul(r, unit()); !r.IsInt() {
		return nil, errScale
	}
	return store(r.Num())
}

// Decode returns the text of a stored value, without needless zeros.
func Decode(stored []byte) string {
	text := new(big.Rat).Quo(new(big.Rat).SetInt(load(stored)), unit()).FloatString(digits)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func parse(text string) (*big.Rat, error) {
	if !form.MatchString(text) {
		return nil, errors.New("no decimal number")
	}
	r, _ := new(big.Rat).SetString(text)
	return r, nil
}

// unit is how many units a whole has.
func unit() *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(digits), nil))
}

// half is 2^255, what is added to a stored integer.
func half() *big.Int { return new(big.Int).Lsh(big.NewInt(1), 8*size-1) }

const errOverflow refusal = "BIGNUMERIC overflow"

func store(n *big.Int) ([]byte, error) {
	n = new(big.Int).Add(n, half())
	if n.Sign() < 0 || n.BitLen() > 8*size {
		return nil, errOverflow
	}
	return n.FillBytes(make([]byte, size)), nil
}

func load(stored []byte) *big.Int {
	n := new(big.Int).SetBytes(stored)
	return n.Sub(n, half())
}

// storeRat stores r units, rounded half away from zero.
func storeRat(r *big.Rat) ([]byte, error) { return store(round(r, "ROUND")) }

// round makes r whole as the function of that name does.
func round(r *big.Rat, mode string) *big.Int {
	quotient, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	away := false
	switch mode {
	case "ROUND":
		away = rest.Lsh(rest, 1).CmpAbs(r.Denom()) >= 0
	case "CEIL":
		away = rest.Sign() > 0
	case "FLOOR":
		away = rest.Sign() < 0
	}
	if away {
		quotient.Add(quotient, big.NewInt(int64(r.Sign())))
	}
	return quotient
}

// cast is CAST of a STRING. Digits beyond the scale are rounded.
func cast(text string) ([]byte, error) {
	r, err := parse(strings.TrimSpace(text))
	if err != nil {
		return nil, refusal("Invalid BIGNUMERIC value: " + text)
	}
	return storeRat(r.Mul(r, unit()))
}

// castFloat is CAST of a FLOAT64.
func castFloat(f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, refusal(fmt.Sprintf("Illegal conversion of non-finite floating point number to BIGNUMERIC: %v", f))
	}
	r := new(big.Rat).SetFloat64(f)
	return storeRat(r.Mul(r, unit()))
}

// calc is x op y, op being + - * or /.
func calc(op string, x, y []byte) ([]byte, error) {
	a, b := new(big.Rat).SetInt(load(x)), new(big.Rat).SetInt(load(y))
	switch op {
	case "+":
		a.Add(a, b)
	case "-":
		a.Sub(a, b)
	case "*":
		a.Mul(a, b).Quo(a, unit())
	default:
		if b.Sign() == 0 {
			return nil, refusal("division by zero: " + Decode(x) + " / " + Decode(y))
		}
		a.Quo(a, b).Mul(a, unit())
	}
	stored, err := storeRat(a)
	if err != nil {
		return nil, fmt.Errorf("%w: %s %s %s", err, Decode(x), op, Decode(y))
	}
	return stored, nil
}

// roundTo is ROUND, TRUNC, CEIL and FLOOR to so many digits behind the point.
func roundTo(mode string, x []byte, places int64) ([]byte, error) {
	power := digits - min(max(places, -digits-2), digits)
	step := new(big.Int).Exp(big.NewInt(10), big.NewInt(power), nil)
	n := round(new(big.Rat).SetFrac(load(x), step), mode)
	return store(n.Mul(n, step))
}

// sum adds up a list, NULLs left out; count is how many are left.
func sum(list []any) (total *big.Int, count int64) {
	total = new(big.Int)
	for _, e := range list {
		if stored, ok := e.([]byte); ok {
			total.Add(total, load(stored))
			count++
		}
	}
	return total, count
}
