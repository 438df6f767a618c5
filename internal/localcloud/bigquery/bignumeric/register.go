//go:build cgo

package bignumeric

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math/big"

	"github.com/duckdb/duckdb-go/v2"
)

// Register makes the functions known to the database that c is a connection of, and so to all its
// connections. A function gives NULL when an argument is NULL.
//
//	bignumeric(VARCHAR) BLOB                   CAST, digits beyond the scale rounded
//	bignumeric_double(DOUBLE) BLOB             CAST
//	bignumeric_text(BLOB) VARCHAR              CAST to text
//	bignumeric_calc(VARCHAR, BLOB, BLOB) BLOB  + - * /
//	bignumeric_round(VARCHAR, BLOB, BIGINT)    ROUND TRUNC CEIL FLOOR to so many digits
//	bignumeric_sum(BLOB[]) BLOB                of the values that are not NULL; NULL if there are none
//	bignumeric_avg(BLOB[]) BLOB                likewise
func Register(c *sql.Conn) error {
	text, number, double, integer := duckdb.TYPE_VARCHAR, duckdb.TYPE_BLOB, duckdb.TYPE_DOUBLE, duckdb.TYPE_BIGINT
	for _, f := range []function{
		{"bignumeric", []duckdb.Type{text}, number, func(v []driver.Value) (any, error) { return cast(v[0].(string)) }},
		{"bignumeric_double", []duckdb.Type{double}, number, func(v []driver.Value) (any, error) { return castFloat(v[0].(float64)) }},
		{"bignumeric_text", []duckdb.Type{number}, text, func(v []driver.Value) (any, error) { return Decode(v[0].([]byte)), nil }},
		{"bignumeric_calc", []duckdb.Type{text, number, number}, number, func(v []driver.Value) (any, error) {
			return calc(v[0].(string), v[1].([]byte), v[2].([]byte))
		}},
		{"bignumeric_round", []duckdb.Type{text, number, integer}, number, func(v []driver.Value) (any, error) {
			return roundTo(v[0].(string), v[1].([]byte), v[2].(int64))
		}},
		{"bignumeric_sum", []duckdb.Type{duckdb.TYPE_LIST}, number, func(v []driver.Value) (any, error) {
			return fold(v, func(total *big.Int, _ int64) *big.Rat { return new(big.Rat).SetInt(total) })
		}},
		{"bignumeric_avg", []duckdb.Type{duckdb.TYPE_LIST}, number, func(v []driver.Value) (any, error) {
			return fold(v, func(total *big.Int, n int64) *big.Rat { return new(big.Rat).SetFrac(total, big.NewInt(n)) })
		}},
	} {
		if err := duckdb.RegisterScalarUDF(c, f.name, f); err != nil {
			return fmt.Errorf("register function %s: %w", f.name, err)
		}
	}
	return nil
}

func fold(args []driver.Value, result func(total *big.Int, count int64) *big.Rat) (any, error) {
	list, _ := args[0].([]any)
	total, count := sum(list)
	if count == 0 {
		return nil, nil
	}
	return storeRat(result(total, count))
}

// function implements duckdb.ScalarFunc.
type function struct {
	name string
	in   []duckdb.Type // a LIST is one of values
	out  duckdb.Type
	call duckdb.RowExecutorFn
}

// Config implements duckdb.ScalarFunc. The types are constants that always have a description.
func (f function) Config() duckdb.ScalarFuncConfig {
	config := duckdb.ScalarFuncConfig{ResultTypeInfo: info(f.out)}
	for _, t := range f.in {
		config.InputTypeInfos = append(config.InputTypeInfos, info(t))
	}
	return config
}

// Executor implements duckdb.ScalarFunc.
func (f function) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: f.call}
}

// info describes a type; what it cannot describe RegisterScalarUDF refuses.
func info(t duckdb.Type) duckdb.TypeInfo {
	var i duckdb.TypeInfo
	if t == duckdb.TYPE_LIST {
		i, _ = duckdb.NewListInfo(info(duckdb.TYPE_BLOB))
	} else {
		i, _ = duckdb.NewTypeInfo(t)
	}
	return i
}
