package config

import (
	"strings"
	"testing"
)

func TestFillName(t *testing.T) {
	tests := []struct {
		template, value, want string
	}{
		{"alb", "x", "alb"},
		{"app_{v}", "shop", "app_shop"},
		{"{v}-{v}_log", "a", "a-a_log"},
		{"app_{v}", "My_Shop2", "app_My_Shop2"},
		{"app_{v}", "my-shop.v2 beta", "app_my_shop_v2_beta"},
		{"app_{v}", "über/日本", "app__ber___"},
		{"app_{v}", "\xff\x00\n", "app____"},
		{"app_{v}", "..", "app___"},
		{"app_{v}", "x`; DROP TABLE y;--", "app_x___DROP_TABLE_y___"},
		{"app_{v}", "{v}", "app__v_"},
		{"app_{v}", "$1${v}", "app__1__v_"},
		{"{v}", "seneka_load_log", "_seneka_load_log"},
		{"{v}", "SENEKA-load-log", "_SENEKA_load_log"},
		{"{v}_load_log", "seneka", "_seneka_load_log"},
		{"se{v}", "neka_x", "_seneka_x"},
		{"{v}", "seneka", "seneka"},
		{"{v}", strings.Repeat("x", 2000), strings.Repeat("x", 1024)},
	}
	for _, tt := range tests {
		if got := fillName(tt.template, map[string]string{"v": tt.value}); got != tt.want {
			t.Errorf("fillName(%q, %q) = %q, want %q", tt.template, tt.value, got, tt.want)
		}
	}
}

func TestCheckTable(t *testing.T) {
	long := strings.Repeat("x", 1024)
	for _, template := range []string{"logs.alb", "d_1.t-2_x", "D." + long, long + ".t", "d.{a}", "d.{a}_{b}-{a}", "d._seneka_x", "d.seneka"} {
		if err := checkTable(template, []string{"a", "b"}); err != nil {
			t.Errorf("%.50s: %v", template, err)
		}
	}
	for _, template := range []string{"", ".", "d", "d.", ".t", "d.t.u", "d.t$20260101", "d.t*", "d.ü", "d.{}", "d.{A}", "d.{c}", "d.{a}}", "d." + long + "x", long + "x.t", "d.seneka_loads"} {
		if err := checkTable(template, []string{"a", "b"}); err == nil {
			t.Errorf("%.50s is taken for a table", template)
		}
	}
}
