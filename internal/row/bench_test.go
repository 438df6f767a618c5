package row

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// albLike is a table of the width and the types of a load balancer's access log.
func albLike() (Schema, *Record) {
	const trace = "Root=1-58337364-23a8c76965a2ef7629b185e3"
	request := "GET https://www.example.com:443/api/v2/items?page=3&q=" + strings.Repeat("log", 20) + " HTTP/1.1"
	columns := []struct {
		name  string
		typ   Type
		mode  Mode
		value Value
	}{
		{"type", String, "", text("https")}, {"time", Timestamp, "", intOf(1_750_000_000_123_456)},
		{"elb", String, "", text("app/my-loadbalancer/50dc6c495c0c9188")},
		{"client_ip", String, "", text("192.168.131.39")}, {"client_port", Int64, "", intOf(2817)},
		{"target_ip", String, "", text("10.0.0.1")}, {"target_port", Int64, "", intOf(80)},
		{"request_processing_time", Float64, "", floatOf(0.086)}, {"target_processing_time", Float64, "", floatOf(0.048)},
		{"response_processing_time", Float64, "", floatOf(0.037)}, {"elb_status_code", Int64, "", intOf(200)},
		{"target_status_code", Int64, "", intOf(200)}, {"received_bytes", Int64, "", intOf(512)},
		{"sent_bytes", Int64, "", intOf(57_123)}, {"request", String, "", text(request)},
		{"request_method", String, "", text("GET")}, {"request_url", String, "", text(request[4 : len(request)-9])},
		{"request_protocol", String, "", text("HTTP/1.1")},
		{"user_agent", String, "", text("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36")},
		{"ssl_cipher", String, "", text("ECDHE-RSA-AES128-GCM-SHA256")}, {"ssl_protocol", String, "", text("TLSv1.2")},
		{"target_group_arn", String, "", text("arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067")},
		{"trace_id", String, "", text(trace)}, {"domain_name", String, "", text("www.example.com")},
		{"chosen_cert_arn", String, "", text("arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012")},
		{"matched_rule_priority", Int64, "", intOf(1)}, {"request_creation_time", Timestamp, "", intOf(1_750_000_000_100_000)},
		{"actions_executed", String, Repeated, list(text("authenticate"), text("forward"))},
		{"redirect_url", String, "", Value{}}, {"error_reason", String, "", Value{}},
		{"target_list", String, Repeated, list(text("10.0.0.1:80"))}, {"target_status_code_list", Int64, Repeated, list(intOf(200))},
		{"classification", String, "", Value{}}, {"classification_reason", String, "", Value{}},
		{"conn_trace_id", String, "", text("TID_1234567890abcdef")}, {"extra", String, "", Value{}},
		{"source_file", String, "", text("s3://acme-elb-logs/AWSLogs/123456789012/elasticloadbalancing/us-east-2/2025/06/15/file.log.gz")},
		{"source_line", Int64, "", intOf(123_456)}, {"loaded_at", Timestamp, "", intOf(1_750_000_300_000_000)},
	}
	schema, rec := make(Schema, len(columns)), NewRecord(len(columns))
	for i, c := range columns {
		schema[i] = Column{Name: c.name, Type: c.typ, Mode: c.mode}
		rec.Values[i] = c.value
	}
	return schema, rec
}

// nestedLike is a table of STRUCTs in lists in STRUCTs. Elements of one byte of length and of two
// take turns, so that the room left for it is wrong each time.
func nestedLike() (Schema, *Record) {
	resource := []Column{{Name: "arn", Type: String}, {Name: "account", Type: String}, {Name: "type", Type: String}}
	schema := Schema{
		{Name: "time", Type: Timestamp},
		structOf("user", Column{Name: "id", Type: String},
			structOf("session", structOf("issuer", resource...), Column{Name: "mfa", Type: Bool})),
		{Name: "resources", Type: Struct, Mode: Repeated, Fields: resource},
		{Name: "codes", Type: Int64, Mode: Repeated},
	}
	res := list(text("arn:aws:s3:::acme-elb-logs/AWSLogs/"+strings.Repeat("123456789012/", 8)), text("123456789012"), text("AWS::S3::Object"))
	short := list(text("arn"), Value{}, Value{})
	return schema, &Record{Values: []Value{
		intOf(1_750_000_000_123_456), list(text("AIDAEXAMPLE"), list(res, intOf(1))),
		list(res, short, res, short), list(intOf(200), intOf(404), intOf(-1)),
	}}
}

// everyType has a column of each type that the other tables lack.
func everyType() (Schema, *Record) {
	point := text(`{"type": "Polygon", "coordinates": [[[-122.4, 37.8], [-122.3, 37.8], [-122.3, 37.9], [-122.4, 37.8]]]}`)
	return Schema{
			{Name: "numeric", Type: Numeric}, {Name: "bignumeric", Type: BigNumeric}, {Name: "date", Type: Date},
			{Name: "datetime", Type: Datetime}, {Name: "time", Type: Time}, {Name: "interval", Type: Interval},
			{Name: "iso", Type: Interval}, {Name: "wkt", Type: Geography}, {Name: "geojson", Type: Geography},
			{Name: "range", Type: Range, RangeElement: Datetime}, {Name: "ranges", Type: Range, Mode: Repeated, RangeElement: Date},
		}, &Record{Values: []Value{
			text("-12345678901234567890.123456789"), text("578960446186580977117854925043439539266.34992332820282019728792003956564819967"),
			intOf(20_000), intOf(1_750_000_000_123_456), intOf(MaxTime), text("-1-2 3 -4:5:6.789"), text("P1Y2M3DT4H5M6.789S"),
			text("MULTIPOINT((1 2), (-3.5 4e1))"), point,
			list(intOf(1), intOf(2)), list(list(intOf(1), Value{}), list(Value{}, intOf(1))),
		}}
}

func BenchmarkAppend(b *testing.B) {
	for name, table := range map[string]func() (Schema, *Record){"alb": albLike, "nested": nestedLike, "types": everyType} {
		b.Run(name, func(b *testing.B) {
			schema, rec := table()
			enc := newEncoder(b, schema...)
			buf, err := enc.Append(nil, rec)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				if buf, err = enc.Append(buf[:0], rec); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkProtojson measures the usual way: JSON of the row into a dynamic message, marshalled.
// x-slower is how many times longer it takes than Append, both in this run.
func BenchmarkProtojson(b *testing.B) {
	schema, rec := albLike()
	enc := newEncoder(b, schema...)
	md := messageType(b, enc.Descriptor())
	row, err := enc.Append(nil, rec)
	if err != nil {
		b.Fatal(err)
	}
	m := dynamicpb.NewMessage(md)
	toDynamic(m, schema, rec.Values)
	json, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(row)))
	b.ReportAllocs()
	for b.Loop() {
		usualWay(b, md, json)
	}
	usual := b.Elapsed() / time.Duration(b.N)
	b.StopTimer()
	start := time.Now()
	for range b.N {
		if row, err = enc.Append(row[:0], rec); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(usual)/(float64(time.Since(start))/float64(b.N)), "x-slower")
}

func usualWay(b *testing.B, md protoreflect.MessageDescriptor, json []byte) {
	m := dynamicpb.NewMessage(md)
	if err := protojson.Unmarshal(json, m); err != nil {
		b.Fatal(err)
	}
	if _, err := proto.Marshal(m); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkTypes(b *testing.B) {
	schema, rec := everyType()
	for i, c := range schema {
		b.Run(c.Name, func(b *testing.B) {
			enc, one := newEncoder(b, c), &Record{Values: rec.Values[i : i+1]}
			b.ReportAllocs()
			var buf []byte
			var err error
			for b.Loop() {
				if buf, err = enc.Append(buf[:0], one); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCheckJSON(b *testing.B) {
	in := []byte(`{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","mfa":false},"codes":[200,404,-1.5],"agent":"` + strings.Repeat("Mozilla/5.0 ", 10) + `"}`)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if err := checkJSON(in); err != nil {
			b.Fatal(err)
		}
	}
}
