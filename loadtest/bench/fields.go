package main

import "strings"

// The fields of delimited files, in order.
var (
	vpcFields = strings.Fields("version account_id interface_id srcaddr dstaddr srcport dstport protocol packets bytes start end action log_status")
	csvFields = strings.Fields(`time elb client backend request_processing_time backend_processing_time response_processing_time
		elb_status_code backend_status_code received_bytes sent_bytes request user_agent ssl_cipher ssl_protocol`)
	cloudFrontFields = strings.Fields(`date time x_edge_location sc_bytes c_ip cs_method cs_host cs_uri_stem sc_status cs_referer cs_user_agent cs_uri_query cs_cookie
		x_edge_result_type x_edge_request_id x_host_header cs_protocol cs_bytes time_taken x_forwarded_for ssl_protocol ssl_cipher x_edge_response_result_type cs_protocol_version
		fle_status fle_encrypted_fields c_port time_to_first_byte x_edge_detailed_result_type sc_content_type sc_content_len sc_range_start sc_range_end`)
	tsvFields = cloudFrontFields[1:] // date and time are one
)

var (
	csvSchema = schemaOf(csvFields, csvTypes)
	tsvSchema = schemaOf(tsvFields, cloudFrontTypes)

	cloudFrontDuck = duckColumns(cloudFrontFields, map[string]string{"date": "DATE", "time": "TIME"})
	tsvDuck        = duckColumns(tsvFields, map[string]string{"time": "TIMESTAMP"})
)

var csvTypes = map[string]string{
	"time": "TIMESTAMP", "request_processing_time": "FLOAT64", "backend_processing_time": "FLOAT64", "response_processing_time": "FLOAT64",
	"elb_status_code": "INT64", "backend_status_code": "STRING", "received_bytes": "INT64", "sent_bytes": "INT64",
}

var cloudFrontTypes = map[string]string{
	"time": "TIMESTAMP", "sc_bytes": "INT64", "sc_status": "INT64", "cs_bytes": "INT64", "time_taken": "FLOAT64", "time_to_first_byte": "FLOAT64", "c_port": "INT64",
}

const ndjsonSchema = `[{"name": "time", "type": "TIMESTAMP"}, {"name": "level", "type": "STRING"}, {"name": "message", "type": "STRING"}, {"name": "duration", "type": "FLOAT64"},
	{"name": "status", "type": "INT64"}, {"name": "user", "type": "STRUCT", "fields": [{"name": "id", "type": "INT64"}, {"name": "name", "type": "STRING"}]},
	{"name": "tags", "type": "STRING", "mode": "REPEATED"}, {"name": "context", "type": "JSON"}]`

// schemaOf returns a schema file of the fields, STRING but for those with a type.
func schemaOf(fields []string, types map[string]string) string {
	var columns []string
	for _, name := range fields {
		t := types[name]
		if t == "" {
			t = "STRING"
		}
		columns = append(columns, `{"name": "`+name+`", "type": "`+t+`"}`)
	}
	return "[" + strings.Join(columns, ", ") + "]"
}

// duckColumns returns the same for DuckDB.
func duckColumns(fields []string, own map[string]string) string {
	types := map[string]string{"INT64": "BIGINT", "FLOAT64": "DOUBLE", "": "VARCHAR"}
	var columns []string
	for _, name := range fields {
		t := own[name]
		if t == "" {
			t = types[cloudFrontTypes[name]]
		}
		columns = append(columns, name+" "+t)
	}
	return strings.Join(columns, ", ")
}
