package elb

import (
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// ALB returns the format alb: the access log of an Application Load Balancer, in every shape it
// has had since 2016, from 17 fields to 36. Columns bear the names of AWS's documentation, with
// client:port and target:port split in two. Text is kept as AWS wrote it, "-" is NULL, and -1 in
// the timings is kept as the -1 that AWS documents.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
func ALB() *format.Format {
	return &format.Format{
		Name: alb.format,
		Spec: row.Spec{
			Description: "Access log of AWS Application Load Balancers: one row per request.",
			Columns:     alb.columns(),
			PartitionBy: "time",
			ClusterBy:   []string{"elb", "elb_status_code", "client_ip"},
		},
		New:      alb.anyDecoder,
		FileTime: format.VendedTime,
		Key:      format.NewKeyPattern(`(^|/)\d{12}_elasticloadbalancing_[a-z0-9-]+_app\.[^/]+_\d{8}T\d{4}Z_[^/]*\.log(\.gz)?$`),
	}
}

// alb lists the documented fields in order. ip_address is not on the page above, but a field of CloudWatch's
// delivery of this log. Lines of 36 fields have been seen: the last two go to extra.
var alb = newLayout(layout{
	format:  "alb",
	needed:  17, // up to target_group_arn, the last field of 2016
	telling: []string{"elb", "elb_status_code", "target_group_arn", "target_status_code"},
	fields: []field{
		text("type", "Type of request or connection: http, https (HTTP over TLS), h2 (HTTP/2 over TLS), grpcs, ws or wss (WebSockets, over TLS)."),
		timestamp("time", "Time when the load balancer answered the client; for WebSockets, when the connection closed. UTC, to the microsecond."),
		text("elb", "Resource ID of the load balancer: app/name/id."),
		endpoint("client", "IP address of the client, or of the proxy in front of the load balancer; IPv6 without brackets.", "Port of the client."),
		endpoint("target", "IP address of the target that processed the request; NULL if none did, or if it is a Lambda function.", "Port of the target."),
		decimal("request_processing_time", "Seconds from receiving the request to sending it to a target; -1 if it could not be sent."),
		decimal("target_processing_time", "Seconds from sending the request to a target to the start of its answer; -1 if there was none."),
		decimal("response_processing_time", "Seconds from the start of the target's answer to its start towards the client; -1 if there was none."),
		integer("elb_status_code", "HTTP status code of the load balancer's answer to the client, or the one that it set itself."),
		integer("target_status_code", "HTTP status code of the target's answer; NULL if the target gave none."),
		integer("received_bytes", "Bytes received from the client, headers included; for WebSockets, of the whole connection."),
		integer("sent_bytes", "Bytes sent to the client, headers included; for WebSockets, of the whole connection."),
		request("Request line of the client: method, URL, HTTP version. As AWS wrote it: quotes, backslashes, control and non-ASCII bytes are \\xHH."),
		text("user_agent", "User-Agent of the client, as AWS wrote it: quotes, backslashes, control and non-ASCII bytes are \\xHH. Cut at 8 KB by AWS."),
		text("ssl_cipher", "TLS cipher of the client's connection; NULL without TLS."),
		text("ssl_protocol", "TLS version of the client's connection; NULL without TLS."),
		text("target_group_arn", "ARN of the target group."),
		text("trace_id", "X-Amzn-Trace-Id header."),
		trimmed("domain_name", "SNI domain that the client asked for in the TLS handshake, without spaces around it."),
		text("chosen_cert_arn", "ARN of the certificate shown to the client; session-reused if the TLS session was."),
		integer("matched_rule_priority", "Priority of the rule that matched, 1 to 50000; 0 for the default action, -1 if the rules could not be evaluated."),
		timestamp("request_creation_time", "Time when the load balancer received the request. UTC, to the microsecond."),
		text("actions_executed", "Actions taken, separated by commas: waf, waf-failed, authenticate, redirect, fixed-response, forward."),
		text("redirect_url", "Location of the redirect, if that was the action."),
		text("error_reason", "Reason code of a failure to process the request, such as LambdaInvalidResponse."),
		texts("target_port_list", "Targets that processed the request, each as address:port.").called("target:port_list", "target_port_list"),
		integers("target_status_code_list", "HTTP status codes of the targets' answers, in the order of target_port_list; 0 for a target that gave none."),
		text("classification", "Desync mitigation's verdict on the request: Acceptable, Ambiguous or Severe. NULL if it complies with RFC 7230."),
		text("classification_reason", "Reason code of the classification."),
		text("conn_trace_id", "ID of the client's connection, TID_...; the same in the connection log."),
		text("transformed_host", "Host header after a rewrite; NULL if it was not rewritten."),
		text("transformed_uri", "URI after a rewrite; NULL if it was not rewritten."),
		text("request_transform_status", "Outcome of the rewrite; NULL if there was none."),
		text("ip_address", "IP address of the load balancer node, in lines since 2026."),
	},
})
