package formats

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format/formattest"
)

const albLine = `http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - arn:aws:tg "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"` + "\n"

func TestDetect(t *testing.T) {
	tests := []struct{ name, file, head, want string }{
		{"a log", "x", albLine, "alb"},
		{"a log with a broken line", "x", albLine + "broken\n", "alb"},
		{"a log whose head ends within a record", "x", strings.Repeat(albLine, Head/len(albLine)+1)[:Head], "alb"},
		{"prose", "x.log", "The quick brown fox\njumps over the lazy dog.\n", ""},
		{"nothing", "x.log", "", ""},
		{"binary", "x.log", "\x00\x01\x02\x03", ""},
		{"events, and none of them", "x.json", `{"Records":[]}`, "cloudtrail"},
		{"a header alone", "x.log", "#Version: 1.0\n#Fields: date time c-ip\n", "cloudfront"},
		{"another header alone", "x.log", "version account-id interface-id\n", "vpcflow"},
		{"a list of nothing", "x.json", "[]", "ndjson"},
		{"a list of nothing, by its name", keys["waf"][0], "[]\n", "waf"},
		{"what its name does not say", keys["firelens"][0], "a,b\n1,2\n", "csv"},
		{"what only its name says", keys["alb"][0], "cut sho", "alb"},
		{"Parquet", "x", "PAR1\x15\x00", "parquet"},
		{"a log of CloudFront in Parquet", "AWSLogs/1/CloudFront/E2EXAMPLE1234.2026-11-14-20.RT4KCN4S.parquet", "PAR1\x15\x00", "cloudfront"},
		{"a flow log in Parquet", "AWSLogs/1/vpcflowlogs/eu-west-1/2026/01/02/1_vpcflowlogs_eu-west-1_fl-1.log.parquet", "PAR1\x15\x00", "vpcflow"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, why, err := Detect(tt.file, []byte(tt.head))
			switch {
			case tt.want == "" && err == nil:
				t.Errorf("taken for %s: %s", f.Name, why)
			case tt.want != "" && (err != nil || f.Name != tt.want || why == ""):
				t.Errorf("got %v, %q, %v; want %s", f, why, err, tt.want)
			}
		})
	}
}

// keys are names of the forms that AWS documents, by format.
var keys = map[string][]string{
	"alb": {
		"p/AWSLogs/123456789012/elasticloadbalancing/us-east-2/2026/05/01/123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20260501T2215Z_172.160.001.192_20sg8hgm.log.gz",
		"123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20260501T2215Z_172.160.001.192_20sg8hgm.log",
	},
	"alb_connection": {
		"AWSLogs/123456789012/elasticloadbalancing/us-east-2/2026/05/01/conn_log_123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20260501T2215Z_172.160.001.192_20sg8hgm.log.gz",
		"conn_log.123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20260501T2215Z_172.160.001.192_20sg8hgm.log.gz",
	},
	"alb_healthcheck": {"x/health_check_log_123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20260501T2215Z_172.160.001.192_20sg8hgm.log.gz"},
	"elb":             {"AWSLogs/123456789012/elasticloadbalancing/us-west-2/2026/02/15/123456789012_elasticloadbalancing_us-west-2_my-loadbalancer_20260215T2340Z_172.160.001.192_20sg8hgm.log"},
	"nlb":             {"AWSLogs/123456789012/elasticloadbalancing/us-east-2/2026/05/01/123456789012_elasticloadbalancing_us-east-2_net.my-loadbalancer.1234567890abcdef_20260501T0000Z_20sg8hgm.log.gz"},
	"cloudtrail": {
		"AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-east-2/2026/03/04/111122223333_CloudTrail_us-east-2_20260304T2200Z_Mu0KsOhtH1ar15ZZ.json.gz",
		"111122223333_CloudTrail-Insight_us-east-2_20260304T2200Z_Mu0KsOhtH1ar15ZZ.json",
	},
	"vpcflow": {
		"AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/06/20/123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20260620T1620Z_fe123456.log.gz",
	},
	"cloudfront":      {"prefix/E2EXAMPLE1234.2026-11-14-20.RT4KCN4S.gz", "E2EXAMPLE1234.2026-11-14-20.RT4KCN4S"},
	"s3access":        {"DOC-EXAMPLE/logs2026-11-01-00-00-38-3E57427F3EXAMPLE", "123456789012/us-west-2/src/2026/11/01/2026-11-01-00-00-38-2C83BC1ABD8B4E57"},
	"waf":             {"AWSLogs/123456789012/WAFLogs/us-east-1/TEST-WEBACL/2026/10/28/19/50/123456789012_waflogs_us-east-1_TEST-WEBACL_20261028T1950Z_e0ca43b5.log.gz"},
	"route53resolver": {"AWSLogs/123456789012/vpcdnsquerylogs/vpc-7example/2026/02/04/vpc-7example_vpcdnsquerylogs_123456789012_20260204T1750Z_0a1b2c3d.log.gz"},
	"cloudwatch":      {"logs/2026/11/01/10/to-s3-1-2026-11-01-10-05-30-0a1b2c3d-1234-5678-9abc-def012345678.gz"},
	"firelens":        {"fluent-bit-logs/app-firelens-0a1b/2026/11/01/10/05/30-objectAb12Cd34", "logs/app/2026/11/01/10/05/30.gz"},
}

// The name of a file speaks for one format.
func TestKeys(t *testing.T) {
	for _, f := range table {
		if (f.Key == nil) != (len(keys[f.Name]) == 0) {
			t.Errorf("%s: no example of a key, or no expression for it", f.Name)
		}
		for name, names := range keys {
			for _, key := range names {
				if f.Key != nil && f.Key.MatchString(key) != (name == f.Name) {
					t.Errorf("%s: the expression of format %s says %v", key, f.Name, name != f.Name)
				}
			}
		}
	}
}

// A name decides between formats that make the same of a file.
func TestDetectByName(t *testing.T) {
	best, other := trial{format: table[0], rows: 1, known: 2}, trial{format: table[1], rows: 1, known: 1, named: true}
	if !other.better(&best) || best.better(&other) {
		t.Error("of two that understand all, the one with the name is not the better")
	}
}

// Every real file among the tests' is taken for what it is, by its contents alone and with a name.
func TestDetectSamples(t *testing.T) {
	found := 0
	for _, f := range table {
		for _, file := range samples(t, f.Name) {
			found++
			head := formattest.Plain(t, file)
			head = head[:min(len(head), Head)]
			for i, name := range append([]string{"x" + plainExt(file)}, keys[f.Name]...) {
				got, why, err := Detect(name, head)
				if err != nil || got.Name != f.Name || (i > 0) != strings.Contains(why, "and so does its name") {
					t.Errorf("%s as %s: %+v, %q, %v", file, name, got, why, err)
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d samples were found", found)
	}
}

// samples returns the samples of a format: they lie in a folder of its name.
func samples(t *testing.T, name string) (files []string) {
	t.Helper()
	here, err := filepath.Glob("../*/testdata/" + name + "/*")
	shared, sharedErr := filepath.Glob("../../../testdata/" + name + "/*")
	if err := errors.Join(err, sharedErr); err != nil {
		t.Fatal(err)
	}
	for _, file := range append(here, shared...) {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(file)
		if !info.IsDir() && filepath.Ext(base) != ".golden" && base != "schema.txt" && base != "SOURCES.tsv" {
			files = append(files, file)
		}
	}
	return files
}

// plainExt returns the ending of a name, without that of compression.
func plainExt(file string) string { return filepath.Ext(strings.TrimSuffix(file, ".gz")) }

func TestMembers(t *testing.T) {
	tests := map[string]int{`{}`: 1, `{"a":1}`: 1, `{"a":{"b":1,"c":2},"d":[1,{"e":2}]}`: 2, `{"a:\"b":"c:d","x":1}`: 2, `7`: 1}
	for text, want := range tests {
		if got := members([]byte(text)); got != want {
			t.Errorf("members(%s) = %d, want %d", text, got, want)
		}
	}
}
