package telemetry

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		tally := NewTally(slog.New(slog.NewTextHandler(&said, nil)), "files so far")
		lines := func() []string {
			synctest.Wait()
			return strings.Split(strings.TrimSpace(said.String()), "\n")
		}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { tally.Add("loaded") })
		}
		wg.Wait()
		tally.AddN("duplicate", -2)
		tally.AddN("duplicate", 3)
		time.Sleep(time.Hour)
		if got := lines(); len(got) != 1 || !strings.HasSuffix(got[0], `msg="files so far" duplicate=1 loaded=10`) {
			t.Errorf("the log has %q; want one line, for there was nothing new after it", got)
		}
		tally.Add("loaded")
		tally.Close()
		tally.Close()
		tally.Add("loaded")
		time.Sleep(time.Hour)
		if got := lines(); len(got) != 2 || !strings.HasSuffix(got[1], "duplicate=1 loaded=11") {
			t.Errorf("the log has %q; want the last count at Close", got)
		}
	})
}

func TestTallyOfNothing(t *testing.T) {
	var said bytes.Buffer
	NewTally(slog.New(slog.NewTextHandler(&said, nil)), "files so far").Close()
	if said.Len() > 0 {
		t.Errorf("it says %q", said.String())
	}
}
