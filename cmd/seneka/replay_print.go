package main

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/deadletter"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/replay"
)

// replayPrinter shows what is brought again, as backfillPrinter shows a backfill.
type replayPrinter struct{ *backfillPrinter }

func newReplayPrinter(cmd *cobra.Command, o replayOptions) *replayPrinter {
	return &replayPrinter{newBackfillPrinter(cmd, o.backfillOptions)}
}

// shown is how many letters or files are shown one by one to a person.
const shown = 20

// remark says something that is worth knowing.
func (p *replayPrinter) remark(text string) {
	if !p.json {
		fmt.Fprintln(p.stderr, text)
	}
}

// place shows the dead letters of one place.
func (p *replayPrinter) place(at *place) {
	if p.json {
		for _, i := range at.items {
			p.object("letter", letterObject(at, i))
		}
		if at.more {
			p.object("more", struct {
				Where string `json:"where"`
			}{at.where})
		}
		return
	}
	fmt.Fprintf(p.stdout, "Dead letters of the %s, in %s: %s%s\n", at.kind, at.where, thousands(int64(len(at.items))), moreText(at.more))
	var cells []table.Row
	for n, i := range at.items {
		if n == shown {
			break
		}
		does := "send back"
		if i.Stays != "" {
			does = "leave"
		}
		cells = append(cells, table.Row{visible(whatOf(i)), i.Sent.UTC().Format(time.DateTime), triesText(i.Tries), does})
	}
	if len(cells) > 0 {
		fmt.Fprintln(p.stdout, asTable(table.Row{"about", "sent", "deliveries", "to do"}, cells, nil))
	}
	if n := len(at.items) - shown; n > 0 {
		fmt.Fprintf(p.stdout, "and %s more\n", thousands(int64(n)))
	}
	p.counts("What is seen of them:", replay.Causes(at.items))
}

func moreText(more bool) string {
	if more {
		return ", and more that are left for the next time (--max)"
	}
	return ""
}

func triesText(n int) string {
	if n == 0 {
		return "not told"
	}
	return fmt.Sprint(n)
}

// whatOf names a letter by the files that it tells of.
func whatOf(i replay.Item) string {
	switch len(i.Files) {
	case 0:
		return "message " + i.ID
	case 1:
		return i.Files[0].String()
	default:
		return fmt.Sprintf("%s and %d more", i.Files[0], len(i.Files)-1)
	}
}

// counts shows reasons, the most frequent first.
func (p *replayPrinter) counts(title string, counts []replay.Count) {
	if len(counts) == 0 {
		return
	}
	fmt.Fprintln(p.stdout, title)
	for n, c := range counts {
		if n == shown {
			fmt.Fprintf(p.stdout, "          and %d more\n", len(counts)-shown)
			return
		}
		fmt.Fprintf(p.stdout, "  %7s  %s\n", thousands(int64(c.N)), visible(c.What))
	}
}

// letterJSON is a dead letter as a line of JSON.
type letterJSON struct {
	Kind  string    `json:"kind"`
	Where string    `json:"where"`
	To    string    `json:"to"`
	ID    string    `json:"id"`
	Files []string  `json:"files"`
	Sent  time.Time `json:"sent"`
	Tries int       `json:"deliveries,omitempty"`
	Cause []string  `json:"cause,omitempty"`
	Stays string    `json:"stays,omitempty"`
}

func letterObject(at *place, i replay.Item) letterJSON {
	j := letterJSON{Kind: at.kind, Where: at.where, To: at.to, ID: i.ID, Files: []string{}, Sent: i.Sent.UTC(), Tries: i.Tries, Cause: i.Cause, Stays: i.Stays}
	for _, f := range i.Files {
		j.Files = append(j.Files, f.String())
	}
	return j
}

// nothing ends a look that sends nothing back.
func (p *replayPrinter) nothing(back, stay int) {
	switch {
	case p.json:
		p.object("end", lettersEnd{"looked", 0, 0, stay})
	case back == 0 && stay == 0:
		fmt.Fprintln(p.stdout, "There is nothing to do.")
	}
}

type lettersEnd struct {
	State  string `json:"state"`
	Sent   int    `json:"sent"`
	Failed int    `json:"failed"`
	Stay   int    `json:"stay"`
}

// letterFailed tells of a letter that could not be brought back.
func (p *replayPrinter) letterFailed(at *place, r deadletter.Result) {
	p.Failed(backfill.Failure{File: fmt.Sprintf("message %s in %s", r.ID, at.where), Reason: r.Err.Error()})
}

// sent tells how many letters were sent back.
func (p *replayPrinter) sent(sent, failed, stay int) {
	if p.json {
		p.object("end", lettersEnd{"done", sent, failed, stay})
		return
	}
	fmt.Fprintf(p.stdout, "Sent back: %s. What becomes of them, the load log and seneka_loads tell.\n", plural(sent, "dead letter"))
}

// files shows a plan of files.
func (p *replayPrinter) files(plan *replay.Plan, o replayOptions) {
	if p.json {
		for i, f := range plan.Files {
			p.object("file", fileObject(f, recordOf(plan, i)))
		}
		for _, r := range plan.Left {
			p.object("left", struct {
				File string `json:"file"`
				Why  string `json:"why"`
			}{r.SourceFile, replay.ErrNoSource.Error()})
		}
		if plan.More > 0 {
			p.object("more", struct {
				Files int `json:"files"`
			}{plan.More})
		}
		return
	}
	for n, f := range plan.Files {
		if n == shown {
			fmt.Fprintf(p.stdout, "and %s more\n", thousands(int64(len(plan.Files)-shown)))
			break
		}
		fmt.Fprintf(p.stdout, "%s  %s -> %s\n", visible(f.Source.String()), bytesText(f.Size), f.Target.Table)
		if r := recordOf(plan, n); r != nil {
			fmt.Fprintf(p.stdout, "    %s%s\n", visible(replay.Tell(*r)), settled(f, r))
		} else {
			fmt.Fprintln(p.stdout, "    no load of it is recorded")
		}
	}
	if len(plan.Files) > 1 {
		p.counts("How they ended:", plan.Reasons)
	}
	if len(plan.Left) > 0 {
		fmt.Fprintf(p.stdout, "Left out: %s that no source of the configuration matches any more, such as %s\n", plural(len(plan.Left), "file"), visible(plan.Left[0].SourceFile))
	}
	if plan.More > 0 {
		fmt.Fprintf(p.stdout, "Left for the next time (--max): %s\n", plural(plan.More, "file"))
	}
	if len(plan.Files) == 0 {
		fmt.Fprintf(p.stdout, "There is nothing to do: no file's last load ended so, since %s.\n", o.since)
	}
}

// recordOf returns the last record of file i of a plan.
func recordOf(plan *replay.Plan, i int) *load.Record {
	for n := range plan.Found {
		if plan.Found[n].SourceFile == plan.Files[i].Source.String() {
			return &plan.Found[n]
		}
	}
	return nil
}

// settled says what to expect of a file that was loaded.
func settled(f backfill.File, r *load.Record) string {
	switch {
	case r.Outcome != load.Loaded && r.Outcome != load.Duplicate && r.Outcome != load.Changed:
		return ""
	case f.Version == r.Version:
		return "; it is loaded, and will be found a duplicate"
	default:
		return "; another version of it is loaded, whose rows stay"
	}
}

// fileJSON is a file as a line of JSON.
type fileJSON struct {
	File    string    `json:"file"`
	ETag    string    `json:"etag"`
	Size    int64     `json:"size"`
	Source  string    `json:"source"`
	Table   string    `json:"table"`
	Outcome string    `json:"outcome,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"loaded_at,omitzero"`
}

func fileObject(f backfill.File, r *load.Record) fileJSON {
	j := fileJSON{File: f.Source.String(), ETag: f.ETag, Size: f.Size, Source: f.Target.Source, Table: f.Target.Table.String()}
	if r != nil {
		j.Outcome, j.Reason, j.At = string(r.Outcome), r.Reason, r.LoadedAt.UTC()
	}
	return j
}

// begin shows the bar, where there is one.
func (p *replayPrinter) begin() {
	if p.bar != nil {
		p.bar.start(p.stderr)
	}
}

// end shows how the files ended.
func (p *replayPrinter) end(state string, now backfill.Progress) {
	if p.json {
		p.object("end", struct {
			State string `json:"state"`
			progressJSON
		}{state, progressObject(now)})
		return
	}
	fmt.Fprintf(p.stdout, "%s in %s\n", progressText(now), now.Elapsed.Round(100*time.Millisecond))
	p.outcomes(now)
}
