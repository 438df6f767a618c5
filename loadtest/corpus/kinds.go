package corpus

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// kind is what is known of a format's samples.
type kind struct {
	files                []string                            // below the module's folder
	written              []string                            // samples that stand here, where there are no real ones
	records              func(text []byte) ([]string, error) // of a file; nil: its lines
	header, between, end string
	parts                []part
}

// part is what is drawn anew in each record: the group of pattern, or all of it.
type part struct {
	pattern string
	draw    draw
}

func (k *kind) split(text []byte) ([]string, error) {
	if k.records == nil {
		return lines(text)
	}
	return k.records(text)
}

const (
	isoPattern      = `\d{4}-\d\d-\d\d[T\t ]\d\d:\d\d:\d\d(?:\.\d+)?`
	addressPattern  = `\b\d+\.\d+\.\d+\.\d+\b`
	endpointPattern = `\b\d+\.\d+\.\d+\.\d+:\d{4,5}\b`
	bothPattern     = endpointPattern + ` \d+\.\d+\.\d+\.\d+:\d+\b`
	uuidPattern     = `\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`
	tookPattern     = `\b\d\.\d{3,9}\b`
	traceBytes      = `\b[0-9a-f]{24}\b`
)

// ofBalancer are the parts of access logs of load balancers.
var ofBalancer = []part{
	{isoPattern, isoTime}, {bothPattern, endpoints}, {endpointPattern, endpoint}, {addressPattern, server}, {tookPattern, took}, {` (\d+) \d+ "`, count}, {traceBytes, identity},
	{`(?::\d+|\.com)(/[^ "]*)`, path},
}

const (
	elbFolder = "internal/format/elb/testdata/"
	s3Folder  = "internal/format/s3access/testdata/s3access/"
)

var kinds = map[string]*kind{
	"alb": {files: []string{"testdata/alb/otel.log", "testdata/alb/plaso.log", "testdata/alb/vrl.log", "testdata/alb/lambda-promtail.log.gz"}, parts: ofBalancer},
	"elb": {files: []string{"testdata/elb/logstash.log", "testdata/elb/otel.log", "testdata/elb/plaso.log"}, parts: ofBalancer},
	"nlb": {files: []string{elbFolder + "nlb/otel.log", elbFolder + "nlb/lambda-promtail.log.gz"}, parts: []part{
		{isoPattern, isoTime}, {bothPattern, endpoints}, {` (\d+ \d+ \d+) - `, sizes}, {`(?:my-network-loadbalancer)-[0-9a-f]{16}\.elb`, domain},
	}},
	"alb_connection": {files: []string{elbFolder + "alb_connection/awsdocs.log"}, parts: []part{
		{`^` + isoPattern, isoTime}, {addressPattern + ` \d+`, addressAndPort}, {tookPattern, took}, {`TID_([0-9a-f]{12})`, identity},
	}},
	"alb_healthcheck": {files: []string{elbFolder + "alb_healthcheck/awsdocs.log"}, parts: []part{
		{isoPattern, isoTime}, {addressPattern, server}, {tookPattern, took},
	}},
	"s3access": {files: []string{s3Folder + "opensearch.log", s3Folder + "otel.log", s3Folder + "awsdocs.log"}, parts: []part{
		{`\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d`, logTime}, {addressPattern, address}, {` ([0-9A-Z]{16}) `, identity},
		{`" \d{3} \S+ (\d+)`, size}, {` (\d+) \S+ "-"`, count}, {` ([0-9A-Za-z/+]{44})[0-9A-Za-z/+]{31}= `, identity},
	}},
	"vpcflow": {files: []string{"internal/format/vpcflow/testdata/vpcflow/lambda-promtail.log.gz", "internal/format/vpcflow/testdata/vpcflow/otel_vpc_flow_log_multi.log"},
		header: "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n",
		parts:  []part{{addressPattern + ` ` + addressPattern + ` \d+ \d+`, flow}, {`\b1[4-7]\d{8}\b`, unixTime}, {` 6 (\d+ \d+) `, packets}},
	},
	"cloudfront": {files: []string{"internal/format/cloudfront/testdata/cloudfront/opensearch.log", "internal/format/cloudfront/testdata/cloudfront/lambda-promtail.log.gz"},
		header: cloudFrontHeader, parts: ofCloudFront},
	"tsv": {files: []string{"internal/format/cloudfront/testdata/cloudfront/opensearch.log", "internal/format/cloudfront/testdata/cloudfront/lambda-promtail.log.gz"},
		records: justTimes, parts: ofCloudFront},
	"csv": {files: []string{"testdata/elb/logstash.log", "testdata/elb/otel.log", "testdata/elb/plaso.log"}, records: commas, parts: []part{
		{isoPattern, isoTime}, {`\d+\.\d+\.\d+\.\d+:\d+,\d+\.\d+\.\d+\.\d+:\d+`, endpointsCSV}, {tookPattern, took}, {`,(\d+),\d+,"`, count}, {`(?::\d+|\.com)(/[^ "]*)`, path},
	}},
	"ndjson": {written: []string{
		`{"time":"2026-11-01T00:00:00.123456Z","level":"INFO","message":"request \"7f3b\" was answered by the cache","duration":0.012345,"status":200,"user":{"id":1234567,"name":"user 8f21"},"tags":["web","eu-west-1"],"context":{"trace_id":"00f067aa0ba902b7a3ce929d","span":{"id":17,"parent":null},"headers":["accept: */*","host: www.example.com"]},"pid":4711}`,
		`{"time":"2026-11-01T00:00:00.123456Z","level":"WARN","message":"request \"7f3b\" was answered by the database, slowly","duration":0.912345,"status":200,"user":{"id":1234567,"name":"user 8f21"},"tags":["web","eu-west-1"],"context":{"trace_id":"00f067aa0ba902b7a3ce929d","span":{"id":17,"parent":16},"headers":["accept: text/html","host: www.example.com"]},"pid":4711}`,
		`{"time":"2026-11-01T00:00:00.123456Z","level":"ERROR","message":"upstream closed the connection\n\tat proxy.go:42","duration":0.000345,"status":502,"tags":["web","eu-west-1","retry"],"context":{"trace_id":"00f067aa0ba902b7a3ce929d"},"pid":4711}`,
	}, parts: []part{{isoPattern, isoTime}, {tookPattern, took}, {traceBytes, identity}, {`"id":(\d{7})`, size}, {`"id":(\d\d),`, count}, {`user ([0-9a-f]{4})`, pooled}}},
	"cloudtrail": {files: []string{
		"internal/format/cloudtrail/testdata/cloudtrail/invictus-1dM7GQM67kudSyGD.json.gz", "internal/format/cloudtrail/testdata/cloudtrail/invictus-UljXNp9xLp8nsAGc.json.gz",
		"internal/format/cloudtrail/testdata/cloudtrail/invictus-zs3JGxETHr59VpkX.json.gz",
	}, records: trails, header: `{"Records":[`, between: ",", end: "]}", parts: []part{{isoPattern, isoTime}, {addressPattern, address}, {`"(?:requestID|eventID)":"(` + uuidPattern + `)`, identity}}},
	"waf": {files: []string{"internal/format/waf/testdata/waf/opensearch.log", "internal/format/waf/testdata/waf/lambda-promtail.log.gz"}, parts: []part{
		{`"timestamp":(\d{13})`, unixTime}, {addressPattern, address}, {`"requestId":"([^"]{35})`, identity}, {`"uri":"(/[^"]*)`, item}, {`"args":(")`, query},
	}},
	"route53resolver": {files: []string{"internal/format/route53/testdata/route53resolver/awsdocs.json"}, records: objects, parts: []part{
		{isoPattern, isoTime}, {addressPattern, address}, {`"srcport":"(\d+)`, port}, {`"query_name":"([^"]*)`, domain}, {`"instance":"i-([0-9a-f]{9})`, pooled},
	}},
	"cloudwatch": {files: []string{"internal/format/cloudwatch/testdata/cloudwatch/vrl.json.gz", "internal/format/cloudwatch/testdata/cloudwatch/lambda-promtail-event.json.gz"}, records: objects, parts: []part{
		{`\b1[4-7]\d{11}\b`, unixTime}, {addressPattern, address}, {`"id":"(\d{32})`, identity}, {`bytes\\":(\d+)`, size}, {`request\\":\\"(/[^\\]*)`, item}, {`user-identifier\\":\\"(-)`, item},
	}},
	"firelens": {files: []string{"internal/format/firelens/testdata/firelens/aws-samples.jsonl"}, parts: []part{
		{`\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d`, logTime}, {isoPattern, isoTime}, {addressPattern, address}, {`"container_id":"([0-9a-f]{3})`, pooled}, {`requestID\\": \\"([0-9a-f]{32})`, identity},
		{`" \d{3} (\d+)`, size}, {`(?:GET|HEAD) (/[^ ]*)`, item}, {`TheDoctor`, item},
	}},
}

const cloudFrontHeader = "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end\n"

var ofCloudFront = []part{
	{isoPattern, isoTime}, {addressPattern, address}, {tookPattern, took}, {`(?:Hit|Miss|Error|Redirect)\t([0-9A-Za-z_-]{16})`, identity}, {"\t(\\d{3,})\t" + `\d+\.`, size}, {"\t(/[^\t]*)\t", path},
}

// packets writes a number of packets and their bytes.
func packets(c *Corpus, dst, _ []byte) []byte {
	n := int64(1 + min(c.few(60), c.few(60)))
	return strconv.AppendInt(append(strconv.AppendInt(dst, n, 10), ' '), n*int64(52+c.few(40)), 10)
}

// sizes writes a number of milliseconds and two of bytes.
func sizes(c *Corpus, dst, was []byte) []byte {
	return size(c, append(size(c, append(count(c, dst, was), ' '), was), ' '), was)
}

func endpointsCSV(c *Corpus, dst, was []byte) []byte {
	return append(server(c, append(endpoint(c, dst, was), ','), was), ":8080"...)
}

func addressAndPort(c *Corpus, dst, was []byte) []byte {
	return port(c, append(address(c, dst, was), ' '), was)
}

// justTimes returns lines of CloudFront with date and time in one field, as exports have them.
func justTimes(text []byte) ([]string, error) {
	all, err := lines(text)
	for i, line := range all {
		all[i] = strings.Replace(line, "\t", " ", 1)
	}
	return all, err
}

// commas returns lines of fifteen fields of a Classic Load Balancer as CSV.
func commas(text []byte) (all []string, err error) {
	ofELB, err := lines(text)
	for _, line := range ofELB {
		parts := strings.Split(line, `"`)
		if len(parts) < 5 || strings.HasPrefix(parts[1], "- ") {
			continue
		}
		all = append(all, strings.ReplaceAll(parts[0], " ", ",")+`"`+parts[1]+`","`+parts[3]+`"`+strings.ReplaceAll(parts[4], " ", ","))
	}
	return all, err
}

// objects returns the JSON objects of a file, each on one line.
func objects(text []byte) (all []string, err error) {
	for dec := json.NewDecoder(bytes.NewReader(text)); dec.More(); {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, err
		}
		var line bytes.Buffer
		if err := json.Compact(&line, raw); err != nil {
			return nil, err
		}
		all = append(all, line.String())
	}
	return all, nil
}

// trails returns the records of a CloudTrail file.
func trails(text []byte) (all []string, err error) {
	var file struct{ Records []json.RawMessage }
	err = json.Unmarshal(text, &file)
	for _, r := range file.Records {
		all = append(all, string(r))
	}
	return all, err
}
