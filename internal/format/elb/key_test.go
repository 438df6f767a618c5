package elb

import (
	"testing"
	"time"
)

func TestFileTime(t *testing.T) {
	const dir = "prefix/AWSLogs/123456789012/elasticloadbalancing/us-east-2/2016/05/01/"
	tests := []struct{ key, want string }{
		{dir + "123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20140215T2340Z_172.160.001.192_20sg8hgm.log.gz", "2014-02-15T23:40:00Z"},
		{dir + "123456789012_elasticloadbalancing_us-east-2_my-loadbalancer_20140215T2340Z_172.160.001.192_20sg8hgm.log", "2014-02-15T23:40:00Z"},
		{"a_20240229T0000Z_b", "2024-02-29T00:00:00Z"},
		{"a_20230229T0000Z_b", ""},
		{"a_00000101T0000Z_b", ""},
		{"x_20140215T2340Z_y/plain.log", ""},
		{"a-20140215T2340Z-b", ""},
		{"", ""},
	}
	for _, tt := range tests {
		for _, f := range formats {
			got := ""
			if at, ok := f.FileTime(tt.key); ok {
				got = at.Format(time.RFC3339)
			}
			if got != tt.want {
				t.Errorf("%s: FileTime(%q) = %q, want %q", f.Name, tt.key, got, tt.want)
			}
		}
	}
}
