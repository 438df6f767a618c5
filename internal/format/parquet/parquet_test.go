package parquet

import (
	"path/filepath"
	"testing"
)

// samples are files of apache/parquet-testing.
func samples(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/parquet/*.parquet")
	if err != nil || len(files) != 16 {
		t.Fatalf("%d samples, error %v", len(files), err)
	}
	return files
}
