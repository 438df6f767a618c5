package markdown

import (
	"os"
	"path/filepath"
	"testing"
)

func TestEmbed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	const page = "# Speed\n\n<!-- bench -->\nold\n<!-- end of bench -->\nrest\n"
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"new\n", "newer", "newest\n\n"} {
		if err := Embed(path, "bench", text); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := os.ReadFile(path)
	if want := "# Speed\n\n<!-- bench -->\n\nnewest\n\n<!-- end of bench -->\nrest\n"; string(got) != want {
		t.Errorf("%q", got)
	}
	if err := Embed(path, "start", "new"); err == nil {
		t.Error("marks that are not there")
	}
	if Machine() == "" {
		t.Error("a machine has a name")
	}
}
