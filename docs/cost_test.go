package docs

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/cost"
)

// grouped is how seneka cost writes dollars.
func grouped(usd float64) string {
	text := fmt.Sprintf("%.2f", usd)
	for i := len(text) - 6; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// The dollars in deploy.md and cost.md are those that seneka cost prints.
func TestCosts(t *testing.T) {
	bill := func(w cost.Way, files, size float64, free bool) cost.Bill {
		traffic := cost.Default()
		traffic.FilesPerDay, traffic.AvgSize = files, size
		b, err := cost.Reckon(w.Name, traffic, w.Usage(traffic), cost.Prices(), free)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	ways := cost.Ways()
	deploy := read(t, filepath.Join(root, "docs", "deploy.md"))
	for files, name := range map[float64]string{10_000: "10 thousand | `10000`", 1_000_000: "1 million | `1000000`"} {
		b := bill(ways[0], files, 100<<10, true)
		if row := fmt.Sprintf("| %s | %s | %s |", name, grouped(b.Total), grouped(b.PerMillion)); !strings.Contains(deploy, row) {
			t.Errorf("deploy.md has not the row %s", row)
		}
	}
	costs := read(t, filepath.Join(root, "docs", "cost.md"))
	for _, size := range []struct {
		name  string
		bytes float64
	}{{"10 KiB", 10 << 10}, {"100 KiB", 100 << 10}, {"1 MiB", 1 << 20}} {
		row := "| " + size.name
		for i, w := range ways {
			b := bill(w, 33333.3333, size.bytes, false)
			row += " | " + grouped(b.PerMillion)
			if i == 0 {
				row += " | " + grouped(b.Overhead)
			}
		}
		if !strings.Contains(costs, row+" |") {
			t.Errorf("cost.md has not the row %s |", row)
		}
	}
}
