package row

import (
	"strings"
	"testing"
)

func TestParseTable(t *testing.T) {
	tests := []struct {
		in, project string
		want        Table
	}{
		{"acme-logs.web.alb", "", Table{"acme-logs", "web", "alb"}},
		{"acme-logs.web.alb", "other", Table{"acme-logs", "web", "alb"}},
		{"web.alb", "local", Table{"local", "web", "alb"}},
		{"example.com:logs.web.alb", "", Table{"example.com:logs", "web", "alb"}},
		{"web.app-métrique 2", "p", Table{"p", "web", "app-métrique 2"}},
		{"_hidden." + strings.Repeat("t", 1024), "p", Table{"p", "_hidden", strings.Repeat("t", 1024)}},
	}
	for _, tt := range tests {
		got, err := ParseTable(tt.in, tt.project)
		if err != nil || got != tt.want {
			t.Errorf("ParseTable(%q, %q) = %v, %v; want %v", tt.in, tt.project, got, err, tt.want)
			continue
		}
		if again, err := ParseTable(got.String(), ""); err != nil || again != got {
			t.Errorf("%q parses as %v, %v", got.String(), again, err)
		}
		if again, err := ParseTablePath(got.Path()); err != nil || again != got {
			t.Errorf("%q parses as %v, %v", got.Path(), again, err)
		}
	}
}

func TestParseTableErrors(t *testing.T) {
	tests := []struct{ in, project, want string }{
		{"alb", "p", `table "alb": want project.dataset.table or dataset.table`},
		{"", "p", `table "": want project.dataset.table or dataset.table`},
		{"web.alb", "", `table "web.alb": no project`},
		{".web.alb", "p", `table ".web.alb": no project`},
		{"p.web.", "", `table p.web.: name ""`},
		{"p..alb", "", `table p..alb: dataset ""`},
		{"Acme.web.alb", "", `table Acme.web.alb: project "Acme": want lower-case`},
		{"acme:web.alb", "p", `table p.acme:web.alb: dataset "acme:web"`},
		{"p.web-1.alb", "", `table p.web-1.alb: dataset "web-1": want letters, digits and underscores`},
		{"p.web.alb`; DROP", "", "table p.web.alb`; DROP: name"},
		{"p.web.a/b", "", `table p.web.a/b: name "a/b"`},
		{"p.web.\xff", "", "table p.web.\xff: name"},
		{"p.web.alb$20250601", "", `table p.web.alb$20250601: name`},
		{"p.web." + strings.Repeat("é", 513), "", "table p.web.é"},
	}
	for _, tt := range tests {
		got, err := ParseTable(tt.in, tt.project)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || got != (Table{}) {
			t.Errorf("ParseTable(%q, %q) = %v, %v; want error %q", tt.in, tt.project, got, err, tt.want)
		}
	}
}

func TestParseTablePathErrors(t *testing.T) {
	for _, in := range []string{
		"", "projects/p/datasets/d", "projects/p/datasets/d/tables/", "projects/p/datasets/d/tables/t/",
		"projects/p/datasets/d/tables/t/streams/s", "project/p/datasets/d/tables/t", "/projects/p/datasets/d/tables/t",
		"projects//datasets/d/tables/t", "projects/p/datasets/d-d/tables/t",
	} {
		if got, err := ParseTablePath(in); err == nil || got != (Table{}) {
			t.Errorf("ParseTablePath(%q) = %v, %v; want an error", in, got, err)
		}
	}
}
