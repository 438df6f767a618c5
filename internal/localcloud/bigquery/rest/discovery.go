package rest

import (
	"maps"
	"net/http"
	"regexp"
	"strings"
)

// document is a discovery document: https://developers.google.com/discovery/v1/reference/apis.
type document map[string]any

var pathNames = regexp.MustCompile(`\{(\w+)\}`)

// discovery describes routes, each as a method with its parameters; bodies are any JSON object.
func discovery(routes []route) document {
	resources := map[string]any{}
	for _, rt := range routes {
		resource, method := rt.names()
		r, ok := resources[resource].(map[string]any)
		if !ok {
			r = map[string]any{"methods": map[string]any{}}
			resources[resource] = r
		}
		r["methods"].(map[string]any)[method] = rt.describe()
	}
	return document{
		"kind": "discovery#restDescription", "discoveryVersion": "v1", "protocol": "rest",
		"id": "bigquery:v2", "name": "bigquery", "version": "v2", "title": "BigQuery API",
		"description": "The part of the BigQuery API that the local BigQuery serves.",
		"servicePath": "bigquery/v2/", "basePath": "/bigquery/v2/", "batchPath": "batch/bigquery/v2",
		"parameters": queryParameters("alt fields key prettyPrint quotaUser"),
		"schemas":    map[string]any{"Body": map[string]any{"id": "Body", "type": "object", "additionalProperties": map[string]any{"type": "any"}}},
		"resources":  resources,
	}
}

// at returns the document with the root that the client reached it by.
func (d document) at(r *http.Request) document {
	root := "http://" + r.Host + "/"
	c := maps.Clone(d)
	c["rootUrl"], c["baseUrl"] = root, root+"bigquery/v2/"
	return c
}

func (rt route) describe() map[string]any {
	params := queryParameters(rt.params)
	order := []string{}
	for _, m := range pathNames.FindAllStringSubmatch(rt.path, -1) {
		order = append(order, m[1])
		params[m[1]] = map[string]any{"type": "string", "location": "path", "required": true}
	}
	body := map[string]any{"$ref": "Body"}
	m := map[string]any{
		"id": "bigquery." + rt.id, "httpMethod": rt.verb, "parameters": params, "parameterOrder": order, "response": body,
		"path": pathNames.ReplaceAllString(rt.path, "{+$1}"), "flatPath": rt.path,
	}
	if rt.verb == "POST" || rt.verb == "PUT" || rt.verb == "PATCH" {
		m["request"] = body
	}
	if rt.id == "jobs.insert" { // bq names media_body in every call of it, and uploads nothing for a query
		at := "/upload/bigquery/v2/" + pathNames.ReplaceAllString(rt.path, "{+$1}")
		m["supportsMediaUpload"] = true
		m["mediaUpload"] = map[string]any{"accept": []string{"*/*"}, "protocols": map[string]any{
			"simple":    map[string]any{"multipart": true, "path": at},
			"resumable": map[string]any{"multipart": true, "path": at},
		}}
	}
	return m
}

// booleans are the parameters that clients write as true or false.
const booleans = " all allUsers deleteContents formatOptions.useInt64Timestamp prettyPrint autodetect_schema "

// queryParameters describes query parameters. Numbers are described as strings, which lets them
// pass as they are.
func queryParameters(names string) map[string]any {
	params := map[string]any{}
	for _, name := range strings.Fields(names) {
		p := map[string]any{"type": "string", "location": "query"}
		if strings.Contains(booleans, " "+name+" ") {
			p["type"] = "boolean"
		}
		if name == "stateFilter" {
			p["repeated"] = true
		}
		params[name] = p
	}
	return params
}
