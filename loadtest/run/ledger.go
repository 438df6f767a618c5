package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/loadtest/generate"
)

// entry is a file that was put.
type entry struct {
	source string
	kind   generate.Kind
	bad    int
	truth  generate.Truth
	bytes  int
	etag   string    // empty until it is stored
	put    time.Time // when the putting began
	seen   time.Time // when an answer came that had its rows
}

// ledger is what was put, and what was seen of it. Safe for concurrent use.
type ledger struct {
	mu      sync.Mutex
	tables  map[string]row.Table // by source
	files   map[string]*entry    // by the name that the tables have for them
	order   []string             // of those that are to be seen, as they were put
	first   int                  // in order: those before it were seen
	unseen  int
	seenAt  time.Time // the last of them
	problem []string
}

// know says which table the rows of a source's files go to.
func (l *ledger) know(source string, t row.Table) {
	if l.tables == nil {
		l.tables = map[string]row.Table{}
		l.files = map[string]*entry{}
	}
	l.tables[source] = t
}

// reset forgets the files.
func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files, l.order, l.first = map[string]*entry{}, nil, 0
}

func (l *ledger) put(name string, f generate.File, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files[name] = &entry{source: f.Source, kind: f.Kind, bad: f.Bad, truth: f.Truth, bytes: len(f.Data), put: at}
	if f.Kind.Loadable() {
		l.order = append(l.order, name)
		l.unseen++
	}
}

func (l *ledger) stored(name, etag string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files[name].etag = etag
}

func (l *ledger) etag(name string) (etag string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.files[name]; e != nil {
		return e.etag, e.etag != ""
	}
	return "", false
}

// saw notes that an answer that came at a time had rows of a file.
func (l *ledger) saw(name string, rows int64, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.files[name]
	if e == nil || !e.seen.IsZero() {
		return // of the warm-up; or known
	}
	if rows != e.truth.Rows { // rows of a file become visible together
		l.problem = append(l.problem, fmt.Sprintf("%s: %d rows could be queried, of %d", name, rows, e.truth.Rows))
	}
	e.seen, l.seenAt = at, at
	l.unseen--
}

// count returns how many files were put that are to be seen.
func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.order)
}

// waiting returns how many files have not been seen.
func (l *ledger) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unseen
}

// last returns when the last file was seen.
func (l *ledger) last() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seenAt
}

// oldest returns when the oldest file was put that has not been seen.
func (l *ledger) oldest() (at time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ; l.first < len(l.order); l.first++ {
		if e := l.files[l.order[l.first]]; e.seen.IsZero() {
			return e.put, true
		}
	}
	return time.Time{}, false
}

// missing returns a few files that have not been seen.
func (l *ledger) missing(most int) (names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range l.order[l.first:] {
		if l.files[name].seen.IsZero() && len(names) < most {
			names = append(names, name)
		}
	}
	return names
}

// latencies returns the seconds from put to seen of all files that were, the shortest first.
func (l *ledger) latencies() (all []float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range l.order {
		if e := l.files[name]; !e.seen.IsZero() {
			all = append(all, e.seen.Sub(e.put).Seconds())
		}
	}
	slices.Sort(all)
	return all
}

// minutes returns the quantiles of the files put in each minute since began.
func (l *ledger) minutes(began time.Time) (all []quantiles) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var byMinute [][]float64
	for _, name := range l.order {
		e := l.files[name]
		i := max(0, int(e.put.Sub(began).Minutes()))
		for len(byMinute) <= i {
			byMinute = append(byMinute, nil)
		}
		if !e.seen.IsZero() {
			byMinute[i] = append(byMinute[i], e.seen.Sub(e.put).Seconds())
		}
	}
	for _, seconds := range byMinute {
		slices.Sort(seconds)
		all = append(all, quantilesOf(seconds))
	}
	return all
}

// pollSQL asks which files have rows that were loaded since a time.
func (l *ledger) pollSQL(since time.Time) string {
	var parts []string
	for _, t := range l.byTable() {
		parts = append(parts, fmt.Sprintf("SELECT source_file, COUNT(*) FROM %s WHERE loaded_at >= TIMESTAMP '%s' GROUP BY 1", quoted(t), since.UTC().Format("2006-01-02 15:04:05.000000+00")))
	}
	return strings.Join(parts, " UNION ALL ")
}

// byTable returns the tables, each once.
func (l *ledger) byTable() (all []row.Table) {
	for _, t := range l.tables {
		if !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b row.Table) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// quoted returns the table's name as SQL has it.
func quoted(t row.Table) string { return "`" + t.String() + "`" }
