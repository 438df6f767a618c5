package format

import (
	"testing"
	"time"
)

func TestVendedTime(t *testing.T) {
	const dir = "prefix/AWSLogs/123456789012/elasticloadbalancing/us-east-2/2016/05/01/"
	tests := []struct{ key, want string }{
		{dir + "123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20140215T2340Z_172.160.001.192_20sg8hgm.log.gz", "2014-02-15T23:40:00Z"},
		{dir + "123456789012_elasticloadbalancing_us-east-2_my-loadbalancer_20140215T2340Z_172.160.001.192_20sg8hgm.log", "2014-02-15T23:40:00Z"},
		{dir + "conn_log_123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20220215T2340Z_172.160.001.192_20sg8hgm.log.gz", "2022-02-15T23:40:00Z"},
		{"AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20/123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz", "2018-06-20T16:20:00Z"},
		{"a_20240229T0000Z_b", "2024-02-29T00:00:00Z"},
		{"a_20230229T0000Z_b", ""},
		{"a_00000101T0000Z_b", ""},
		{"x_20140215T2340Z_y/plain.log", ""},
		{"a-20140215T2340Z-b", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got := ""
		if at, ok := VendedTime(tt.key); ok {
			got = at.Format(time.RFC3339)
		}
		if got != tt.want {
			t.Errorf("VendedTime(%q) = %q, want %q", tt.key, got, tt.want)
		}
	}
}
