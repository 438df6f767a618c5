package rest

import "strings"

// route is one method of the API.
type route struct {
	id     string // resource.method
	verb   string
	path   string // as http.ServeMux writes it
	params string // names of query parameters
	handle handler
}

// routes lists what is served, as
// https://cloud.google.com/bigquery/docs/reference/rest names it.
func (s *server) routes() []route {
	const (
		project = "projects/{projectId}"
		dataset = project + "/datasets/{datasetId}"
		table   = dataset + "/tables/{tableId}"
		page    = "maxResults pageToken "
		rows    = page + "startIndex formatOptions.useInt64Timestamp formatOptions.timestampOutputFormat "
	)
	return []route{
		{"projects.list", "GET", "projects", page, s.listProjects},
		{"projects.getServiceAccount", "GET", project + "/serviceAccount", "", s.serviceAccount},

		{"datasets.list", "GET", project + "/datasets", page + "all filter", s.listDatasets},
		{"datasets.insert", "POST", project + "/datasets", "accessPolicyVersion", s.insertDataset},
		{"datasets.get", "GET", dataset, "accessPolicyVersion datasetView", s.getDataset},
		{"datasets.patch", "PATCH", dataset, "accessPolicyVersion updateMode", s.patchDataset},
		{"datasets.update", "PUT", dataset, "accessPolicyVersion updateMode", s.patchDataset},
		{"datasets.delete", "DELETE", dataset, "deleteContents", s.deleteDataset},

		{"tables.list", "GET", dataset + "/tables", page, s.listTables},
		{"tables.insert", "POST", dataset + "/tables", "", s.insertTable},
		{"tables.get", "GET", table, "selectedFields view", s.getTable},
		{"tables.patch", "PATCH", table, "autodetect_schema", s.patchTable},
		{"tables.update", "PUT", table, "autodetect_schema", s.patchTable},
		{"tables.delete", "DELETE", table, "", s.deleteTable},

		{"rowAccessPolicies.list", "GET", table + "/rowAccessPolicies", "pageToken pageSize", s.listRowPolicies},

		{"tabledata.list", "GET", table + "/data", rows + "selectedFields", s.listRows},
		{"tabledata.insertAll", "POST", table + "/insertAll", "", refuseInsertAll},

		{"jobs.insert", "POST", project + "/jobs", "", s.insertJob},
		{"jobs.list", "GET", project + "/jobs", page + "allUsers maxCreationTime minCreationTime parentJobId projection stateFilter", s.listJobs},
		{"jobs.get", "GET", project + "/jobs/{jobId}", "location", s.getJob},
		{"jobs.cancel", "POST", project + "/jobs/{jobId}/cancel", "location", s.cancelJob},
		{"jobs.query", "POST", project + "/queries", "", s.query},
		{"jobs.getQueryResults", "GET", project + "/queries/{jobId}", rows + "location timeoutMs", s.queryResults},
	}
}

// resource and method are the two halves of the id.
func (rt route) names() (resource, method string) {
	resource, method, _ = strings.Cut(rt.id, ".")
	return resource, method
}
