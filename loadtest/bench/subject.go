package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/row"
)

// subject is a format and how others read its files.
type subject struct {
	name    string
	columns string // of a declared format: name TYPE, as a schema file would have them
	// usual reads a file as most Go programs would, and calls emit with each record as JSON has it.
	usual func(r io.Reader, columns row.Schema, emit func(map[string]any) error) error
	duck  duck
}

// duck is how DuckDB reads the files.
type duck struct {
	reader  string // read_csv, read_json
	columns string // name TYPE, ...
	options string
	from    string // what stands behind FROM, with %s for the call of reader; empty: the call
}

// format returns the subject's format.
func (s *subject) format() (*format.Format, error) {
	if s.columns == "" {
		f, known := formats.Lookup(s.name)
		if !known {
			return nil, fmt.Errorf("format %q is not known", s.name)
		}
		return f, nil
	}
	columns, err := row.ParseSchema([]byte(s.columns))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return formats.Declared(s.name, format.Declaration{Columns: columns, PartitionBy: "time", CSV: format.CSV{Header: format.HeaderAbsent}})
}

// find returns the subject called name.
func find(name string) (*subject, error) {
	for i := range subjects {
		if subjects[i].name == name {
			return &subjects[i], nil
		}
	}
	return nil, fmt.Errorf("format %q is not measured", name)
}

var errRecord = errors.New("no record of the format")

const spaces = `delim=' ', quote='"', escape='"', nullstr='-', header=false, null_padding=true, strict_mode=false`

var subjects = []subject{
	{name: "alb", usual: byPattern(albPattern), duck: duck{reader: "read_csv", options: spaces, columns: `type VARCHAR, time TIMESTAMP, elb VARCHAR, client VARCHAR, target VARCHAR,
		request_processing_time DOUBLE, target_processing_time DOUBLE, response_processing_time DOUBLE, elb_status_code BIGINT, target_status_code BIGINT, received_bytes BIGINT, sent_bytes BIGINT,
		request VARCHAR, user_agent VARCHAR, ssl_cipher VARCHAR, ssl_protocol VARCHAR, target_group_arn VARCHAR, trace_id VARCHAR, domain_name VARCHAR, chosen_cert_arn VARCHAR, matched_rule_priority BIGINT,
		request_creation_time TIMESTAMP, actions_executed VARCHAR, redirect_url VARCHAR, error_reason VARCHAR, target_port_list VARCHAR, target_status_code_list VARCHAR, classification VARCHAR,
		classification_reason VARCHAR, conn_trace_id VARCHAR, transformed_host VARCHAR, transformed_uri VARCHAR, request_transform_status VARCHAR`}},
	{name: "elb", usual: byPattern(elbPattern), duck: duck{reader: "read_csv", options: spaces, columns: `time TIMESTAMP, elb VARCHAR, client VARCHAR, backend VARCHAR,
		request_processing_time DOUBLE, backend_processing_time DOUBLE, response_processing_time DOUBLE, elb_status_code BIGINT, backend_status_code BIGINT, received_bytes BIGINT, sent_bytes BIGINT,
		request VARCHAR, user_agent VARCHAR, ssl_cipher VARCHAR, ssl_protocol VARCHAR`}},
	{name: "nlb", usual: byPattern(nlbPattern), duck: duck{reader: "read_csv", options: spaces, columns: `type VARCHAR, version VARCHAR, time TIMESTAMP, elb VARCHAR, listener VARCHAR, client VARCHAR, destination VARCHAR,
		connection_time BIGINT, tls_handshake_time BIGINT, received_bytes BIGINT, sent_bytes BIGINT, incoming_tls_alert VARCHAR, chosen_cert_arn VARCHAR, chosen_cert_serial VARCHAR, tls_cipher VARCHAR,
		tls_protocol_version VARCHAR, tls_named_group VARCHAR, domain_name VARCHAR, alpn_fe_protocol VARCHAR, alpn_be_protocol VARCHAR, alpn_client_preference_list VARCHAR, tls_connection_creation_time TIMESTAMP`}},
	{name: "alb_connection", usual: byPattern(connectionPattern), duck: duck{reader: "read_csv", options: spaces, columns: `time TIMESTAMP, client_ip VARCHAR, client_port BIGINT, listener_port BIGINT, tls_protocol VARCHAR,
		tls_cipher VARCHAR, tls_handshake_latency DOUBLE, leaf_client_cert_subject VARCHAR, leaf_client_cert_validity VARCHAR, leaf_client_cert_serial_number VARCHAR, tls_verify_status VARCHAR, conn_trace_id VARCHAR`}},
	{name: "alb_healthcheck", usual: byPattern(healthPattern), duck: duck{reader: "read_csv", options: spaces, columns: `type VARCHAR, time TIMESTAMP, latency DOUBLE, target_addr VARCHAR, target_group_id VARCHAR, status VARCHAR,
		status_code VARCHAR, reason_code VARCHAR`}},
	{name: "s3access", usual: byPattern(s3Pattern), duck: duck{reader: "read_csv", options: spaces, columns: `bucket_owner VARCHAR, bucket VARCHAR, time VARCHAR, zone VARCHAR, remote_ip VARCHAR, requester VARCHAR, request_id VARCHAR,
		operation VARCHAR, key VARCHAR, request_uri VARCHAR, http_status BIGINT, error_code VARCHAR, bytes_sent BIGINT, object_size BIGINT, total_time BIGINT, turn_around_time BIGINT, referer VARCHAR, user_agent VARCHAR,
		version_id VARCHAR, host_id VARCHAR, signature_version VARCHAR, cipher_suite VARCHAR, auth_type VARCHAR, host_header VARCHAR, tls_version VARCHAR, access_point_arn VARCHAR, acl_required VARCHAR, source_region VARCHAR`}},
	{name: "vpcflow", usual: byCSV(' ', vpcFields), duck: duck{reader: "read_csv", options: `delim=' ', quote='', escape='', nullstr='-', header=true`, columns: `version BIGINT, account_id VARCHAR, interface_id VARCHAR, srcaddr VARCHAR,
		dstaddr VARCHAR, srcport BIGINT, dstport BIGINT, protocol BIGINT, packets BIGINT, bytes BIGINT, start BIGINT, "end" BIGINT, action VARCHAR, log_status VARCHAR`}},
	{name: "cloudfront", usual: byCSV('\t', cloudFrontFields), duck: duck{reader: "read_csv", options: `delim='\t', quote='', escape='', nullstr='-', header=false, skip=2`, columns: cloudFrontDuck}},
	{name: "csv", usual: byCSV(',', csvFields), columns: csvSchema, duck: duck{reader: "read_csv", options: `delim=',', quote='"', escape='"', nullstr='-', header=false`, columns: `time TIMESTAMP, elb VARCHAR, client VARCHAR, backend VARCHAR,
		request_processing_time DOUBLE, backend_processing_time DOUBLE, response_processing_time DOUBLE, elb_status_code BIGINT, backend_status_code BIGINT, received_bytes BIGINT, sent_bytes BIGINT,
		request VARCHAR, user_agent VARCHAR, ssl_cipher VARCHAR, ssl_protocol VARCHAR`}},
	{name: "tsv", usual: byCSV('\t', tsvFields), columns: tsvSchema, duck: duck{reader: "read_csv", options: `delim='\t', quote='', escape='', nullstr='-', header=false`, columns: tsvDuck}},
	{name: "ndjson", usual: byJSON(""), columns: ndjsonSchema, duck: duck{reader: "read_json", options: `format='newline_delimited'`, columns: `"time" TIMESTAMP, level VARCHAR, message VARCHAR, duration DOUBLE, status BIGINT,
		"user" STRUCT(id BIGINT, name VARCHAR), tags VARCHAR[], context JSON, pid BIGINT`}},
	{name: "cloudtrail", usual: byJSON("Records")},
	{name: "waf", usual: byJSON(""), duck: duck{reader: "read_json", options: `format='newline_delimited'`, columns: `"timestamp" BIGINT, formatVersion BIGINT, webaclId VARCHAR, terminatingRuleId VARCHAR, terminatingRuleType VARCHAR, action VARCHAR,
		terminatingRuleMatchDetails JSON, httpSourceName VARCHAR, httpSourceId VARCHAR, ruleGroupList JSON, rateBasedRuleList JSON, nonTerminatingMatchingRules JSON, requestHeadersInserted JSON, responseCodeSent BIGINT,
		httpRequest STRUCT(clientIp VARCHAR, country VARCHAR, headers STRUCT(name VARCHAR, value VARCHAR)[], uri VARCHAR, args VARCHAR, httpVersion VARCHAR, httpMethod VARCHAR, requestId VARCHAR)`}},
	{name: "route53resolver", usual: byJSON(""), duck: duck{reader: "read_json", options: `format='newline_delimited'`, columns: `srcaddr VARCHAR, vpc_id VARCHAR, answers STRUCT(Rdata VARCHAR, "Type" VARCHAR, Class VARCHAR)[], firewall_rule_group_id VARCHAR,
		firewall_rule_action VARCHAR, query_name VARCHAR, firewall_domain_list_id VARCHAR, query_class VARCHAR, srcids STRUCT(instance VARCHAR), rcode VARCHAR, query_type VARCHAR, transport VARCHAR, version VARCHAR, account_id VARCHAR,
		srcport VARCHAR, query_timestamp TIMESTAMP, region VARCHAR`}},
	{name: "cloudwatch", usual: byJSON("logEvents"), duck: duck{reader: "read_json", options: `format='newline_delimited'`, from: "(SELECT messageType, owner, logGroup, logStream, subscriptionFilters, unnest(logEvents) AS event FROM %s)",
		columns: `messageType VARCHAR, owner VARCHAR, logGroup VARCHAR, logStream VARCHAR, subscriptionFilters VARCHAR[], logEvents STRUCT(id VARCHAR, "timestamp" BIGINT, message VARCHAR)[]`}},
	{name: "firelens", usual: byJSON(""), duck: duck{reader: "read_json", options: `format='newline_delimited'`, columns: `source VARCHAR, log VARCHAR, container_id VARCHAR, container_name VARCHAR, ecs_cluster VARCHAR, ecs_task_arn VARCHAR,
		ecs_task_definition VARCHAR, ec2_instance_id VARCHAR`}},
}
