package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// report returns what was measured as Markdown.
func report(all []*result, at time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d processors, %s, %s/%s, %s\n", machine(), runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, at.Format(time.DateOnly))
	size := int64(-1)
	for _, r := range all {
		if s := r.Bytes; size < 0 || s > 2*size || size > 2*s {
			size = s
			fmt.Fprintf(&b, "\nFiles of %s of text, MB of text a second of one processor:\n\n", sizeText(s))
			b.WriteString("| format | shrinks | a: inflate | b: + parse | c: + encode | d: usual way | e: DuckDB | c, rows/s | c/a | c/d | c/e | allocations/row |\n")
			b.WriteString("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n")
		}
		b.WriteString(r.row())
	}
	return b.String()
}

// row returns a line of the table.
func (r *result) row() string {
	cells := []string{r.Format, fmt.Sprintf("%.1f times", float64(r.Bytes)/float64(r.Packed))}
	for way, speed := range r.Speeds {
		cell := number("%.0f", speed)
		if way == wayUsual && speed > 0 && speed < 10 {
			cell = number("%.1f", speed)
		}
		if way == wayUsual && speed > 0 && r.Sampled < r.Bytes {
			cell += fmt.Sprintf(" (of %s)", sizeText(r.Sampled))
		}
		cells = append(cells, cell)
	}
	allocs := "–"
	if r.Allocs >= 0 {
		allocs = fmt.Sprintf("%.2f", r.Allocs)
	}
	cells = append(cells, number("%.0f", r.rowsPerSecond(wayEncode)),
		number("%.2f", r.share(wayEncode, wayInflate)), number("%.1f", r.share(wayEncode, wayUsual)), number("%.1f", r.share(wayEncode, wayDuckDB)), allocs)
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// number returns a number, or a dash for one that was not measured.
func number(format string, n float64) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf(format, n)
}

// machine returns the name of the processor, as Linux knows it.
func machine() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // elsewhere there is none
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "a processor without a name"
}

// embed puts text between the marks of that name in a Markdown file.
func embed(path, name, text string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	open, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
	before, rest, ok := strings.Cut(string(data), open)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s has no marks %q and %q", path, strings.TrimSpace(open), end)
	}
	return os.WriteFile(path, []byte(before+open+"\n"+text+"\n"+end+after), 0o600)
}
