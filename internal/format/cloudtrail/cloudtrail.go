// Package cloudtrail reads the events of AWS CloudTrail.
package cloudtrail

import (
	"bytes"
	"io"
	"regexp"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/jsonlog"
	"github.com/seneka-io/seneka/internal/row"
)

// CloudTrail returns the format cloudtrail: management, data, network activity and Insights events,
// in the array Records of a file, or as objects by themselves. Columns bear the names of AWS's
// documentation in snake case. What differs by service and call is JSON, as AWS wrote it. A digest
// file is a control object.
//
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
func CloudTrail() *format.Format {
	return &format.Format{
		Name: "cloudtrail",
		Spec: row.Spec{
			Description: "Events of AWS CloudTrail: one row per API call or other event.",
			Columns:     layout.Schema(),
			PartitionBy: "event_time",
			ClusterBy:   []string{"event_name", "event_source", "recipient_account_id"},
		},
		New: func(r io.Reader, o format.Options) format.Decoder {
			return &decoder{layout.Decoder(r, o)}
		},
		FileTime: format.VendedTime,
		Key:      regexp.MustCompile(`(^|/)\d{12}_CloudTrail(-[A-Za-z]+)?_[a-z0-9-]+_[^/]*\.json(\.gz)?$`),
	}
}

// decoder knows digest files, which CloudTrail delivers beside the logs if it is told to
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html).
type decoder struct{ format.Decoder }

// digest is a member that every digest file has.
var digest = []byte(`"digestStartTime"`)

// Next implements format.Decoder.
func (d *decoder) Next(rec *row.Record) error {
	err := d.Decoder.Next(rec)
	if bad, ok := err.(*format.Reject); ok && bad.Line == 1 && bytes.Contains(bad.Raw, digest) {
		return format.ErrControl
	}
	return err
}

var layout = jsonlog.Layout{
	Within: "Records",
	Extra:  "extra",
	Columns: []jsonlog.Column{
		jsonlog.Member("eventVersion", row.String, "Version of the event's format, such as 1.11."),
		jsonlog.Member("eventTime", row.Timestamp, "Time when the request was completed, by the clock of the service's host. UTC, to the second.").Essential(),
		jsonlog.Member("eventSource", row.String, "Service that the request was made to, such as s3.amazonaws.com."),
		jsonlog.Member("eventName", row.String, "Requested action, one of the service's API.").Essential(),
		jsonlog.Member("awsRegion", row.String, "AWS Region that the request was made to."),
		jsonlog.Member("sourceIPAddress", row.String, "IP address that the request was made from; for requests by a service, its DNS name, or AWS Internal."),
		jsonlog.Member("userAgent", row.String, "Agent that the request was made with: console, SDK, command line or service."),
		jsonlog.Member("errorCode", row.String, "Error that the service answered; NULL if the request succeeded."),
		jsonlog.Member("errorMessage", row.String, "Description of the error; NULL if the request succeeded."),
		userIdentity,
		jsonlog.Member("requestParameters", row.JSON, "Parameters sent with the request, as the service documents them; NULL if there are none."),
		jsonlog.Member("responseElements", row.JSON, "Elements of the answer to actions that make changes; NULL for others."),
		jsonlog.Member("additionalEventData", row.JSON, "What was not part of the request or the answer."),
		jsonlog.Member("requestID", row.String, "ID of the request, made by the service that was called."),
		jsonlog.Member("eventID", row.String, "GUID of the event: one event may be delivered more than once, always with this ID."),
		jsonlog.Member("eventType", row.String, "AwsApiCall, AwsServiceEvent, AwsConsoleAction, AwsConsoleSignIn, AwsVpceEvent or AwsCloudTrailInsight."),
		jsonlog.Member("apiVersion", row.String, "Version of the API of an AwsApiCall."),
		jsonlog.Member("managementEvent", row.Bool, "Whether it is a management event."),
		jsonlog.Member("readOnly", row.Bool, "Whether the action only reads."),
		jsonlog.Member("resources", row.JSON, "Resources that were accessed, an array: ARN, accountId, type."),
		jsonlog.Member("recipientAccountId", row.String, "Account that the event was delivered to; it may differ from that of user_identity."),
		jsonlog.Member("serviceEventDetails", row.JSON, "Details of an event of a service: what triggered it, and its result."),
		jsonlog.Member("sharedEventID", row.String, "GUID of the events that one action gave in several accounts."),
		jsonlog.Member("vpcEndpointId", row.String, "VPC endpoint that the request went through."),
		jsonlog.Member("vpcEndpointAccountId", row.String, "Account that owns the VPC endpoint."),
		jsonlog.Member("eventCategory", row.String, "Management, Data, NetworkActivity or Insight."),
		jsonlog.Member("addendum", row.JSON, "Why an event is late, or what of an earlier one was wrong."),
		jsonlog.Member("sessionCredentialFromConsole", row.String, "true if the session's credentials came from the console."),
		jsonlog.Member("eventContext", row.JSON, "Tags of resources and keys of IAM conditions, for trails and event data stores that are enriched with them."),
		jsonlog.Member("edgeDeviceDetails", row.JSON, "Edge devices that the request went to, for S3 on Outposts."),
		jsonlog.Member("tlsDetails", row.Struct, "The TLS connection of the request.",
			jsonlog.Member("tlsVersion", row.String, "TLS version, such as TLSv1.3."),
			jsonlog.Member("cipherSuite", row.String, "Cipher suite."),
			jsonlog.Member("clientProvidedHostHeader", row.String, "Host name that the client used, mostly the service's endpoint."),
			jsonlog.Member("keyExchange", row.String, "Key exchange algorithm."),
		),
		jsonlog.Member("insightDetails", row.JSON, "Trigger, activity and statistics of an Insights event."),
	},
}

// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
var userIdentity = jsonlog.Member("userIdentity", row.Struct, "Who made the request.",
	jsonlog.Member("type", row.String, "Root, IAMUser, AssumedRole, Role, FederatedUser, Directory, AWSAccount, AWSService, IdentityCenterUser or Unknown."),
	jsonlog.Member("userName", row.String, "Friendly name of the identity."),
	jsonlog.Member("principalId", row.String, "Unique ID of the identity; with temporary credentials, the session's name behind it."),
	jsonlog.Member("arn", row.String, "ARN of the identity; its last part is the user or role."),
	jsonlog.Member("accountId", row.String, "Account that owns the identity."),
	jsonlog.Member("accessKeyId", row.String, "Access key that the request was signed with."),
	jsonlog.Member("sessionContext", row.JSON, "Session of temporary credentials: sessionIssuer, webIdFederationData, attributes."),
	jsonlog.Member("invokedBy", row.String, "AWS service that made the request on behalf of the identity."),
	jsonlog.Member("identityProvider", row.String, "External provider that the identity comes from, for SAML and web identities."),
	jsonlog.Member("credentialId", row.String, "ID of the bearer token's credential."),
	jsonlog.Member("onBehalfOf", row.JSON, "User of IAM Identity Center that the request was made for: userId, identityStoreArn."),
	jsonlog.Member("inScopeOf", row.JSON, "What the credentials were issued for, such as a Lambda function or a container."),
)
