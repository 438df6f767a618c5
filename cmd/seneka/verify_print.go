package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	textalign "github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/verify"
)

// verifyPrinter shows a verification: what it finds on standard output, how far it is on a terminal's
// standard error.
type verifyPrinter struct {
	out, err io.Writer
	json     bool
	live     bool // somebody watches standard error
	shown    int  // differences that may be printed yet
	left     int  // that were not
	dirty    bool // the status line is there
}

func newVerifyPrinter(cmd *cobra.Command, o *verifyOptions) *verifyPrinter {
	return &verifyPrinter{out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), json: o.json, live: !o.json && isTerminal(cmd.ErrOrStderr()), shown: o.shown}
}

func (p *verifyPrinter) begin(what string) {
	if !p.json {
		fmt.Fprintf(p.err, "Verifying %s\n", what)
	}
}

// status shows one line on a terminal, in place of the one before.
func (p *verifyPrinter) status(line string) {
	if p.live {
		fmt.Fprintf(p.err, "\r\x1b[K%s", line)
		p.dirty = true
	}
}

// clear takes the status line away.
func (p *verifyPrinter) clear() {
	if p.dirty {
		fmt.Fprint(p.err, "\r\x1b[K")
		p.dirty = false
	}
}

func (p *verifyPrinter) progress(now verify.Progress) {
	p.status(fmt.Sprintf("%s files verified, %s differences", thousands(int64(now.Files)), thousands(int64(now.Differences))))
}

// entry prints what was found of one file.
func (p *verifyPrinter) entry(e *verify.Entry) error {
	switch {
	case p.json:
		_, err := p.out.Write(e.Line())
		return err
	case !e.Status.Difference():
		return nil
	case p.shown == 0:
		p.left++
		return nil
	}
	p.shown--
	p.clear()
	p.file(e)
	return nil
}

func (p *verifyPrinter) file(e *verify.Entry) {
	fmt.Fprintf(p.out, "%-10s  %s\n", e.Status, visible(e.File))
	if e.Reason != "" {
		fmt.Fprintf(p.out, "            %s\n", visible(e.Reason))
	}
}

// Progress implements backfill.Observer, for a repair.
func (p *verifyPrinter) Progress(now backfill.Progress) { p.status("repairing: " + progressText(now)) }

// Failed implements backfill.Observer.
func (p *verifyPrinter) Failed(f backfill.Failure) {
	p.clear()
	fmt.Fprintf(p.err, "could not load %s: %s\n", visible(f.File), visible(f.Reason))
}

// repaired prints what a file is after the repair.
func (p *verifyPrinter) repaired(e *verify.Entry) {
	if p.json {
		p.object("repaired", e)
		return
	}
	fmt.Fprintf(p.out, "repaired:   %s is %s\n", visible(e.File), e.Status)
}

// compared prints how a file and its rows compare.
func (p *verifyPrinter) compared(c *verify.Comparison) {
	if p.json {
		data, err := encode(c)
		if err == nil {
			fmt.Fprintf(p.out, "%s\n", data)
		}
		return
	}
	if c.Different == 0 {
		return
	}
	fmt.Fprintf(p.out, "different   %s\n            %s of %s values and rows differ from the file, such as\n", visible(c.File), thousands(c.Different), thousands(c.Values))
	for _, d := range c.Differences {
		place := fmt.Sprintf("line %d", d.Line)
		if d.Column != "" {
			place += ", column " + d.Column
		}
		text := d.What
		if d.File != "" || d.Table != "" {
			text = fmt.Sprintf("file %s, table %s", d.File, d.Table)
		}
		fmt.Fprintf(p.out, "            %s: %s\n", place, visible(text))
	}
}

// end prints the sums.
func (p *verifyPrinter) end(r *verify.Report) {
	if p.json {
		p.object("end", struct {
			Verdict string               `json:"verdict"`
			Result  *verify.Result       `json:"result"`
			Deep    *verify.DeepResult   `json:"deep,omitempty"`
			Repair  *verify.RepairResult `json:"repair,omitempty"`
		}{r.Verdict(), r.Result, withoutFiles(r.Deep), r.Repair})
		return
	}
	if p.left > 0 {
		fmt.Fprintf(p.out, "... differences left out: %s; --show prints more, --report all\n", thousands(int64(p.left)))
	}
	p.days(r.Result)
	for _, s := range r.Result.Totals.Present() {
		fmt.Fprintf(p.out, "%-10s %10s  %s\n", s, thousands(int64(r.Result.Totals.ByStatus[s])), s.Meaning())
	}
	p.apart(r.Result)
	if d := r.Deep; d != nil {
		fmt.Fprintf(p.out, "Compared value by value: %s files, %s rows, %s values, seed %s\n", thousands(int64(d.Files)), thousands(d.Rows), thousands(d.Values), d.Seed)
	}
	c := r.Result.Cost
	fmt.Fprintf(p.out, "Asked: %s listings, %s claims, %s queries, which read %s for the counts\n",
		thousands(int64(c.Lists+c.LandingLists)), thousands(int64(c.ClaimReads)), thousands(int64(c.Queries)), bytesText(c.BytesRead))
	fmt.Fprintf(p.out, "Digest: %s\n%s.\n", r.Result.Digest, r.Verdict())
}

// withoutFiles leaves out what was printed before.
func withoutFiles(d *verify.DeepResult) *verify.DeepResult {
	if d == nil {
		return nil
	}
	sums := *d
	sums.Compared = nil
	return &sums
}

// most days are printed in full; of more, those with differences.
const mostDays = 62

// days prints the sums by day and source.
func (p *verifyPrinter) days(r *verify.Result) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header, t.Style().Format.Footer = textalign.FormatDefault, textalign.FormatDefault
	t.AppendHeader(table.Row{"day", "source", "files", "bytes", "rows", "rejects", "ok", "differences"})
	line := func(day, source string, s *verify.Sum) table.Row {
		return table.Row{day, source, thousands(int64(s.Files)), bytesText(s.Bytes), thousands(s.Rows), thousands(s.Rejects),
			thousands(int64(s.ByStatus[verify.OK])), thousands(int64(s.Differences()))}
	}
	left := 0
	for i := range r.Days {
		d := &r.Days[i]
		if len(r.Days) > mostDays && d.Differences() == 0 {
			left++
			continue
		}
		t.AppendRow(line(d.Day, d.Source, &d.Sum))
	}
	t.AppendFooter(line("total", "", &r.Totals))
	var right []table.ColumnConfig
	for i := 3; i <= 8; i++ {
		right = append(right, table.ColumnConfig{Number: i, Align: textalign.AlignRight, AlignHeader: textalign.AlignRight, AlignFooter: textalign.AlignRight})
	}
	t.SetColumnConfigs(right)
	fmt.Fprintln(p.out, t.Render())
	if left > 0 {
		fmt.Fprintf(p.out, "... days without differences left out: %d; --report has all\n", left)
	}
}

// apart says what was not verified.
func (p *verifyPrinter) apart(r *verify.Result) {
	for _, note := range []struct {
		n    int
		text string
	}{
		{r.Unmatched.Files, "files (" + bytesText(r.Unmatched.Bytes) + ") belong to no source of the configuration, such as " + visible(r.Example)},
		{r.Empty, "folders or files without bytes"},
		{r.Outside, "files lie outside the time asked for"},
		{r.Copies, "objects are copies of S3 files: verify those by s3://"},
	} {
		if note.n > 0 {
			fmt.Fprintf(p.out, "Left out: %s %s\n", thousands(int64(note.n)), note.text)
		}
	}
}

// object prints a JSON line.
func (p *verifyPrinter) object(kind string, fields any) {
	body, err := encode(fields)
	if err != nil { // no field can cause it
		body, _ = json.Marshal(map[string]string{"error": err.Error()})
	}
	fmt.Fprintf(p.out, "{\"type\":%q,%s\n", kind, body[1:])
}
