// Package route53 reads the logs of Amazon Route 53.
package route53

import (
	"bytes"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/jsonlog"
	"github.com/seneka-io/seneka/internal/format/scalar"
	"github.com/seneka-io/seneka/internal/row"
)

// Resolver returns the format route53resolver: the query log of Route 53 Resolver, one object for
// each query. Columns bear the names of AWS's documentation.
//
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html
func Resolver() *format.Format {
	return &format.Format{
		Name: "route53resolver",
		Spec: row.Spec{
			Description: "Query log of Amazon Route 53 Resolver: one row per DNS query from a VPC.",
			Columns:     layout.Schema(),
			PartitionBy: "query_timestamp",
			ClusterBy:   []string{"vpc_id", "query_name", "srcaddr"},
		},
		New:      layout.Decoder,
		FileTime: format.VendedTime,
		Key:      format.NewKeyPattern(`(^|/)vpc-[0-9a-z]+_vpcdnsquerylogs_\d{12}_[^/]*\.log(\.gz)?$`),
	}
}

var layout = jsonlog.Layout{
	Extra: "extra",
	Columns: []jsonlog.Column{
		jsonlog.Member("version", row.String, "Version of the log's format, such as 1.100000."),
		jsonlog.Member("account_id", row.String, "Account that owns the VPC."),
		jsonlog.Member("region", row.String, "AWS Region of the VPC."),
		jsonlog.Member("vpc_id", row.String, "VPC that the query came from."),
		jsonlog.Member("query_timestamp", row.Timestamp, "Time of the query. UTC, to the second.").With(queryTime),
		jsonlog.Member("query_name", row.String, "Name that was asked for, with a dot at its end.").Essential(),
		jsonlog.Member("query_type", row.String, "DNS record type that was asked for, such as A or AAAA."),
		jsonlog.Member("query_class", row.String, "Class of the query, mostly IN."),
		jsonlog.Member("rcode", row.String, "DNS response code, such as NOERROR or NXDOMAIN."),
		jsonlog.List("answers", row.Struct, "Answers to the query, in order.",
			jsonlog.Member("Rdata", row.String, "Value of the answer, such as an IP address."),
			jsonlog.Member("Type", row.String, "DNS record type of the answer."),
			jsonlog.Member("Class", row.String, "Class of the answer."),
		),
		jsonlog.Member("srcaddr", row.String, "IP address of the instance that the query came from."),
		jsonlog.Member("srcport", row.Int64, "Port of the instance that the query came from."),
		jsonlog.Member("transport", row.String, "Protocol of the query: UDP or TCP."),
		jsonlog.Member("srcids", row.Struct, "IDs of what the query came from or went through.",
			jsonlog.Member("instance", row.String, "Instance that the query came from."),
			jsonlog.Member("resolver_endpoint", row.String, "Resolver endpoint that passed the query on."),
			jsonlog.Member("resolver_network_interface", row.String, "Network interface of the Resolver endpoint."),
		),
		jsonlog.Member("firewall_rule_action", row.String, "What a DNS Firewall rule did that matched: ALERT or BLOCK; NULL if none matched."),
		jsonlog.Member("firewall_rule_group_id", row.String, "DNS Firewall rule group that matched."),
		jsonlog.Member("firewall_domain_list_id", row.String, "Domain list of the DNS Firewall rule that matched."),
	},
}

// queryTime reads a time, also one with a colon before its fraction, as an example of the
// documentation has it: 2020-02-04T17:51:20:177Z.
func queryTime(v *row.Value, text []byte) error {
	n, err := scalar.Timestamp(text)
	if at := len("2006-01-02T15:04:05"); err != nil && len(text) > at && text[at] == ':' {
		mended := bytes.Clone(text)
		mended[at] = '.'
		n, err = scalar.Timestamp(mended)
	}
	v.SetInt(n)
	return err
}
