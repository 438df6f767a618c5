package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	textalign "github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/cost"
)

func newCost() *cobra.Command {
	traffic := cost.Default()
	size := byteSize(traffic.AvgSize)
	var noFree, prices, asJSON bool
	cmd := &cobra.Command{
		Use:   "cost",
		Short: "Estimate what files cost a month, by item",
		Long: `Estimate what so many files cost a month, from S3 to BigQuery: how often each service is asked for a file, as a test
counts it, and the bytes that pass, times list prices in US dollars (us-east-1, us-central1). Beside it the same files by an
hourly batch, by a query per file that asks whether it is there, and with an instance per file.

Not in it: what S3 and BigQuery cost to keep the files and the rows, logs, and taxes.

Exit codes: 0 done, 2 wrong command line.`,
		Example: `  seneka cost --files-per-day 10000 --avg-size 100K
  seneka cost --files-per-day 1000000 --avg-size 1M --plain --no-free --json`,
		Args: args(cobra.NoArgs, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if prices {
				return printPrices(cmd.OutOrStdout(), cost.Prices(), asJSON)
			}
			traffic.AvgSize = float64(size)
			if err := traffic.Validate(); err != nil {
				return usage(err, cmd)
			}
			estimate, err := newEstimate(traffic, cost.Prices(), !noFree)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(estimate)
			}
			return estimate.print(cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.Float64Var(&traffic.FilesPerDay, "files-per-day", traffic.FilesPerDay, "files a day")
	f.Var(&size, "avg-size", "average `bytes` of a file as it lies in S3, such as 100K or 1M")
	f.Float64Var(&traffic.Ratio, "ratio", traffic.Ratio, "how many times larger a file is without its compression")
	f.BoolVar(&traffic.Plain, "plain", false, "files lie in S3 uncompressed; they are gzipped on the way")
	f.Float64Var(&traffic.SecondsPerFile, "seconds", traffic.SecondsPerFile, "seconds that the load of a file takes")
	f.Float64Var(&traffic.Concurrency, "concurrency", traffic.Concurrency, "loads at a time in one instance of the loader")
	f.Float64Var(&traffic.LandingDays, "landing-days", traffic.LandingDays, "days that copies are kept in the landing bucket")
	f.BoolVar(&noFree, "no-free", false, "bill what an account has for nothing each month, too")
	f.BoolVar(&prices, "prices", false, "print the prices, each with its day and source, and nothing else")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// estimate is the bills of one month by several ways, Seneka's first.
type estimate struct {
	Traffic  cost.Traffic `json:"traffic"`
	FreeUsed bool         `json:"free_units_used"`
	Bills    []bill       `json:"bills"`
}

type bill struct {
	cost.Bill
	Assumes string `json:"assumes"`
}

func newEstimate(t cost.Traffic, prices []cost.Price, free bool) (estimate, error) {
	e := estimate{Traffic: t, FreeUsed: free}
	for _, way := range cost.Ways() {
		b, err := cost.Reckon(way.Name, t, way.Usage(t), prices, free)
		if err != nil {
			return estimate{}, err
		}
		e.Bills = append(e.Bills, bill{b, way.Assumes})
	}
	return e, nil
}

// print shows Seneka's bill by item, and the totals beside those of the other ways.
func (e estimate) print(w io.Writer) error {
	form := "gzipped"
	if e.Traffic.Plain {
		form = "plain, gzipped on the way"
	}
	free := "what an account has for nothing each month is taken off"
	if !e.FreeUsed {
		free = "nothing free is taken off"
	}
	fmt.Fprintf(w, "%s files a day of %s, %s, %.3g times larger unzipped, for a month of 30 days.\nList prices in US dollars; %s.\n\n",
		number(e.Traffic.FilesPerDay), bytesText(int64(e.Traffic.AvgSize)), form, e.Traffic.Ratio, free)
	items := newList(w, table.Row{"a month", "unit", "$ per unit", "$ a month", "item"})
	items.SetColumnConfigs(right(1, 3, 4))
	for _, l := range e.Bills[0].Lines {
		items.AppendRow(table.Row{number(l.Units), l.Unit, strconv.FormatFloat(l.USD, 'f', -1, 64), amount(l.Cost), l.What})
	}
	items.AppendFooter(table.Row{"", "", "", amount(e.Bills[0].Total), "all"})
	items.Style().Format.Footer = textalign.FormatDefault
	ways := newList(w, table.Row{"$ a month", "$ per million files", "of it not bytes", "$ per TB in S3", "$ per TB unzipped", "way"})
	ways.SetColumnConfigs(right(1, 2, 3, 4, 5))
	var assumes strings.Builder
	for _, b := range e.Bills {
		ways.AppendRow(table.Row{amount(b.Total), amount(b.PerMillion), amount(b.Overhead), amount(b.PerTB), amount(b.PerTBPlain), b.Name})
		fmt.Fprintf(&assumes, "%s: %s.\n", b.Name, b.Assumes)
	}
	_, err := fmt.Fprintf(w, "%s\n\n%s\n\n%s", items.Render(), ways.Render(), assumes.String())
	return err
}

func printPrices(w io.Writer, prices []cost.Price, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(prices)
	}
	t := newList(w, table.Row{"$", "per", "free a month", "looked up", "what and where"})
	t.SetColumnConfigs(right(1, 3))
	for _, p := range prices {
		t.AppendRow(table.Row{strconv.FormatFloat(p.USD, 'f', -1, 64), p.Unit, number(p.Free), p.Date, p.What + ": " + p.Source})
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

// right sets numbers to the right in these columns.
func right(columns ...int) []table.ColumnConfig {
	configs := make([]table.ColumnConfig, len(columns))
	for i, n := range columns {
		configs[i] = table.ColumnConfig{Number: n, Align: textalign.AlignRight, AlignHeader: textalign.AlignRight, AlignFooter: textalign.AlignRight}
	}
	return configs
}

// number writes a number for people: whole with thousands, or with three digits that count.
func number(x float64) string {
	if x >= 100 || x == math.Trunc(x) {
		return thousands(int64(math.Round(x)))
	}
	return fmt.Sprintf("%.3g", x)
}

// amount writes an amount, in cents.
func amount(x float64) string {
	whole, cents := math.Modf(math.Round(x*100) / 100)
	return fmt.Sprintf("%s.%02d", thousands(int64(whole)), int64(math.Round(cents*100)))
}
