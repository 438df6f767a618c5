package elb

import (
	"bytes"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/row"
)

// NLB returns the format nlb: the access log of a Network Load Balancer, which holds the connections
// of its TLS listeners. Columns bear the names of AWS's documentation, with client:port and
// destination:port split in two. "-" is NULL, and a time, which has no zone, is UTC.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html
func NLB() *format.Format {
	return &format.Format{
		Name: nlb.format,
		Spec: row.Spec{
			Description: "Access log of AWS Network Load Balancers: one row per connection of a TLS listener.",
			Columns:     nlb.columns(),
			PartitionBy: "time",
			ClusterBy:   []string{"elb", "domain_name", "client_ip"},
		},
		New:      nlb.anyDecoder,
		FileTime: format.VendedTime,
		Key:      format.NewKeyPattern(`(^|/)\d{12}_elasticloadbalancing_[a-z0-9-]+_net\.[^/]+_\d{8}T\d{4}Z_[^/]*\.log(\.gz)?$`),
	}
}

// nlb lists the documented fields in order.
var nlb = newLayout(layout{
	format:  "nlb",
	needed:  16, // up to tls_protocol_version
	telling: []string{"elb", "tls_handshake_time", "incoming_tls_alert"},
	fields: []field{
		text("type", "Type of listener; tls is the only one that is logged."),
		text("version", "Version of the log entry."),
		timestamp("time", "Time when the connection ended. UTC, to the second."),
		text("elb", "Resource ID of the load balancer: net/name/id."),
		text("listener", "Resource ID of the listener."),
		endpoint("client", "IP address of the client; IPv6 without brackets.", "Port of the client."),
		endpoint("destination", "IP address that the client connected to: the load balancer's, or that of a VPC endpoint.", "Port that the client connected to."),
		integer("connection_time", "Milliseconds from the start of the connection to its end."),
		integer("tls_handshake_time", "Milliseconds from the established TCP connection to the end of the TLS handshake; part of connection_time. NULL if there was no handshake."),
		integer("received_bytes", "Bytes received from the client, after decryption."),
		integer("sent_bytes", "Bytes sent to the client, before encryption."),
		text("incoming_tls_alert", "TLS alert that the client sent, as a hexadecimal number; NULL if it sent none."),
		text("chosen_cert_arn", "ARN of the certificate shown to the client; NULL if no valid client hello came."),
		text("chosen_cert_serial", "Reserved by AWS; NULL so far."),
		text("tls_cipher", "TLS cipher agreed on, in OpenSSL's format; NULL if the handshake did not complete."),
		text("tls_protocol_version", "TLS version agreed on, such as tlsv12; NULL if the handshake did not complete."),
		text("tls_named_group", "Key exchange group agreed on; reserved by AWS, and NULL, in older lines."),
		text("domain_name", "SNI domain that the client asked for in the TLS handshake."),
		text("alpn_fe_protocol", "Application protocol agreed on with the client, such as h2; NULL without ALPN."),
		text("alpn_be_protocol", "Application protocol agreed on with the target; NULL without ALPN."),
		quotedTexts("alpn_client_preference_list", "Application protocols that the client offered, the preferred one first."),
		timestamp("tls_connection_creation_time", "Time when the connection began. UTC, to the second."),
	},
})

// quotedTexts is a field that holds a list of quoted texts, separated by commas: "h2","http/1.1".
func quotedTexts(name, description string) field {
	return field{columns: row.Schema{{Name: name, Type: row.String, Mode: row.Repeated, Description: description}}, read: readQuotedTexts, quoted: true}
}

// readQuotedTexts is given the list without its first and its last quote.
func readQuotedTexts(d *decoder, _ *field, values []row.Value, token []byte) error {
	v := &values[0]
	v.SetList()
	for more := len(token) > 0 && !fields.IsNone(token); more; {
		var item []byte
		item, token, more = bytes.Cut(token, []byte(`","`))
		v.Append().SetText(item, d.ascii)
	}
	return nil
}
