//go:build !cgo

package engine

import (
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/seneka-io/seneka/internal/row"
)

var errNoCgo = errors.New("this binary was built without cgo: build with CGO_ENABLED=1 and a C compiler to run the local cloud")

func openDuckDB(string, Options) (*sql.DB, error) { return nil, errNoCgo }

func appendRows(driver.Conn, string, string, [][]driver.Value) error { return errNoCgo }

func decimalText(any) (string, bool) { return "", false }

func duckInterval(v row.IntervalValue) any { return v }

func intervalValue(any) (row.IntervalValue, bool) { return row.IntervalValue{}, false }

func registerFunctions(*sql.Conn) error { return errNoCgo }

func refusal(error) (string, bool) { return "", false }
