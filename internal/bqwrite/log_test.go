//go:build cgo

package bqwrite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// log appends rows to the table as to a log.
func (b *bench) log(names ...string) error {
	return b.client.Append(b.Context(), b.table, b.desc(), b.encode(0, names...))
}

// hold keeps the next append request from being handled until release is called. arrived is closed
// once it has come.
func (b *bench) hold() (arrived <-chan struct{}, release func()) {
	came, free := make(chan struct{}), make(chan struct{})
	var once sync.Once
	b.Hook(func(ctx context.Context, method string) error {
		if method != "AppendRows request" {
			return nil
		}
		held := false
		once.Do(func() { held = true })
		if held {
			close(came)
			select {
			case <-free:
			case <-ctx.Done():
			}
		}
		return nil
	})
	return came, func() { close(free) }
}

// awaitWaiting returns once n parts wait for c's next request.
func (b *bench) awaitWaiting(c *Client, n int) {
	b.Helper()
	for c.waiting(b.table) < n {
		if b.Context().Err() != nil {
			b.Fatalf("never %d parts waited", n)
		}
		runtime.Gosched()
	}
}

func (c *Client) waiting(t row.Table) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.logs[t]
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

// values returns the first column of the table, sorted.
func (b *bench) values() []string {
	var got []string
	for _, r := range b.Rows(b.table) {
		got = append(got, r[0].(string))
	}
	slices.Sort(got)
	return got
}

func TestLogIsVisibleAtOnce(t *testing.T) {
	b := newBench(t)
	for i := range 3 {
		if err := b.log(fmt.Sprint("row ", i)); err != nil {
			t.Fatal(err)
		}
	}
	b.wantRows("row 0", "row 1", "row 2")
	if got := b.Calls(); got["AppendRows"] != 1 || got["AppendRows request"] != 3 || got["CreateWriteStream"] != 0 {
		t.Errorf("calls %v, want one connection, three requests and no stream made", got)
	}
}

func TestLogOfNothing(t *testing.T) {
	b := newBench(t)
	if err := b.log(); err != nil {
		t.Error(err)
	}
	if n := b.Calls()["AppendRows request"]; n != 0 {
		t.Errorf("%d requests for no rows", n)
	}
}

func TestLogCallersShareRequests(t *testing.T) {
	b := newBench(t)
	arrived, release := b.hold()
	const callers = 100
	errs := make(chan error, callers)
	go func() { errs <- b.log("row 0") }()
	<-arrived
	var want []string
	for i := range callers {
		name := fmt.Sprint("row ", i)
		want = append(want, name)
		if i > 0 {
			go func() { errs <- b.log(name) }()
		}
	}
	b.awaitWaiting(b.client, callers-1)
	release()
	for range callers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := b.Calls()["AppendRows request"]; n != 2 {
		t.Errorf("%d requests, want the one under way and one for all that came meanwhile", n)
	}
	slices.Sort(want)
	if got := b.values(); !slices.Equal(got, want) {
		t.Errorf("rows %q", got)
	}
}

func TestLogSplitsBySize(t *testing.T) {
	b := newBench(t)
	const mib = 1 << 20
	tests := []struct {
		name     string
		calls    [][]int // sizes of the rows of each caller, in bytes
		requests int
	}{
		{"one caller", [][]int{{mib, mib, mib, mib, mib, mib, mib}}, 3},
		{"many callers", [][]int{{mib}, {mib}, {mib}, {mib}, {mib}, {mib}, {mib}}, 3},
		{"a row larger than a request", [][]int{{1, 6 * mib, 1}}, 3},
		{"all in one", [][]int{{100}, {100, 100}, {100}}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			arrived, release := b.hold()
			first := make(chan error, 1)
			go func() { first <- b.log("first") }()
			<-arrived
			before, rows := len(b.Rows(b.table)), 0
			errs := make(chan error, len(tt.calls))
			waiting := 0
			for _, sizes := range tt.calls {
				var names []string
				for _, n := range sizes {
					names = append(names, strings.Repeat("x", n))
				}
				encoded := b.encode(0, names...)
				waiting += len(parts(encoded))
				rows += len(names)
				go func() { errs <- b.client.Append(b.Context(), b.table, b.desc(), encoded) }()
			}
			b.awaitWaiting(b.client, waiting)
			b.Calls()
			release()
			for range tt.calls {
				if err := <-errs; err != nil {
					t.Error(err)
				}
			}
			if err := <-first; err != nil {
				t.Error(err)
			}
			if n := b.Calls()["AppendRows request"]; n != tt.requests {
				t.Errorf("%d requests, want %d", n, tt.requests)
			}
			if n := len(b.Rows(b.table)) - before - 1; n != rows {
				t.Errorf("%d rows came, want %d", n, rows)
			}
		})
	}
}

// The memory is the caller's again, even when it no longer waits.
func TestLogKeepsNoReference(t *testing.T) {
	b := newBench(t)
	arrived, release := b.hold()
	first := make(chan error, 1)
	go func() { first <- b.log("first") }()
	<-arrived
	ctx, cancel := context.WithCancel(t.Context())
	rows := b.encode(0, "second")
	second := make(chan error, 1)
	go func() { second <- b.client.Append(ctx, b.table, b.desc(), rows) }()
	b.awaitWaiting(b.client, 1)
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("append whose context ended: %v", err)
	}
	for i := range rows[0] {
		rows[0][i] = 0xff
	}
	release()
	if err := <-first; err != nil {
		t.Error(err)
	}
	if err := b.log("third"); err != nil {
		t.Error(err)
	}
	b.wantRows("first", "second", "third")
}

// One caller's bad row is that caller's error alone.
func TestLogRefusedRow(t *testing.T) {
	b := newBench(t)
	arrived, release := b.hold()
	first := make(chan error, 1)
	go func() { first <- b.log("first") }()
	<-arrived
	good, bad := make(chan error, 2), make(chan error, 1)
	for _, name := range []string{"good", "fine"} {
		go func() { good <- b.log(name) }()
	}
	go func() { bad <- b.client.Append(b.Context(), b.table, b.desc(), [][]byte{{0x10, 1}}) }()
	b.awaitWaiting(b.client, 3)
	release()
	wantKind(t, <-bad, errkind.Permanent)
	for _, errs := range []chan error{first, good, good} {
		if err := <-errs; err != nil {
			t.Errorf("an innocent caller's append: %v", err)
		}
	}
	if got := b.values(); !slices.Equal(got, []string{"fine", "first", "good"}) {
		t.Errorf("rows %q", got)
	}
	if n := b.Calls()["AppendRows"]; n != 1 {
		t.Errorf("%d connections, want the one to be kept", n)
	}
}

func TestLogSurvivesALostConnection(t *testing.T) {
	b := newBench(t)
	for i := range 3 {
		if err := b.log(fmt.Sprint("row ", i)); err != nil {
			t.Fatalf("append %d: %v", i, err)
		}
		b.Restart()
	}
	// At least once: a row whose answer was lost may stand there twice, but none did here.
	b.wantRows("row 0", "row 1", "row 2")
}

// A connection that breaks under an append costs no row.
func TestLogConnectionLostInARequest(t *testing.T) {
	b := newBench(t)
	if err := b.log("one"); err != nil {
		t.Fatal(err)
	}
	arrived, release := b.hold()
	done := make(chan error, 1)
	go func() { done <- b.log("two") }()
	<-arrived
	b.Restart()
	release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := b.values(); !slices.Contains(got, "one") || !slices.Contains(got, "two") {
		t.Errorf("rows %q", got)
	}
}

func TestLogTableMissing(t *testing.T) {
	b := newBench(t)
	missing := row.Table{Project: "local", Dataset: "logs", Name: "later"}
	for range 2 {
		err := b.client.Append(t.Context(), missing, b.desc(), b.encode(0, "one"))
		wantKind(t, err, errkind.NotFound)
		if err != nil && !strings.Contains(err.Error(), missing.String()) {
			t.Errorf("the error does not name the table: %v", err)
		}
	}
	b.Table("later", spec)
	if err := b.client.Append(t.Context(), missing, b.desc(), b.encode(0, "one")); err != nil {
		t.Errorf("once there is a table: %v", err)
	}
	if n := len(b.Rows(missing)); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

// A table that is removed and made again under the stream is found again.
func TestLogTableMadeAgain(t *testing.T) {
	b := newBench(t)
	if err := b.log("one"); err != nil {
		t.Fatal(err)
	}
	if err := b.DB.DeleteTable(t.Context(), b.table); err != nil {
		t.Fatal(err)
	}
	wantKind(t, b.log("lost"), errkind.NotFound)
	b.Table("app", spec)
	b.Calls()
	if err := b.log("two"); err != nil {
		t.Fatal(err)
	}
	b.wantRows("two")
	if n := b.Calls()["GetWriteStream"]; n != 1 {
		t.Errorf("%d look-ups of the stream, want 1: a stream that failed is made anew", n)
	}
}

func TestLogsOfTwoTables(t *testing.T) {
	b := newBench(t)
	other := b.Table("other", spec)
	var calls sync.WaitGroup
	for i := range 20 {
		calls.Go(func() {
			if err := b.client.Append(t.Context(), []row.Table{b.table, other}[i%2], b.desc(), b.encode(0, "row")); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if n, m := len(b.Rows(b.table)), len(b.Rows(other)); n != 10 || m != 10 {
		t.Errorf("%d and %d rows, want 10 each", n, m)
	}
}

func TestCloseWaitsForLogs(t *testing.T) {
	b := newBench(t)
	c := connect(t, b.Server)
	arrived, release := b.hold()
	var done []chan error
	appendRow := func(name string) {
		answer := make(chan error, 1)
		done = append(done, answer)
		go func() { answer <- c.Append(t.Context(), b.table, b.desc(), b.encode(0, name)) }()
	}
	appendRow("under way")
	<-arrived
	appendRow("waiting")
	b.awaitWaiting(c, 1)
	closed := make(chan error, 1)
	go func() { closed <- c.Close() }()
	for !c.isClosed() {
		runtime.Gosched()
	}
	if err := c.Append(t.Context(), b.table, b.desc(), b.encode(0, "too late")); !errors.Is(err, errClosed) {
		t.Errorf("append after Close: %v", err)
	}
	select {
	case err := <-closed:
		t.Fatalf("Close did not wait: %v", err)
	default:
	}
	release()
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
	for i, answer := range done {
		if err := <-answer; err != nil {
			t.Errorf("append %d: %v", i, err)
		}
	}
	b.wantRows("under way", "waiting")
}

// A service that does not answer does not keep a process from ending.
func TestCloseDoesNotWaitForEver(t *testing.T) {
	b := newBench(t)
	c := connect(t, b.Server)
	arrived, release := b.hold()
	defer release()
	answer := make(chan error, 1)
	go func() { answer <- c.Append(t.Context(), b.table, b.desc(), b.encode(0, "under way")) }()
	<-arrived
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-answer; err == nil {
		t.Error("an append that had no answer is well")
	}
}

// An append that found its stream just before Close did opens nothing after it.
func TestLogAppendOvertakenByClose(t *testing.T) {
	b := newBench(t)
	c := connect(t, b.Server)
	l, err := c.log(b.table, b.desc())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.append(t.Context(), b.encode(0, "late")); !errors.Is(err, errClosed) {
		t.Errorf("append after Close: %v", err)
	}
	b.wantRows()
}

func (c *Client) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}
