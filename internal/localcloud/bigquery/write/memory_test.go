package write

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// memory is a Store without a database. What Update returned nil for is what a restart finds.
type memory struct {
	mu      sync.Mutex
	tables  map[row.Table]Table
	rows    map[row.Table][][]any
	records map[string]entry

	before error // fails transactions without an effect
	after  error // fails transactions that have taken effect
	once   bool  // no more than one
	refuse int   // fails what appended more rows than that together; 0: none
}

type entry struct {
	record  []byte
	expires time.Time
}

func newMemory() *memory {
	return &memory{tables: map[row.Table]Table{}, rows: map[row.Table][][]any{}, records: map[string]entry{}}
}

func (m *memory) Table(_ context.Context, ref row.Table) (Table, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return (&memoryTx{tables: m.tables}).Table(context.Background(), ref)
}

func (m *memory) Update(_ context.Context, fn func(Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.before != nil {
		return m.before
	}
	tx := &memoryTx{refuse: m.refuse, tables: m.tables, rows: maps.Clone(m.rows), records: maps.Clone(m.records)}
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Flush(context.Background()); err != nil {
		return err
	}
	m.rows, m.records = tx.rows, tx.records
	err := m.after
	if m.once {
		m.after, m.once = nil, false
	}
	return err
}

// failOnce fails the next transaction after its effect.
func (m *memory) failOnce(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.after, m.once = err, true
}

func (m *memory) fail(before, after error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.before, m.after = before, after
}

func (m *memory) put(ref row.Table, t Table) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tables[ref] = t
}

func (m *memory) count(ref row.Table) int { return len(m.all(ref)) }

func (m *memory) all(ref row.Table) [][]any {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.rows[ref])
}

type memoryTx struct {
	refuse  int
	added   int
	tables  map[row.Table]Table
	rows    map[row.Table][][]any
	records map[string]entry
}

func (tx *memoryTx) Table(_ context.Context, ref row.Table) (Table, error) {
	t, ok := tx.tables[ref]
	if !ok {
		return t, errkind.With(errkind.NotFound, fmt.Errorf("no table %s", ref))
	}
	return t, nil
}

func (tx *memoryTx) Append(_ context.Context, t row.Table, rows [][]any) error {
	for _, r := range rows {
		if len(r) != len(tx.tables[t].Columns) {
			return errkind.With(errkind.Permanent, fmt.Errorf("%d values for %d columns", len(r), len(tx.tables[t].Columns)))
		}
	}
	tx.rows[t] = append(slices.Clip(tx.rows[t]), rows...)
	tx.added += len(rows)
	return nil
}

func (tx *memoryTx) Flush(context.Context) error {
	if tx.refuse > 0 && tx.added > tx.refuse {
		return errTooMany
	}
	return nil
}

var errTooMany = errors.New("too many rows")

func (tx *memoryTx) Record(_ context.Context, stream string) ([]byte, error) {
	return bytes.Clone(tx.records[stream].record), nil
}

func (tx *memoryTx) AddRecord(ctx context.Context, stream string, record []byte, expires time.Time) error {
	if _, there := tx.records[stream]; there {
		return fmt.Errorf("stream %s has a record", stream)
	}
	return tx.SetRecord(ctx, stream, record, expires)
}

func (tx *memoryTx) SetRecord(_ context.Context, stream string, record []byte, expires time.Time) error {
	tx.records[stream] = entry{bytes.Clone(record), expires}
	return nil
}

func (tx *memoryTx) Expire(_ context.Context, t time.Time) error {
	maps.DeleteFunc(tx.records, func(_ string, e entry) bool { return !e.expires.After(t) })
	return nil
}
