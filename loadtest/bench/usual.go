package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/row"
)

// The patterns are those that AWS's pages on Athena have for these logs, with names; fields that only some
// lines have are optional.
const (
	albPattern = `^(?P<type>\S+) (?P<time>\S+) (?P<elb>\S+) (?P<client_ip>\S+):(?P<client_port>\d+) (?:(?P<target_ip>\S+):(?P<target_port>\d+)|-) ` +
		`(?P<request_processing_time>[-.\d]+) (?P<target_processing_time>[-.\d]+) (?P<response_processing_time>[-.\d]+) (?P<elb_status_code>\S+) (?P<target_status_code>\S+) ` +
		`(?P<received_bytes>\d+) (?P<sent_bytes>\d+) "(?P<request>(?P<request_method>[^ ]*) (?P<request_url>[^"]*) (?P<request_protocol>[^ "]*))" "(?P<user_agent>[^"]*)" (?P<ssl_cipher>\S+) (?P<ssl_protocol>\S+) ` +
		`(?P<target_group_arn>\S+) "(?P<trace_id>[^"]*)" "(?P<domain_name>[^"]*)" "(?P<chosen_cert_arn>[^"]*)" (?P<matched_rule_priority>\S+) (?P<request_creation_time>\S+) "(?P<actions_executed>[^"]*)" ` +
		`"(?P<redirect_url>[^"]*)" "(?P<error_reason>[^"]*)" "?(?P<target_port_list>[^ "]*)"? "?(?P<target_status_code_list>[^ "]*)"? "(?P<classification>[^"]*)" "(?P<classification_reason>[^"]*)"(?: (?P<conn_trace_id>\S+))?.*$`
	elbPattern = `^(?P<time>\S+) (?P<elb>\S+) (?P<client_ip>\S+):(?P<client_port>\d+) (?:(?P<backend_ip>\S+):(?P<backend_port>\d+)|-) ` +
		`(?P<request_processing_time>[-.\d]+) (?P<backend_processing_time>[-.\d]+) (?P<response_processing_time>[-.\d]+) (?P<elb_status_code>\S+) (?P<backend_status_code>\S+) ` +
		`(?P<received_bytes>[-\d]+) (?P<sent_bytes>[-\d]+) "(?P<request>(?P<request_method>[^ ]*) (?P<request_url>[^"]*) (?P<request_protocol>[^ "]*))"(?: "(?P<user_agent>[^"]*)" (?P<ssl_cipher>\S+) (?P<ssl_protocol>\S+))?$`
	nlbPattern = `^(?P<type>\S+) (?P<version>\S+) (?P<time>\S+) (?P<elb>\S+) (?P<listener>\S+) (?P<client_ip>\S+):(?P<client_port>\d+) (?P<destination_ip>\S+):(?P<destination_port>\d+) ` +
		`(?P<connection_time>\d+) (?P<tls_handshake_time>\S+) (?P<received_bytes>\d+) (?P<sent_bytes>\d+) (?P<incoming_tls_alert>\S+) (?P<chosen_cert_arn>\S+) (?P<chosen_cert_serial>\S+) ` +
		`(?P<tls_cipher>\S+) (?P<tls_protocol_version>\S+) (?P<tls_named_group>\S+) (?P<domain_name>\S+) (?P<alpn_fe_protocol>\S+) (?P<alpn_be_protocol>\S+) (?P<alpn_client_preference_list>\S+) (?P<tls_connection_creation_time>\S+)$`
	connectionPattern = `^(?P<time>\S+) (?P<client_ip>\S+) (?P<client_port>\d+) (?P<listener_port>\d+) (?P<tls_protocol>\S+) (?P<tls_cipher>\S+) (?P<tls_handshake_latency>\S+) "(?P<leaf_client_cert_subject>[^"]*)" ` +
		`(?P<leaf_client_cert_validity>\S+) (?P<leaf_client_cert_serial_number>\S+) (?P<tls_verify_status>\S+) (?P<conn_trace_id>\S+)$`
	healthPattern = `^(?P<type>\S+) (?P<time>\S+) (?P<latency>\S+) (?P<target_addr>\S+) (?P<target_group_id>\S+) (?P<status>\S+) (?P<status_code>\S+) (?P<reason_code>\S+)$`
	s3Pattern     = `^(?P<bucket_owner>\S+) (?P<bucket>\S+) \[(?P<time>[^\]]*)\] (?P<remote_ip>\S+) (?P<requester>\S+) (?P<request_id>\S+) (?P<operation>\S+) (?P<key>\S+) (?:"(?P<request_uri>[^"]*)"|-) (?P<http_status>\S+) ` +
		`(?P<error_code>\S+) (?P<bytes_sent>\S+) (?P<object_size>\S+) (?P<total_time>\S+) (?P<turn_around_time>\S+) (?:"(?P<referer>[^"]*)"|-) (?:"(?P<user_agent>[^"]*)"|-) (?P<version_id>\S+) (?P<host_id>\S+) ` +
		`(?P<signature_version>\S+) (?P<cipher_suite>\S+) (?P<auth_type>\S+) (?P<host_header>\S+) (?P<tls_version>\S+)(?: (?P<access_point_arn>\S+))?(?: (?P<acl_required>\S+))?(?: (?P<source_region>\S+))?$`
)

type usual = func(r io.Reader, columns row.Schema, emit func(map[string]any) error) error

// byPattern reads lines by a regular expression whose groups have the columns' names.
func byPattern(pattern string) usual {
	return func(r io.Reader, columns row.Schema, emit func(map[string]any) error) error {
		re := regexp.MustCompile(pattern)
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			groups := re.FindStringSubmatch(lines.Text())
			if groups == nil {
				return fmt.Errorf("%w: %s", errRecord, lines.Text())
			}
			record := make(map[string]any, len(groups))
			for i, name := range re.SubexpNames() {
				if err := set(record, columns, name, groups[i]); err != nil {
					return err
				}
			}
			if err := emit(record); err != nil {
				return err
			}
		}
		return lines.Err()
	}
}

// byCSV reads delimited fields with encoding/csv.
func byCSV(comma rune, fields []string) usual {
	return func(r io.Reader, columns row.Schema, emit func(map[string]any) error) error {
		in := csv.NewReader(r)
		in.Comma, in.Comment, in.LazyQuotes, in.ReuseRecord, in.FieldsPerRecord = comma, '#', comma != ',', true, -1
		for {
			cells, err := in.Read()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if cells[0] == "version" { // a header
				continue
			}
			record := make(map[string]any, len(cells))
			for i, cell := range cells {
				if err := set(record, columns, fields[i], cell); err != nil {
					return err
				}
			}
			if err := emit(record); err != nil {
				return err
			}
		}
	}
}

// byJSON reads JSON objects with encoding/json; those of the array called within, if that is not empty.
func byJSON(within string) usual {
	return func(r io.Reader, columns row.Schema, emit func(map[string]any) error) error {
		dec := json.NewDecoder(r)
		emitOne := func(object map[string]any) error {
			record, err := members(columns, object)
			if err != nil {
				return err
			}
			return emit(record)
		}
		if within == "Records" { // one object around all
			for range 3 {
				if _, err := dec.Token(); err != nil {
					return err
				}
			}
		}
		for dec.More() {
			var object map[string]any
			if err := dec.Decode(&object); err != nil {
				return err
			}
			events, nested := object[within].([]any)
			if !nested {
				if err := emitOne(object); err != nil {
					return err
				}
				continue
			}
			for _, e := range events {
				event, _ := e.(map[string]any)
				event["logGroup"], event["logStream"], event["owner"] = object["logGroup"], object["logStream"], object["owner"]
				if err := emitOne(event); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// set sets the column called name, if there is one, to what text stands for.
func set(record map[string]any, columns row.Schema, name, text string) error {
	i := columns.Index(name)
	if i < 0 || text == "-" || text == "" {
		return nil
	}
	v, err := value(&columns[i], text)
	if err != nil {
		return fmt.Errorf("column %s: %w", name, err)
	}
	record[name] = v
	return nil
}

func value(c *row.Column, text string) (any, error) {
	if c.Mode == row.Repeated {
		element := *c
		element.Mode = row.Nullable
		var all []any
		for item := range strings.SplitSeq(text, " ") {
			v, err := value(&element, item)
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
		return all, nil
	}
	switch c.Type {
	case row.Int64:
		return strconv.ParseInt(text, 10, 64)
	case row.Float64:
		return strconv.ParseFloat(text, 64)
	case row.Timestamp:
		return micros(text)
	case row.Date:
		t, err := time.Parse(time.DateOnly, text)
		return t.Unix() / (24 * 60 * 60), err
	case row.Time:
		t, err := time.Parse(time.TimeOnly, text)
		return int64(t.Hour()*3600+t.Minute()*60+t.Second()) * 1e6, err
	default:
		return text, nil
	}
}

// micros reads a time in any of the forms that the logs have.
func micros(text string) (int64, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return seconds * 1e6, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "02/Jan/2006:15:04:05 -0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UnixMicro(), nil
		}
	}
	return 0, fmt.Errorf("%q is no time", text)
}

// members returns an object's members as the columns have them; those without a column are left out.
func members(columns row.Schema, object map[string]any) (map[string]any, error) {
	record := make(map[string]any, len(object))
	for name, v := range object {
		i := columns.Index(columnOf(name))
		if i < 0 && name == "timestamp" {
			i = columns.Index("event_time")
		}
		if i < 0 || v == nil {
			continue
		}
		converted, err := member(&columns[i], v)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", columns[i].Name, err)
		}
		record[columns[i].Name] = converted
	}
	return record, nil
}

func member(c *row.Column, v any) (any, error) {
	if list, isList := v.([]any); isList && c.Mode == row.Repeated {
		element := *c
		element.Mode = row.Nullable
		all := make([]any, len(list))
		for i := range list {
			var err error
			if all[i], err = member(&element, list[i]); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	switch x := v.(type) {
	case map[string]any:
		if c.Type == row.Struct {
			return members(c.Fields, x)
		}
	case float64:
		switch c.Type {
		case row.Timestamp:
			return int64(x) * 1000, nil
		case row.String:
			return fmt.Sprint(x), nil
		}
	case string:
		if c.Type != row.JSON {
			return value(c, x)
		}
	}
	if c.Type == row.JSON {
		text, err := json.Marshal(v)
		return string(text), err
	}
	return v, nil
}

// columnOf returns the column of a member.
func columnOf(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			if i > 0 && (name[i-1] < 'A' || name[i-1] > 'Z') {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}
