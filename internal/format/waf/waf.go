// Package waf reads the logs of AWS WAF.
package waf

import (
	"regexp"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/jsonlog"
	"github.com/seneka-io/seneka/internal/row"
)

// WAF returns the format waf: one object for each request that a web ACL looked at. Columns bear
// the names of AWS's documentation in snake case; "-" is NULL.
//
// https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html
func WAF() *format.Format {
	return &format.Format{
		Name: "waf",
		Spec: row.Spec{
			Description: "Traffic log of AWS WAF: one row per web request that a web ACL inspected.",
			Columns:     layout.Schema(),
			PartitionBy: "timestamp",
			ClusterBy:   []string{"webacl_id", "action", "terminating_rule_id"},
		},
		New:      layout.Decoder,
		FileTime: format.VendedTime,
		Key:      regexp.MustCompile(`(^|/)\d{12}_waflogs_[a-z0-9-]+_[^/]*\.log(\.gz)?$`),
	}
}

func text(member, description string) jsonlog.Column {
	return jsonlog.Member(member, row.String, description).With(jsonlog.Dash)
}

var layout = jsonlog.Layout{
	Extra: "extra",
	Columns: []jsonlog.Column{
		jsonlog.Member("timestamp", row.Timestamp, "Time of the request. UTC, to the millisecond.").With(jsonlog.Millis),
		jsonlog.Member("formatVersion", row.Int64, "Version of the log's format."),
		jsonlog.Member("webaclId", row.String, "ARN of the web ACL (protection pack).").Essential(),
		text("terminatingRuleId", "Rule that ended the inspection; Default_Action if none did.").Essential(),
		text("terminatingRuleType", "Type of that rule: RATE_BASED, REGULAR, GROUP or MANAGED_RULE_GROUP."),
		text("action", "What was done: ALLOW, BLOCK, CAPTCHA, CHALLENGE or EXCLUDED_AS_COUNT."),
		jsonlog.Member("terminatingRuleMatchDetails", row.JSON, "What the terminating rule matched, for SQL injection and cross-site scripting, an array."),
		text("httpSourceName", "Source of the request: CF (CloudFront), ALB, APIGW, APPSYNC, COGNITOIDP, APPRUNNER, VERIFIED_ACCESS, or NULL."),
		text("httpSourceId", "ID of the resource that the web ACL protects."),
		jsonlog.Member("ruleGroupList", row.JSON, "Rule groups that acted on the request, an array."),
		jsonlog.Member("rateBasedRuleList", row.JSON, "Rate-based rules that acted on the request, an array."),
		jsonlog.Member("nonTerminatingMatchingRules", row.JSON, "Rules that matched and did not end the inspection, an array."),
		jsonlog.Member("requestHeadersInserted", row.JSON, "Headers that were added for custom handling, an array; NULL if none."),
		jsonlog.Member("responseCodeSent", row.Int64, "HTTP status of a custom response; NULL if none."),
		httpRequest,
		jsonlog.List("labels", row.Struct, "Labels on the request; the first 100.",
			jsonlog.Member("name", row.String, "Label, such as awswaf:managed:token:accepted."),
		),
		text("ja3Fingerprint", "JA3 fingerprint of the client's TLS hello, 32 characters."),
		text("ja4Fingerprint", "JA4 fingerprint of the client's TLS hello, 36 characters."),
		jsonlog.Member("requestBodySize", row.Int64, "Bytes of the request's body."),
		jsonlog.Member("requestBodySizeInspectedByWAF", row.Int64, "Bytes of the body that were inspected."),
		jsonlog.Member("captchaResponse", row.JSON, "Status of the CAPTCHA action: responseCode, solveTimestamp, failureReason."),
		jsonlog.Member("challengeResponse", row.JSON, "Status of the challenge action: responseCode, solveTimestamp, failureReason."),
		jsonlog.List("oversizeFields", row.String, "Parts of the request over the size that is inspected: REQUEST_BODY, REQUEST_JSON_BODY, REQUEST_HEADERS, REQUEST_COOKIES."),
		jsonlog.Member("excludedRules", row.JSON, "Rules of a group whose action was overridden to count, an array."),
		jsonlog.Member("clientAsn", row.Int64, "Autonomous system number of the client's address."),
		text("cfDistributionTenantId", "CloudFront distribution tenant of the request."),
	},
}

var httpRequest = jsonlog.Member("httpRequest", row.Struct, "The request.",
	text("clientIp", "IP address of the client."),
	text("country", "Country of the client's address, ISO 3166-1 alpha-2; NULL if it is not known."),
	jsonlog.List("headers", row.Struct, "Headers of the request, in order.",
		jsonlog.Member("name", row.String, "Name of the header."),
		jsonlog.Member("value", row.String, "Value of the header."),
	),
	jsonlog.Member("uri", row.String, "Path of the request's URI."),
	jsonlog.Member("args", row.String, "Query string."),
	text("httpVersion", "HTTP version, such as HTTP/1.1."),
	text("httpMethod", "HTTP method."),
	text("requestId", "ID of the request: that of the load balancer's trace, of CloudFront or of API Gateway."),
	jsonlog.Member("fragment", row.String, "Part of the URI behind #."),
	text("scheme", "http or https."),
	text("host", "Host header."),
)
