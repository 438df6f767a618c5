// Package gsql is gone as soon as the real one compiles.
package gsql

import (
	"time"

	"github.com/seneka-io/seneka/internal/row"
)

type Error struct {
	Message      string
	Reason       string
	Line, Column int
}

func (e *Error) Error() string { return e.Message }

type Catalog interface {
	Table(t row.Table) (def TableDef, ok bool)
}

type TableDef struct {
	Columns row.Schema
	View    string
	SQLName string
}

type Param struct {
	Name  string
	Type  row.Column
	Value any
}

type Options struct {
	DefaultProject string
	DefaultDataset string
	Catalog        Catalog
	Params         []Param
	Now            time.Time
	User           string
}

type Statement struct {
	SQL     string
	Columns row.Schema
	Kind    string
}

func Translate(query string, o Options) (*Statement, error) {
	if query == "SELECT 1" {
		return &Statement{SQL: "SELECT 1 AS f0_", Columns: row.Schema{{Name: "f0_", Type: row.Int64}}, Kind: "SELECT"}, nil
	}
	return nil, &Error{Message: "not there yet"}
}
