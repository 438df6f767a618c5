package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/seneka-io/seneka/loadtest/markdown"
)

// report returns what was measured as Markdown.
func report(all []*result, rclone string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d processors, %s, %s/%s", markdown.Machine(), runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if rclone != "" {
		fmt.Fprintf(&b, ", rclone %s", rclone)
	}
	fmt.Fprintf(&b, ", %s\n\n", time.Now().Format(time.DateOnly))
	b.WriteString("| objects | workers | program | objects/s | MB/s | times rclone's | CPU, ms/object | CPU, s/GB | peak memory | requests/object: S3 | GCS | SQS | of all CPU, the stand-ins' |\n")
	b.WriteString("| --- | --: | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n")
	for _, r := range all {
		b.WriteString(r.row())
	}
	return b.String()
}

// row returns a line of the table.
func (r *result) row() string {
	n, m := float64(r.Objects), r.Median
	megabytes := n * float64(r.Size) / 1e6
	ratio := "–"
	if r.Ratio > 0 {
		ratio = fmt.Sprintf("%.2f", r.Ratio)
	}
	return fmt.Sprintf("| %d of %s | %d | %s | %s | %s | %s | %s | %s | %.0f MB | %.2f | %.2f | %.2f | %.0f%% |\n",
		r.Objects, sizeText(r.Size), r.Workers, r.Program, number(n/m.Seconds), number(megabytes/m.Seconds), ratio, number(1e3*m.CPU/n), number(1e3*m.CPU/megabytes),
		float64(m.Peak)/1e6, float64(m.S3)/n, float64(m.GCS)/n, float64(m.SQS)/n, 100*m.StandIns/(m.StandIns+m.CPU))
}

// number returns three digits or more.
func number(f float64) string {
	switch {
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	default:
		return fmt.Sprintf("%.2f", f)
	}
}
