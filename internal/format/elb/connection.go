package elb

import (
	"bytes"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/format/scalar"
	"github.com/seneka-io/seneka/internal/row"
)

// ALBConnection returns the format alb_connection: the connection log of an Application Load
// Balancer, with 11 fields, 12 and 15. Columns bear the names of AWS's documentation; "-" is NULL.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-connection-logs.html
func ALBConnection() *format.Format {
	return &format.Format{
		Name: connection.format,
		Spec: row.Spec{
			Description: "Connection log of AWS Application Load Balancers: one row per connection that a client tried to make.",
			Columns:     connection.columns(),
			PartitionBy: "time",
			ClusterBy:   []string{"elb", "tls_verify_status", "client_ip"},
		},
		New:      connection.anyDecoder,
		FileTime: format.VendedTime,
		Key:      format.NewKeyPattern(`(^|/)conn_log[._]\d{12}_elasticloadbalancing_[a-z0-9-]+_app\.[^/]+_\d{8}T\d{4}Z_[^/]*\.log(\.gz)?$`),
	}
}

// connection lists the documented fields in order.
var connection = newLayout(layout{
	format:  "alb_connection",
	needed:  11, // up to tls_verify_status, the last field of 2023
	telling: []string{"elb", "tls_verify_status", "tls_handshake_latency", "conn_trace_id"},
	fields: []field{
		timestamp("time", "Time when the load balancer established the connection, or failed to. UTC, to the microsecond.").called("timestamp", "time"),
		text("client_ip", "IP address of the client."),
		integer("client_port", "Port of the client."),
		integer("listener_port", "Port of the listener."),
		text("tls_protocol", "TLS version of the connection; NULL without TLS."),
		text("tls_cipher", "TLS cipher of the connection; NULL without TLS."),
		decimal("tls_handshake_latency", "Seconds that a TLS handshake took that succeeded; NULL if it failed, and without TLS."),
		text("leaf_client_cert_subject", "Subject of the client's leaf certificate, such as CN=example.com,O=org; NULL if it showed none."),
		validity("leaf_client_cert_validity"),
		text("leaf_client_cert_serial_number", "Serial number of the client's leaf certificate, hexadecimal; NULL if it showed none."),
		text("tls_verify_status", "Outcome of the client certificate's verification: Success, or Failed: and a reason code. NULL without one."),
		text("conn_trace_id", "ID of the connection, TID_...; the same in the access log."),
		text("tls_keyexchange", "Key exchange of the TLS handshake."),
		text("elb", "Resource ID of the load balancer: app/name/id."),
		text("ip_address", "IP address of the load balancer node."),
	},
})

// validity is a field that holds the time between which a certificate holds:
// NotBefore=2023-09-21T22:43:21Z;NotAfter=2026-06-17T22:43:21Z.
func validity(name string) field {
	return field{columns: row.Schema{
		fields.Column(name, row.String, "Validity of the client's leaf certificate, NotBefore=time;NotAfter=time, as AWS wrote it; NULL if it showed none."),
		fields.Column("leaf_client_cert_not_before", row.Timestamp, "Time from which the client's leaf certificate is valid, out of "+name+"."),
		fields.Column("leaf_client_cert_not_after", row.Timestamp, "Time until which the client's leaf certificate is valid, out of "+name+"."),
	}, read: readValidity}
}

// readValidity never fails: what cannot be taken apart is there as text.
func readValidity(d *decoder, _ *field, values []row.Value, token []byte) error {
	setBound(&values[1], token, "NotBefore=")
	setBound(&values[2], token, "NotAfter=")
	d.text(&values[0], token)
	return nil
}

// setBound sets v to the time behind name, or NULL.
func setBound(v *row.Value, token []byte, name string) {
	v.SetNull()
	_, bound, _ := bytes.Cut(token, []byte(name))
	bound, _, _ = bytes.Cut(bound, []byte(";"))
	if micros, err := scalar.Time(bound); err == nil {
		v.SetInt(micros)
	}
}
