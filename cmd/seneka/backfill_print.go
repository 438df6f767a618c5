package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/jedib0t/go-pretty/v6/table"
	textalign "github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/cost"
	"github.com/seneka-io/seneka/internal/report"
)

// backfillPrinter shows a backfill: plan, failures and result on standard output, progress on
// standard error, as a bar on a terminal and as lines elsewhere; or all of it as JSON lines on
// standard output.
type backfillPrinter struct {
	stdout, stderr io.Writer
	json           bool
	resume         string // the command to go on with, but for the ID
	id             string
	bar            *progressBar  // on a terminal
	last           time.Duration // when the last line was written
}

// lineEvery is how often a line of progress is written where there is no terminal.
const lineEvery = 5 * time.Second

func newBackfillPrinter(cmd *cobra.Command, o backfillOptions) *backfillPrinter {
	p := &backfillPrinter{stdout: cmd.OutOrStdout(), stderr: cmd.ErrOrStderr(), json: o.json, resume: resumeCommand(cmd, o)}
	if !o.json && isTerminal(p.stderr) {
		p.bar = &progressBar{}
	}
	return p
}

// resumeCommand returns the command that goes on with a run, up to the ID.
func resumeCommand(cmd *cobra.Command, o backfillOptions) string {
	command := cmd.CommandPath()
	for _, flag := range []struct{ name, value string }{{"local", o.local}, {"config", o.config}} {
		if flag.value != "" {
			command += fmt.Sprintf(" --%s %s", flag.name, shellWord(flag.value))
		}
	}
	return command + " --resume "
}

// shellWord quotes a word for a shell where it must be.
func shellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// looking says what is being listed.
func (p *backfillPrinter) looking(j backfill.Job) {
	if !p.json {
		fmt.Fprintf(p.stderr, "Looking through %s%s\n", j.URL(), rangeText(j))
	}
}

func rangeText(j backfill.Job) (text string) {
	if !j.Since.IsZero() {
		text += " since " + j.Since.Format(time.RFC3339)
	}
	if !j.Until.IsZero() {
		text += " until " + j.Until.Format(time.RFC3339)
	}
	return text
}

// plan shows a plan.
func (p *backfillPrinter) plan(j backfill.Job, plan *backfill.Plan) {
	if p.json {
		p.object("plan", struct {
			Job       backfill.Job          `json:"job"`
			Sources   []backfill.SourcePlan `json:"sources"`
			Unmatched backfill.Count        `json:"unmatched"`
			Example   string                `json:"unmatched_example,omitempty"`
			Empty     int                   `json:"empty"`
			Outside   int                   `json:"outside_times"`
			Requests  int                   `json:"list_requests"`
			Dollars   float64               `json:"estimated_dollars"`
		}{j, append([]backfill.SourcePlan{}, plan.Sources...), plan.Unmatched, plan.Example, plan.Empty, plan.Outside, plan.Requests, planCost(plan)})
		return
	}
	p.planTable(plan)
	p.leftOut(plan)
	if len(plan.Files) == 0 {
		fmt.Fprintln(p.stdout, "There is nothing to do.")
		return
	}
	fmt.Fprintf(p.stdout, "Cost: %s, for S3 requests, egress from AWS and Cloud Storage operations at list prices; BigQuery is not in it.\n", dollarsText(planCost(plan)))
}

// planTable shows what is to be done for each source.
func (p *backfillPrinter) planTable(plan *backfill.Plan) {
	if len(plan.Sources) == 0 {
		return
	}
	t := table.NewWriter()
	t.SetOutputMirror(p.stdout)
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header, t.Style().Format.Footer = textalign.FormatDefault, textalign.FormatDefault
	t.AppendHeader(table.Row{"source", "files", "bytes", "already loaded", "to do", "bytes to do"})
	line := func(s backfill.SourcePlan) table.Row {
		return table.Row{s.Source, thousands(int64(s.Found.Files)), bytesText(s.Found.Bytes), thousands(int64(s.Loaded.Files)), thousands(int64(s.ToDo.Files)), bytesText(s.ToDo.Bytes)}
	}
	for _, s := range plan.Sources {
		t.AppendRow(line(s))
	}
	if len(plan.Sources) > 1 {
		t.AppendFooter(line(plan.Totals()))
	}
	var right []table.ColumnConfig
	for i := 2; i <= 6; i++ {
		right = append(right, table.ColumnConfig{Number: i, Align: textalign.AlignRight, AlignHeader: textalign.AlignRight, AlignFooter: textalign.AlignRight})
	}
	t.SetColumnConfigs(right)
	t.Render()
}

// leftOut says what is not to be brought in.
func (p *backfillPrinter) leftOut(plan *backfill.Plan) {
	for _, note := range []struct {
		n    int
		text string
	}{
		{plan.Unmatched.Files, "files (" + bytesText(plan.Unmatched.Bytes) + ") belong to no source of the configuration, such as " + plan.Example},
		{plan.Empty, "folders or files without bytes"},
		{plan.Outside, "files lie outside the time asked for"},
	} {
		if note.n > 0 {
			fmt.Fprintf(p.stdout, "Left out: %s %s\n", thousands(int64(note.n)), note.text)
		}
	}
}

// planCost estimates the cost of a plan in US dollars, at list prices: the listing, the copies and the claims.
func planCost(plan *backfill.Plan) float64 {
	toDo := plan.Totals().ToDo
	files := float64(toDo.Files)
	return cost.Sum(cost.Usage{
		cost.S3List: float64(plan.Requests), cost.Egress: float64(toDo.Bytes) / 1e9,
		cost.S3Get: files * cost.Requests[cost.S3Get], cost.ClassA: files * cost.Requests[cost.ClassA],
	})
}

func dollarsText(d float64) string {
	if d < 0.01 {
		return "less than a cent"
	}
	return fmt.Sprintf("about $%.2f", d)
}

// begin says that a run begins.
func (p *backfillPrinter) begin(id string) {
	p.id = id
	if p.json {
		p.object("begin", struct {
			ID     string `json:"id"`
			Resume string `json:"resume"`
		}{id, p.resume + id})
		return
	}
	fmt.Fprintf(p.stderr, "Run %s. It can be stopped at any time; go on with: %s\n", id, p.resume+id)
	if p.bar != nil {
		p.bar.start(p.stderr)
	}
}

// Progress implements backfill.Observer.
func (p *backfillPrinter) Progress(now backfill.Progress) {
	switch {
	case p.bar != nil:
		p.bar.show(now)
	case p.json && now.Elapsed-p.last >= lineEvery:
		p.last = now.Elapsed
		p.object("progress", progressObject(now))
	case !p.json && now.Elapsed-p.last >= lineEvery:
		p.last = now.Elapsed
		fmt.Fprintln(p.stderr, progressText(now))
	}
}

// Failed implements backfill.Observer.
func (p *backfillPrinter) Failed(f backfill.Failure) {
	switch {
	case p.json:
		p.object("failed", f)
	case p.bar != nil && p.bar.log(fmt.Sprintf("failed: %s: %s", f.File, f.Reason)):
	default:
		fmt.Fprintf(p.stdout, "failed: %s: %s\n", f.File, f.Reason)
	}
}

// end shows how a run ended and returns the error that gives the exit code.
func (p *backfillPrinter) end(ctx context.Context, now backfill.Progress, failures []backfill.Failure, err error) error {
	if p.bar != nil {
		p.bar.stop()
	}
	state, result := "done", error(nil)
	again := p.resume + p.id
	switch {
	case err != nil && ctx.Err() != nil:
		state, result = "interrupted", &exitError{err: errors.New("interrupted"), hint: "go on with: " + again, code: exitInterrupted}
	case errors.Is(err, backfill.ErrTaken):
		state, result = "taken", err
	case err != nil:
		state, result = "stopped", hinted(err, "once that is mended, go on with: "+again)
	case len(failures) > 0:
		state, result = "failed", &exitError{err: fmt.Errorf("%d of %d files failed", len(failures), now.Files), hint: "try them again with: " + again, code: exitInvalid}
	}
	if p.json {
		p.object("end", struct {
			State  string `json:"state"`
			ID     string `json:"id"`
			Resume string `json:"resume,omitempty"`
			progressJSON
		}{state, p.id, resumeOf(state, again), progressObject(now)})
		return result
	}
	fmt.Fprintf(p.stdout, "%s in %s\n", progressText(now), now.Elapsed.Round(100*time.Millisecond))
	p.outcomes(now)
	return result
}

// outcomes shows how many files ended how.
func (p *backfillPrinter) outcomes(now backfill.Progress) {
	for _, outcome := range slices.Sorted(maps.Keys(now.Outcomes)) {
		fmt.Fprintf(p.stdout, "  %-12s %s\n", outcome, thousands(int64(now.Outcomes[outcome])))
	}
}

func resumeOf(state, command string) string {
	if state == "done" || state == "taken" {
		return ""
	}
	return command
}

// progressJSON is a Progress with what follows from it.
type progressJSON struct {
	backfill.Progress
	Seconds float64 `json:"seconds"`
	Speed   float64 `json:"bytes_per_second"`
	Left    float64 `json:"seconds_left"`
}

func progressObject(p backfill.Progress) progressJSON {
	return progressJSON{p, p.Elapsed.Seconds(), speed(p), left(p).Seconds()}
}

// progressText is a Progress in one line.
func progressText(p backfill.Progress) string {
	text := fmt.Sprintf("%s of %s files, %s rows, %.1f MB/s", thousands(int64(p.Done)), thousands(int64(p.Files)), thousands(p.Rows), speed(p)/1e6)
	if p.Failed > 0 {
		text += fmt.Sprintf(", %s failed", thousands(int64(p.Failed)))
	}
	if p.Waiting > 0 {
		text += fmt.Sprintf(", %s with the loader", thousands(int64(p.Waiting)))
	}
	if d := left(p); d > 0 {
		text += fmt.Sprintf(", %s left", d.Round(time.Second))
	}
	return text
}

// speed is the bytes a second since the run began.
func speed(p backfill.Progress) float64 {
	return float64(p.Finished) / max(p.Elapsed.Seconds(), 0.001)
}

// left estimates how long the rest takes; 0 where nothing is left or nothing is known.
func left(p backfill.Progress) time.Duration {
	ended := p.Done + p.Failed
	if ended == 0 {
		return 0
	}
	return time.Duration(float64(p.Elapsed) / float64(ended) * float64(p.Files-ended))
}

// object prints a JSON line.
func (p *backfillPrinter) object(kind string, fields any) {
	body, err := json.Marshal(fields)
	if err != nil { // no field can cause it
		body = fmt.Appendf(nil, `{"error":%q}`, err)
	}
	fmt.Fprintf(p.stdout, "{\"type\":%q,%s\n", kind, body[1:])
}

// progressBar is the bar of a terminal. It is shown between start and stop.
type progressBar struct {
	writer  progress.Writer
	tracker *progress.Tracker
	ended   sync.WaitGroup
}

func (b *progressBar) start(w io.Writer) {
	b.tracker = &progress.Tracker{AutoStopDisabled: true, RemoveOnCompletion: true}
	b.writer = progress.NewWriter()
	b.writer.SetOutputWriter(w)
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			b.writer.SetTerminalWidth(width) // the library looks at standard output
		}
	}
	b.writer.SetTrackerLength(20)
	b.writer.SetTrackerPosition(progress.PositionLeft)
	b.writer.SetUpdateFrequency(200 * time.Millisecond)
	b.writer.Style().Options.Separator = " "
	b.writer.Style().Visibility = progress.StyleVisibility{Percentage: true, Tracker: true}
	b.writer.AppendTracker(b.tracker)
	b.ended.Go(b.writer.Render)
}

func (b *progressBar) show(p backfill.Progress) {
	b.tracker.UpdateMessage(progressText(p))
	b.tracker.UpdateTotal(int64(p.Files))
	b.tracker.SetValue(int64(p.Done + p.Failed))
}

// log writes a line above the bar; false if the bar is not shown.
func (b *progressBar) log(line string) bool {
	if b.writer == nil {
		return false
	}
	b.writer.Log("%s", line)
	return true
}

func (b *progressBar) stop() {
	b.tracker.MarkAsDone()
	b.writer.Stop()
	b.ended.Wait()
	b.writer = nil
}

// thousands writes a number with commas.
func thousands(n int64) string { return report.Thousands(n) }

// plural writes a number of things.
func plural[N int | int64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(int64(n)) + " " + what + "s"
}

// bytesText writes a number of bytes for people.
func bytesText(n int64) string { return report.Bytes(n) }
