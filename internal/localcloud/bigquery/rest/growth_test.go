//go:build cgo

package rest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/bigquery"
)

// Whoever changes a table by the etag of what it read never undoes another's change: the loser is
// told so (412), reads again and adds its own
// (https://pkg.go.dev/cloud.google.com/go/bigquery#TableMetadata, ETag).
func TestConcurrentChangesByEtag(t *testing.T) {
	f := newFixture(t)
	tab := f.numbers(3)
	const writers = 8
	var all sync.WaitGroup
	refused := make(chan int, 1000)
	for i := range writers {
		all.Go(func() {
			for {
				m, err := tab.Metadata(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				wider := append(m.Schema, &bigquery.FieldSchema{Name: fmt.Sprint("c", i), Type: bigquery.StringFieldType})
				_, err = tab.Update(t.Context(), bigquery.TableMetadataToUpdate{Schema: wider}, m.ETag)
				if err == nil {
					return
				}
				if e := apiErrorOf(t, err); e.Code != http.StatusPreconditionFailed || e.Errors[0].Reason != "conditionNotMet" {
					t.Error(err)
					return
				}
				refused <- i
			}
		})
	}
	all.Wait()
	m, err := tab.Metadata(t.Context())
	f.must(err)
	if len(m.Schema) != 1+writers {
		t.Errorf("%d columns, want all of %d writers; %d changes were refused", len(m.Schema), writers, len(refused))
	}
}

// What managing-table-schemas and troubleshoot-schemas say of changes that are no additions.
func TestSchemaChangesThatAreRefused(t *testing.T) {
	f := newFixture(t)
	tab := f.numbers(1)
	column := func(name string, typ bigquery.FieldType) *bigquery.FieldSchema {
		return &bigquery.FieldSchema{Name: name, Type: typ}
	}
	n := column("n", bigquery.IntegerFieldType)
	required := column("x", bigquery.StringFieldType)
	required.Required = true
	for _, tt := range []struct {
		schema bigquery.Schema
		want   string
	}{
		{bigquery.Schema{column("other", bigquery.StringFieldType)}, "Provided Schema does not match Table local:logs.numbers. Field n is missing in new schema"},
		{bigquery.Schema{column("n", bigquery.StringFieldType)}, "Field n has changed type from INTEGER to STRING"},
		{bigquery.Schema{n, required}, "Cannot add required fields to an existing schema. (field: x)"},
		{bigquery.Schema{n, column("N", bigquery.StringFieldType)}, "two columns"},
	} {
		_, err := tab.Update(t.Context(), bigquery.TableMetadataToUpdate{Schema: tt.schema}, "")
		if e := apiErrorOf(t, err); e.Code != http.StatusBadRequest || e.Errors[0].Reason != "invalid" || !strings.Contains(e.Message, tt.want) {
			t.Errorf("%v: want %q", err, tt.want)
		}
	}
}
