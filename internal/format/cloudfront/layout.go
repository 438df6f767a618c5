package cloudfront

import (
	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/format/named"
	"github.com/seneka-io/seneka/internal/format/scalar"
	"github.com/seneka-io/seneka/internal/row"
)

// legacy names the fields of the legacy logs, in their order.
const legacy = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query " +
	"cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher " +
	"x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type " +
	"sc-content-type sc-content-len sc-range-start sc-range-end"

// beyondLegacy names the other fields that logs of v2 can have.
const beyondLegacy = "timestamp timestamp(ms) origin-fbl origin-lbl asn c-country cache-behavior-path-pattern"

// layout lists event_time, the fields of the legacy logs in their order, and the others that v2 has.
var layout = named.Layout{
	{Column: fields.Column("event_time", row.Timestamp, "Time when CloudFront answered the request; for WebSockets, when the connection closed. UTC, to the second, or to the millisecond if timestamp_ms is logged. Out of the finest of timestamp_ms, timestamp, date and time.")},
	{Column: fields.Column("date", row.Date, "Date of event_time, UTC."), Set: civil(scalar.Date)},
	{Column: fields.Column("time", row.Time, "Time of day of event_time, UTC."), Set: civil(scalar.Clock)},
	named.Text("x_edge_location", "Edge location that served the request: an airport's code and a number, such as DFW3."),
	named.Int("sc_bytes", "Bytes sent to the viewer, headers included; for WebSockets, of the whole connection."),
	named.Text("c_ip", "IP address of the viewer, or of the proxy in front of it."),
	named.Text("cs_method", "HTTP method of the request."),
	named.Text("cs_host", "Domain name of the distribution, such as d111111abcdef8.cloudfront.net."),
	named.Text("cs_uri_stem", "Path of the request's URL, percent-encoded."),
	named.Int("sc_status", "HTTP status code of the answer; 0 if the viewer closed the connection before one was sent."),
	named.Text("cs_referer", "Referer header, percent-encoded."),
	named.Text("cs_user_agent", "User-Agent header, percent-encoded; until about 2018 twice."),
	named.Text("cs_uri_query", "Query of the request's URL, percent-encoded; NULL if there was none."),
	named.Text("cs_cookie", "Cookie header, if the distribution logs cookies, percent-encoded."),
	named.Text("x_edge_result_type", "How CloudFront classified the answer: Hit, RefreshHit, Miss, LimitExceeded, CapacityExceeded, Error, Redirect."),
	named.Text("x_edge_request_id", "ID that CloudFront gave the request."),
	named.Text("x_host_header", "Host header of the viewer: the distribution's domain name or an alternate one."),
	named.Text("cs_protocol", "Protocol of the request: http, https, ws, wss, grpcs."),
	named.Int("cs_bytes", "Bytes received from the viewer, headers included; for WebSockets, of the whole connection."),
	named.Float("time_taken", "Seconds from the request's last byte to writing the answer's last byte to the server's output queue."),
	named.Text("x_forwarded_for", "X-Forwarded-For header: the viewer behind a proxy, as AWS wrote it; its blanks may be %20 or \\x20."),
	named.Text("ssl_protocol", "TLS version of the connection; NULL without TLS."),
	named.Text("ssl_cipher", "TLS cipher of the connection; NULL without TLS."),
	named.Text("x_edge_response_result_type", "How CloudFront classified the answer just before returning it."),
	named.Text("cs_protocol_version", "HTTP version of the viewer, such as HTTP/2.0."),
	named.Text("fle_status", "Outcome of field-level encryption, such as Processed; NULL if it is not set up."),
	named.Int("fle_encrypted_fields", "Number of fields that field-level encryption encrypted; NULL if it is not set up."),
	named.Int("c_port", "Port of the viewer."),
	named.Float("time_to_first_byte", "Seconds from receiving the request to writing the answer's first byte, as CloudFront measured them."),
	named.Text("x_edge_detailed_result_type", "x_edge_result_type with details of errors, such as OriginShieldHit or ClientCommError."),
	named.Text("sc_content_type", "Content-Type header of the answer."),
	named.Int("sc_content_len", "Content-Length header of the answer, in bytes."),
	named.Int("sc_range_start", "First byte of the answer's Content-Range; NULL without one."),
	named.Int("sc_range_end", "Last byte of the answer's Content-Range; NULL without one."),
	// Of v2 only.
	{Column: fields.Column("timestamp", row.Timestamp, "Time when CloudFront answered the request, of the field timestamp of v2, Unix seconds."), Set: civil(scalar.Epoch)},
	{Column: fields.Column("timestamp_ms", row.Timestamp, "Time when CloudFront answered the request, of the field timestamp(ms) of v2, to the millisecond."), Set: fields.UnixMillis},
	named.Float("origin_fbl", "Seconds of first-byte latency between CloudFront and the origin."),
	named.Float("origin_lbl", "Seconds of last-byte latency between CloudFront and the origin."),
	named.Int("asn", "Autonomous system number of the viewer."),
	named.Text("c_country", "Country code of the viewer, out of its IP address."),
	named.Text("cache_behavior_path_pattern", "Path pattern of the cache behavior that matched the request."),
	{Column: fields.Column("cs_user_agent_decoded", row.String, "cs_user_agent with its percent-encoding undone, once.")},
}

// Columns of layout that depend on others.
var (
	eventColumn        = layout.Columns().Index("event_time")
	dateColumn         = layout.Columns().Index("date")
	timeColumn         = layout.Columns().Index("time")
	secondsColumn      = layout.Columns().Index("timestamp")
	millisColumn       = layout.Columns().Index("timestamp_ms")
	agentColumn        = layout.Columns().Index("cs_user_agent")
	agentDecodedColumn = layout.Columns().Index("cs_user_agent_decoded")
)

// civil makes a setter of a reader of a whole number of days or microseconds.
func civil(read func([]byte) (int64, error)) fields.Setter {
	return func(v *row.Value, text []byte) error {
		if len(text) == 0 || fields.IsNone(text) {
			v.SetNull()
			return nil
		}
		n, err := read(text)
		v.SetInt(n)
		return err
	}
}
